"""withdraw: nothing of a case is left but its audit row, whatever ends the purge; it comes back only when restored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from features.core.case import Scan
from features.core.errors import RadweaveError, StoreError
from features.core.recipe import Recipe
from features.core.store import Store
from features.core.table import read_table, write_table
from features.results import withdraw as module
from features.results.extract import extract_address
from features.results.manifest import Mart, newest, refresh_numbers
from features.results.publish import Published
from features.results.verify import verify
from features.results.withdraw import finish_withdrawals, read_audit, restore, withdraw, withdrawn_cases

pytestmark = pytest.mark.slow

MakeScan = Callable[..., Scan]
MakeRecipe = Callable[..., Recipe]
Refresh = Callable[..., Published]


@pytest.fixture
def full(store: Store, make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh) -> Store:
    """Two refreshes, the second with p2 and a follow-up of p1, and a study."""
    scans = [make_scan("p1", 50), make_scan("p2", 60), make_scan("p1", 55, timepoint="week4")]
    refresh(scans[:1], make_recipe())
    refresh(scans, make_recipe())
    run = store.study("response", "0" * 64)
    for name in ("design", "predictions", "scores"):
        table = pa.table({"case": ["demo:p1:baseline", "demo:p2:baseline"], "x": [1.0, 2.0]})
        write_table(run / f"{name}.parquet", table if name != "scores" else table.drop(["case"]), {"study": "response"})
    copies = pa.table({"copies": [1, 1], "case": ["demo:p1", "demo:p2"]})  # a row per patient
    write_table(run / "copies.parquet", copies, {"study": "response"})
    (run / "study.json").write_text("{}")
    (run / "report.html").write_text("<td>demo:p1:baseline</td>")
    return store


def everything(store: Store) -> str:
    """All that the store says in words, audit apart."""
    said = []
    words = (path for path in store.root.rglob("*") if path.is_file() and "thumbnail" not in path.parts)
    for path in sorted(path for path in words if path != store.withdrawals):
        said.append(str(read_table(path).to_pydict()) if path.suffix == ".parquet" else path.read_text())
    return "\n".join(said)


def test_a_patient_leaves_every_table_result_and_study(
    full: Store, make_recipe: MakeRecipe, make_scan: MakeScan
) -> None:
    assert "p1" in everything(full)
    found = withdraw(full, "demo:p1", "consent")
    assert "p1" not in everything(full)
    assert "p2" in everything(full)
    assert found.studies == ("response/0000000000000000",)
    assert found.results == 6  # two scans: a check, a thumbnail, features
    (entry,) = read_audit(full)
    assert (entry.case, entry.action, entry.reason, entry.done) == ("demo:p1", "withdrawn", "consent", True)
    state = newest(full).cohorts["demo"]
    assert (state.scans, state.used, state.withdrawn) == (3, 1, 2)
    assert refresh_numbers(full) == [1, 2]
    assert Mart.open(full, 1).read("region", "demo").num_rows == 0
    assert verify(full).faults == ()
    study = json.loads((full.study("response", "0" * 64) / "study.json").read_text())
    assert study["withdrawn"] == 1


def test_one_case_of_a_patient_can_be_withdrawn_alone(full: Store) -> None:
    withdraw(full, "demo:p1:week4", "ineligible")
    cases = Mart.open(full).read("radiomics", "demo")["case"].to_pylist()
    assert cases == ["demo:p1:baseline", "demo:p2:baseline"]
    assert "p1" in Mart.open(full).read("clinical", "demo")["patient"].to_pylist()
    assert verify(full).faults == ()


def test_bytes_that_another_case_shares_stay(
    store: Store, make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh
) -> None:
    from dataclasses import replace

    scan = make_scan("p1", 50)
    twin = replace(scan, case=replace(scan.case, patient="p2"))
    recipe = make_recipe()
    refresh([scan, twin], recipe)
    found = withdraw(store, "demo:p1", "consent")
    assert found.results == 0
    assert store.has("radiomics", extract_address(twin, recipe, recipe.extractors[0]))


@pytest.mark.parametrize("stop", ["_filtered", "remove_file", "_purge_studies", "_replace", "remove_unneeded_tables"])
def test_a_purge_that_was_killed_is_finished_by_the_next_writer(
    full: Store, stop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*args: object, **settings: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, stop, kill)
        with pytest.raises(Killed):
            withdraw(full, "demo:p1", "consent")
    assert withdrawn_cases(full) == {"demo:p1"}
    assert any("its withdrawal was not finished" in fault for fault in verify(full).faults)
    finish_withdrawals(full)
    assert "p1" not in everything(full)
    assert verify(full).faults == ()
    assert finish_withdrawals(full) == []
    state = newest(full).cohorts["demo"]
    assert state.scans == state.used + state.withdrawn == 3


def test_restored_cases_may_enter_again(full: Store) -> None:
    withdraw(full, "demo:p1", "consent")
    with pytest.raises(RadweaveError, match="demo:p2: was not withdrawn; withdrawn are demo:p1"):
        restore(full, "demo:p2", "other")
    restore(full, "demo:p1", "consent")
    assert withdrawn_cases(full) == frozenset()
    assert [entry.action for entry in read_audit(full)] == ["withdrawn", "restored"]


@pytest.mark.parametrize(
    ("case", "message"),
    [("p1", "is no case id"), ("demo::x", "is no case id"), ("dem:p1", 'no cohort "dem"; it has demo')],
)
def test_what_is_no_case_is_refused(full: Store, case: str, message: str) -> None:
    with pytest.raises(RadweaveError, match=message):
        withdraw(full, case, "consent")
    assert read_audit(full) == []


def test_nobody_writes_meanwhile(full: Store) -> None:
    with full.writing("demo"), pytest.raises(StoreError, match="is being refreshed or cleaned"):
        withdraw(full, "demo:p1", "consent")


def test_a_damaged_audit_stops_everything(store: Store) -> None:
    Path(store.root).mkdir()
    store.withdrawals.write_text("[{]")
    with pytest.raises(StoreError, match="restore it from your backup"):
        withdrawn_cases(store)
