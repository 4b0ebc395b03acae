"""The benchmark beside other programs: every way can be read, what does not install is told, and its tables follow the results."""

from pathlib import Path

import pytest

from benchmarks.peer_cohort import FAULTS, SOUND
from benchmarks.peer_tables import BESIDE, print_costs, print_faults
from benchmarks.peer_values import READERS
from benchmarks.peers import LEAST_RATIO, WAYS, WAYS_FOLDER, Cost, Result, load, reason_of, store


def result(cpu: float, memory: float = 200.0, **more: object) -> Result:
    return Result(cases=24, features=107, cost=Cost(cpu, 2 * cpu, memory, 0), runs=1, **more)  # type: ignore[arg-type]


def test_every_way_has_what_runs_it_and_what_reads_its_table() -> None:
    measurable = {name for name, way in WAYS.items() if way.measurable}
    assert {"radweave", "pyradiomics", "mirp", "pictologics", "zrad", "qradiomics"} <= measurable
    assert measurable == READERS.keys()
    assert measurable - {"radweave", "ibsi"} == BESIDE.keys()
    assert all("==" in package for way in WAYS.values() for package in way.packages)
    scripts = {way.script for way in WAYS.values() if way.script}
    others = [path.read_text("utf-8") for path in WAYS_FOLDER.parent.glob("*.py")]
    used = {path.name for path in WAYS_FOLDER.glob("*.py") if any(path.name in source for source in others)}
    assert scripts <= used == {path.name for path in WAYS_FOLDER.glob("*.py")}


def test_costs_give_the_ratio_and_tell_what_does_not_install(capsys: pytest.CaptureFixture[str]) -> None:
    slow = result(LEAST_RATIO * 2.0 - 0.2)
    found = {
        "radweave/original": result(2.0),
        "pyradiomics/original": slow,
        "worc/original": Result(missing="no wheel"),
    }
    print_costs("original", "One thread", found)
    lines = capsys.readouterr().out.splitlines()
    assert "| `radweave extract` | 24 | 107 | 2.0 | 1.0 | 200 | 4.0 | – |" in lines
    assert any(line.startswith("| pyradiomics") and "| 14.9 UNMET (15) |" in line for line in lines)
    assert "| WORC 3.7.0 | no wheel |||||||" in lines


def test_faulty_cases_without_a_row_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = {SOUND[0]: "107 numbers", "empty_mask": "empty_mask"}
    print_faults({"radweave/faults": result(1.0, outcomes=outcomes), "mirp/original": result(1.0)})
    lines = capsys.readouterr().out.splitlines()
    assert f"| {FAULTS['empty_mask']} | empty_mask |" in lines
    assert f"| {FAULTS['nan_in_roi']} | no row |" in lines


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = {"radweave/original": result(2.0, first=Cost(26.0, 30.0, 320.0, 0)), "worc/original": Result(missing="no")}
    store(tmp_path, found)
    assert load(tmp_path) == found


def test_the_reason_of_pip_is_the_error_not_the_failed_process() -> None:
    said = "  ModuleNotFoundError: No module named 'numpy'\n\nerror: subprocess-exited-with-error\n"
    assert reason_of(said) == "ModuleNotFoundError: No module named 'numpy'"
    assert reason_of("ERROR: No matching distribution found for mirp==9\n").endswith("mirp==9")
    assert reason_of("warning\n") == "pip failed"
