"""withdraw: nothing of a case is left but its audit row, whatever ends the purge; it comes back only when restored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping

import pyarrow as pa
import pytest

from features.core.case import Scan
from features.core.errors import RadweaveError, StoreError
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.storage.store import FIT, SAMPLES, TRAINING, Store
from features.core.storage.table import read_table, write_table
from features.results import manifest as manifest_module
from features.results import withdraw as module
from features.results.audit import unpurged_in
from features.results.fits import COHORTS
from features.results.manifest import LAYOUT, Mart, manifest_at, newest, read_audit, refresh_numbers, rewrite
from features.results.published import Published
from features.results.unneeded import remove_unneeded
from features.results.verify import verify
from features.results.withdraw import (
    finish_withdrawals,
    restart_audit,
    restore,
    withdraw,
    withdrawn_cases,
    writing_study,
)
from features.results.work import features_of

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


def keep_fit(store: Store, digest: str, *cohorts: str) -> None:
    table = pa.table({"part": ["risk"], "name": [""], "value": [0.5]})
    write_table(store.work(FIT, digest), table, {"address": f"{FIT}/{digest}", COHORTS: json.dumps(cohorts)})


def test_fits_of_the_cohort_are_removed_whomever_they_were_made_of(full: Store) -> None:
    """They hold no id: predictions by their place in a fold. Those that are damaged cannot tell, and go too."""
    for digest, cohorts in (("1" * 64, ["demo"]), ("2" * 64, ["other", "demo"]), ("3" * 64, ["other"]), ("4" * 64, [])):
        keep_fit(full, digest, *cohorts)
    full.work(FIT, "4" * 64).write_bytes(b"PAR1")
    write_table(full.work(TRAINING, "5" * 64), pa.table({"data": [b"weights"]}), {"address": f"{TRAINING}/{'5' * 64}"})
    assert withdraw(full, "demo:p1", "consent").fits == 3
    assert (
        full.results()[FIT] == {"3" * 64} and TRAINING not in full.results()
    )  # networks that its images may have taught


def everything(store: Store) -> str:
    """All that the store says in words, the audit and what refreshes remember of it apart."""
    said = []
    words = (path for path in store.root.rglob("*") if path.is_file() and "thumbnail" not in path.parts)
    for path in sorted(path for path in words if path != store.withdrawals):
        if path.parent.name == "refreshes":
            said.append(str({**json.loads(path.read_bytes()), "audit": None}))
        else:
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
    first, second = read_audit(full)
    assert (first.case, first.action, first.reason) == ("demo:p1", "withdrawn", "consent")
    assert (second.case, second.action) == ("demo:p1", "purged")
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


def test_what_networks_were_shown_of_a_patient_leaves_too(
    store: Store, make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh, kinds: Mapping[str, type[Extractor]]
) -> None:
    scans, recipe = [make_scan("p1", 50), make_scan("p2", 60)], make_recipe(kinds["batched"](kind="batched"))
    refresh(scans, recipe)
    shown = [features_of(scan, recipe, recipe.extractors[0]).samples[0].address for scan in scans]
    assert store.results()[SAMPLES] == {*shown}
    withdraw(store, "demo:p1", "consent")
    assert store.results()[SAMPLES] == {shown[1]}


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
    assert store.has("radiomics", features_of(twin, recipe, recipe.extractors[0]).address)


@pytest.mark.parametrize(
    "stop", ["rewrite", "_purge", "_filtered", "remove_file", "_purge_studies", "_replace", "remove_unneeded_tables"]
)
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
    assert unpurged_in(read_audit(full)) == ["demo:p1"]
    assert any("its withdrawal was not finished" in fault for fault in verify(full).faults)
    finish_withdrawals(full)
    assert "p1" not in everything(full)
    assert verify(full).faults == ()
    assert finish_withdrawals(full) == []
    state = newest(full).cohorts["demo"]
    assert state.scans == state.used + state.withdrawn == 3


def test_restored_cases_may_enter_again(full: Store) -> None:
    withdraw(full, "demo:p1", "consent")
    with pytest.raises(RadweaveError, match="was not withdrawn, and nothing was changed; withdrawn are demo:p1"):
        restore(full, "demo:p2", "other")
    restore(full, "demo:p1", "consent")
    assert withdrawn_cases(full) == frozenset()
    assert [entry.action for entry in read_audit(full)] == ["withdrawn", "purged", "restored"]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("p1", "is no case id"),
        ("demo::x", "is no case id"),
        ("dem:p1", 'no cohort "dem"; it has demo. Did you mean "demo"'),
        ("demo:p3", "holds nothing of it, and nothing was changed; nearest are demo:p"),
        ("demo:p1:week5", "nearest are demo:p1:baseline, demo:p1:week4"),
        ("demo:Jane Doe", "^this case: the store holds nothing of it, and nothing was changed; none of its patients"),
        ("demo:unknown", "holds nothing of it"),
        ("demo:k3v7k3v7k3v6", "^demo:k3v7k3v7k3v6: the store holds nothing of it"),
    ],
)
def test_who_is_not_in_the_store_is_refused_and_nothing_changes(full: Store, case: str, message: str) -> None:
    page = full.quality("demo")
    page.parent.mkdir()
    page.write_text("a page")
    before = {path: path.read_bytes() for path in full.root.rglob("*") if path.is_file() and "locks" not in path.parts}
    with pytest.raises(RadweaveError, match=message) as error:
        withdraw(full, case, "consent")
    assert "Jane" not in str(error.value)
    with pytest.raises(RadweaveError, match="was not withdrawn, and nothing was changed; withdrawn are none"):
        restore(full, case, "consent")
    assert {path: path.read_bytes() for path in before} == before
    assert read_audit(full) == []


def test_who_has_not_come_yet_can_be_barred_and_nothing_is_removed(full: Store) -> None:
    full.quality("demo").parent.mkdir()
    full.quality("demo").write_text("a page")
    assert withdraw(full, "demo:k3v7k3v7k3v7", "consent", in_advance=True).rows == 0
    assert withdrawn_cases(full) == {"demo:k3v7k3v7k3v7"}
    assert full.quality("demo").is_file()
    with pytest.raises(RadweaveError, match="named by no pseudonym") as error:
        withdraw(full, "demo:Jane Doe", "consent", in_advance=True)
    assert "Jane" not in str(error.value)
    restore(full, "demo:k3v7k3v7k3v7", "other")
    assert verify(full).faults == ()


def test_a_study_that_began_before_a_withdrawal_keeps_nothing(full: Store) -> None:
    before = withdrawn_cases(full)
    with writing_study(full, ["demo"], before), pytest.raises(StoreError, match="is being refreshed or cleaned"):
        withdraw(full, "demo:p1", "consent")
    withdraw(full, "demo:p1", "consent")
    late = pytest.raises(StoreError, match="was withdrawn while the study ran; run the study again")
    with late, writing_study(full, ["demo"], before):
        raise AssertionError
    with writing_study(full, ["other"], before), writing_study(full, ["demo"], withdrawn_cases(full)):
        pass


def test_verify_finds_withdrawn_patients_wherever_they_stand(full: Store) -> None:
    withdraw(full, "demo:p1", "consent")
    run = full.study("response", "1" * 64)
    write_table(run / "folds.parquet", pa.table({"case": ["demo:p1:week4"]}), {})
    (run / "report.html").write_text("<td>p1</td>")
    found = verify(full).faults
    for name in ("folds.parquet", "report.html"):
        assert (
            f"studies/response/1111111111111111/{name}: holds demo:p1, which was withdrawn; withdraw it again" in found
        )
    withdraw(full, "demo:p1", "consent")
    assert verify(full).faults == ()


def test_nobody_writes_meanwhile(full: Store) -> None:
    with full.writing("demo"), pytest.raises(StoreError, match="is being refreshed or cleaned"):
        withdraw(full, "demo:p1", "consent")


def flip(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def test_an_audit_that_is_not_the_remembered_one_stops_everything(full: Store) -> None:
    withdraw(full, "demo:p1:week4", "ineligible")
    withdraw(full, "demo:p1", "consent")
    whole = full.withdrawals.read_bytes()
    rows = json.loads(whole)
    bare = [{name: value for name, value in row.items() if name != "digest"} for row in rows]
    wrong = [json.dumps(found, indent=1, sort_keys=True).encode() + b"\n" for found in ([], rows[:2], rows[2:], bare)]
    wrong += [flip(whole, at, at % 8) for at in range(0, len(whole), 7)] + [b"", whole[:-1], whole + b" ", b"[{]"]
    for data in wrong:
        full.withdrawals.write_bytes(data)
        for use in (newest, withdrawn_cases, Mart.open, lambda store: withdraw(store, "demo:p2", "consent")):
            with pytest.raises(
                StoreError, match=r"withdrawals\.json: the audit of withdrawals .*restored from your backup"
            ):
                use(full)
    assert any("withdrawals.json: the audit" in fault for fault in verify(full).faults)
    full.withdrawals.unlink()
    with pytest.raises(StoreError, match="holds 0 rows, the newest refresh remembers 4"):
        restore(full, "demo:p1", "consent")
    assert any("withdrawals.json: the audit" in fault for fault in verify(full).faults)
    full.withdrawals.write_bytes(whole)
    assert verify(full).faults == ()


def named(unread: Iterable[str]) -> list[str]:
    return sorted(one.split(": ")[0].rsplit("/", 1)[-1] for one in unread)


def test_damaged_studies_are_passed_over_and_named(full: Store) -> None:
    run = full.study("response", "0" * 64)
    (run / "study.json").write_text('{"files": [')
    (run / "design.parquet").write_bytes(b"PAR1")
    found = withdraw(full, "demo:p1", "consent")
    assert named(found.unread) == ["design.parquet", "study.json"]
    assert not (run / "report.html").exists()
    assert read_table(run / "copies.parquet")["case"].to_pylist() == ["demo:p2"]
    assert "demo:p1:baseline" not in Mart.open(full).read("scans", "demo")["case"].to_pylist()
    assert any(line.startswith("demo:p1: its withdrawal was not finished") for line in verify(full).faults)
    assert [named(one.unread) for one in finish_withdrawals(full)] == [["design.parquet", "study.json"]]
    shutil.rmtree(run)
    assert [one.unread for one in finish_withdrawals(full)] == [()]
    assert "p1" not in everything(full)
    assert (verify(full).faults, finish_withdrawals(full)) == ((), [])


def test_a_damaged_table_is_passed_over_and_its_results_leave_all_the_same(
    full: Store, make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh
) -> None:
    file, rows = newest(full).file("radiomics/ct", "demo"), Mart.open(full).read("radiomics", "demo").to_pylist()
    addresses = [row["means__ct__result"] for row in rows if row["patient"] == "p1"]
    assert file is not None
    (full.root / file.path).write_bytes(b"PAR1")
    assert len(addresses) == 2 and all(full.has("radiomics", address) for address in addresses)
    found = withdraw(full, "demo:p1", "consent")
    assert named(found.unread) == [file.path.rsplit("/", 1)[-1]]
    assert found.results == 6
    assert not any(full.has("radiomics", address) for address in addresses)
    refresh([make_scan("p3", 70)], make_recipe())
    assert Mart.open(full).read("radiomics", "demo")["patient"].to_pylist() == ["p3"]
    remove_unneeded(full, 1)
    assert [one.unread for one in finish_withdrawals(full)] == [()]
    assert "p1" not in everything(full)


def test_what_a_damaged_manifest_listed_leaves_too(full: Store) -> None:
    file = manifest_at(full, 1).file("scans", "demo")
    assert file is not None and file not in newest(full).files.values()
    full.refresh(1).write_bytes(b"{")
    found = withdraw(full, "demo:p1", "consent")
    assert named(found.unread) == ["000001.json"]
    assert not (full.root / file.path).exists() and not full.view(1).exists()
    full.refresh(1).unlink()
    assert [one.unread for one in finish_withdrawals(full)] == [()]
    assert "p1" not in everything(full)


def test_an_audit_without_backup_is_begun_anew_and_nobody_comes_back(full: Store) -> None:
    withdraw(full, "demo:p1:week4", "ineligible")
    withdraw(full, "demo:k3v7k3v7k3v7", "consent", in_advance=True)
    restore(full, "demo:k3v7k3v7k3v7", "other")
    withdraw(full, "demo:p1", "consent")
    whole = full.withdrawals.read_bytes()
    with pytest.raises(RadweaveError, match="is whole; nothing was changed"):
        restart_audit(full)
    barred = {"demo:p1", "demo:p1:week4"}
    for data in (flip(whole, 60, 1), whole[:100], whole[:-1], b"", None):
        full.withdrawals.unlink()
        if data is not None:
            full.withdrawals.write_bytes(data)
        found = restart_audit(full)
        assert barred <= withdrawn_cases(full) == set(found.cases)
        assert set(found.named) == set(found.cases) - barred
        assert (found.aside is None) == (not data)
        assert verify(full).faults == ()
        for case in found.named:
            restore(full, case, "other")
    assert {row.reason for row in read_audit(full) if row.action == "withdrawn"} == {"restarted"}


def test_without_refreshes_and_audit_nothing_goes_on_but_a_first_refresh_that_was_killed(
    store: Store, make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = [make_scan("p1", 50), make_scan("p2", 60)]
    with monkeypatch.context() as patch:
        patch.setattr(manifest_module, "create_bytes", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            refresh(scans, make_recipe())
    assert store.view(1).is_dir()
    assert (newest(store).refresh, verify(store).faults) == (0, ())
    with monkeypatch.context() as patch:  # killed after its commit: neither mark nor link
        patch.setattr(manifest_module, "mark_used", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            refresh(scans, make_recipe())
    assert newest(store).refresh == 1
    withdraw(store, "demo:p1", "consent")
    store.refresh(1).unlink()
    assert withdrawn_cases(store) == {"demo:p1"}  # the audit tells
    refresh(scans[1:], make_recipe())
    store.refresh(1).unlink()
    store.mart.unlink()
    for left in (b"", b"[]", None):
        store.withdrawals.unlink()
        if left is not None:
            store.withdrawals.write_bytes(left)
        with pytest.raises(StoreError, match=r"nothing tells who was withdrawn.*from a backup.*with --bar before its"):
            refresh(scans, make_recipe())
        with pytest.raises(StoreError, match="nothing tells who was withdrawn"):
            withdraw(store, "demo:p1", "consent", in_advance=True)
        with pytest.raises(StoreError, match=r"no refresh is left that tells .*nothing was changed"):
            restart_audit(store)


def test_rows_that_no_refresh_remembers_outlive_a_new_audit(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the audit had its row, before the refreshes remembered it; then the file was damaged."""
    with monkeypatch.context() as patch:
        patch.setattr(module, "rewrite", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            withdraw(full, "demo:p1", "consent")
    full.withdrawals.write_bytes(full.withdrawals.read_bytes().replace(b"consent", b"consenu"))
    assert restart_audit(full).named == ("demo:p1",)
    full.root.joinpath(next(full.root.glob("*.damaged"))).unlink()
    assert "p1" not in everything(full)


def test_a_store_that_does_not_remember_who_was_withdrawn_needs_its_backup(full: Store) -> None:
    withdraw(full, "demo:p1", "consent")
    manifest = newest(full)
    assert manifest.audit is not None
    before = manifest.audit.model_copy(update={"withdrawn": None})  # as an earlier radweave left it
    rewrite(full, manifest.model_copy(update={"audit": before}))
    assert withdrawn_cases(full) == {"demo:p1"}
    full.withdrawals.unlink()
    with pytest.raises(StoreError, match=r"does not tell who was withdrawn.*with --bar .*nothing was changed"):
        restart_audit(full)


def test_an_audit_of_an_earlier_version_is_remembered_from_the_next_change_on(
    full: Store, make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh
) -> None:
    for number in refresh_numbers(full):
        facts = json.loads(full.refresh(number).read_bytes())
        del facts["audit"], facts["key_fingerprint"], facts["radweave:seal"]
        for path in (full.refresh(number), full.view(number) / "manifest.json"):
            path.write_text(json.dumps({**facts, "layout": 2}))
    at = "2026-01-01T00:00:00+00:00"
    row = {"case": "demo:p7", "action": "withdrawn", "reason": "consent", "at": at, "done": True}
    full.withdrawals.write_text(json.dumps([row]))
    assert withdrawn_cases(full) == {"demo:p7"}
    assert verify(full).faults == ()
    assert finish_withdrawals(full) == []
    refresh([make_scan("p3", 70)], make_recipe())
    assert newest(full).layout == LAYOUT
    assert verify(full).faults == ()
    full.withdrawals.unlink()
    with pytest.raises(StoreError, match="holds 0 rows, the newest refresh remembers 1"):
        withdrawn_cases(full)
