"""Planted faults: extra patients, told in the truth, that change nothing of the sound ones."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from features.core.digest import digest_file
from features.core.quarantine import REASONS
from features.simulate.plant_faults import FAULTS
from features.simulate.simulate_cohort import simulate_cohort

pytestmark = pytest.mark.slow


def digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): digest_file(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_sound_patients_keep_their_bytes_and_equal_seeds_give_equal_faults(tmp_path: Path) -> None:
    sound, faulty, again = (
        simulate_cohort(tmp_path / name, patients_per_centre=1, seed=4, faults=name != "sound").parent
        for name in ("sound", "faulty", "again")
    )
    assert digests(faulty) == digests(again)
    before, after = digests(sound), digests(faulty)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {f"tables/{centre}_{what}" for centre in "ABC" for what in TABLES[centre]}
    for name in (name for name in changed if name.endswith("csv")):
        assert (faulty / name).read_bytes().startswith((sound / name).read_bytes())
    new = {Path(name).parts for name in after.keys() - before.keys()}
    rows = list(csv.DictReader((faulty / "truth" / "faults.csv").read_text("utf-8").splitlines()))
    patients = {row["patient"] for row in rows}
    assert all(parts == ("truth", "faults.csv") or patients & {*parts} for parts in new)
    assert [row["code"] for row in rows] == [fault.code for faults in FAULTS.values() for fault in faults]


TABLES = {
    "A": ("clinical.csv", "genes.csv"),
    "B": ("clinical.xlsx", "genes.csv"),
    "C": ("clinical.csv", "genes.csv"),
}


def test_each_fault_has_a_code_that_is_explained() -> None:
    faults = [fault for found in FAULTS.values() for fault in found]
    assert len({fault.name for fault in faults}) == len(faults)
    for fault in faults:
        assert REASONS[fault.code].means.startswith("warning: ") != fault.error
        assert fault.error or not fault.in_clinical
