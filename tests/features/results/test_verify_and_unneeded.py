"""verify finds every damage; collect keeps what manifests need and what is not yet in any."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from features.core.case import Scan
from features.core.kinds.recipe import Recipe
from features.core.storage.place import write_bytes
from features.core.storage.seal import page_bytes
from features.core.storage.store import FIT, Store
from features.core.storage.table import write_table
from features.results.manifest import Mart, manifest_bytes, newest, refresh_numbers, rewrite
from features.results.published import Published
from features.results.runs import remove_run, run_bytes
from features.results.unneeded import Removed, remove_unneeded
from features.results.verify import verify

pytestmark = pytest.mark.slow

Refresh = Callable[..., Published]


@pytest.fixture
def three(store: Store, make_scan: Callable[..., Scan], make_recipe: Callable[..., Recipe], refresh: Refresh) -> Store:
    """Three refreshes: p1, p1 with p2, p2 alone."""
    scans = [make_scan("p1", 50), make_scan("p2", 60)]
    for some in (scans[:1], scans, scans[1:]):
        refresh(some, make_recipe())
    return store


def test_a_whole_store_has_no_faults(three: Store) -> None:
    found = verify(three)
    assert (found.refreshes, found.results, found.faults, found.notes) == (3, 6, (), ())
    assert found.tables == len({file.path for n in (1, 2, 3) for file in Mart.open(three, n).manifest.files.values()})


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def test_every_flipped_bit_is_found(three: Store) -> None:
    tables = sorted((three.root / "tables").rglob("*.parquet"))
    for path in tables:
        whole = path.read_bytes()
        _flip(path)
        assert any(path.name in fault for fault in verify(three).faults), path
        path.write_bytes(whole)
    assert verify(three).faults == ()


def test_damaged_results_manifests_and_links_are_found(three: Store) -> None:
    result = min((three.root / "work").rglob("*.parquet"))
    result.write_bytes(result.read_bytes()[:-500])
    assert [result.name in fault for fault in verify(three).faults] == [True]
    result.unlink()
    assert verify(three).faults == ()
    rewrite(three, newest(three).model_copy(update={"releases": 2}))
    (missing,) = verify(three).faults
    assert missing.startswith(f"{three.releases}: holds 0 releases, the newest refresh remembers 2; restore it from")
    rewrite(three, newest(three).model_copy(update={"releases": 0}))
    report = three.study("one", "0" * 64) / "report.html"
    write_bytes(report, page_bytes("<!DOCTYPE html><html><head></head></html>"))
    (missing,) = verify(three).faults
    assert missing.startswith(f"{report.parent / 'study.json'}: is not there, though the report is")
    report.unlink()
    view = three.view(2) / "region" / "demo.parquet"
    view.unlink()
    assert ["is not the table of refresh 2" in fault for fault in verify(three).faults] == [True]
    three.mart.unlink()
    assert any("names another refresh than the newest" in fault for fault in verify(three).faults)
    three.refresh(1).write_text("{")
    assert any("000001.json: is damaged" in fault for fault in verify(three).faults)


def test_results_that_only_the_tables_hold_are_noted(three: Store) -> None:
    newest_address = Mart.open(three).read("radiomics", "demo")["means__ct__result"][0].as_py()
    path = three.work("radiomics", newest_address)
    path.unlink()
    said = f"{path}: is not there; what it said stands in the radiomics table of refresh 3"
    assert (verify(three).faults, verify(three).notes) == ((), (said,))


def test_counts_that_do_not_close_are_found(three: Store) -> None:
    state = newest(three).cohorts["demo"].model_copy(update={"used": 2})
    three.refresh(3).write_bytes(manifest_bytes(newest(three).model_copy(update={"cohorts": {"demo": state}})))
    assert any('cohort "demo": 1 scan in, 2 accounted for' in fault for fault in verify(three).faults)


def _files(store: Store) -> list[Path]:
    return sorted(path for path in store.root.rglob("*") if path.is_file() and path.parent.name != "locks")


def _age(store: Store) -> None:
    for path in (store.root / "work").rglob("*.parquet"):
        os.utime(path, (1, 1))


def test_only_what_the_kept_refreshes_need_stays(three: Store) -> None:
    _age(three)
    (three.root / "tables" / ".x.parquet.abc.tmp").write_bytes(b"left by a killed process")
    before = _files(three)
    would = remove_unneeded(three, 1, dry=True)
    assert _files(three) == before
    found = remove_unneeded(three, 1)
    assert found == would
    assert (found.refreshes, found.results, found.temporary) == ((1, 2), 3, 1)
    assert refresh_numbers(three) == [3]
    assert verify(three).faults == ()
    assert Mart.open(three).read("radiomics", "demo")["case"].to_pylist() == ["demo:p2:baseline"]
    assert len(list((three.root / "tables").rglob("*.parquet"))) == len(newest(three).files)
    assert remove_unneeded(three, 1) == Removed((), 0, 0, 0, 0)


def test_results_of_an_unfinished_refresh_stay(three: Store) -> None:
    """Whoever was killed before the commit finds what was finished."""
    _age(three)
    three.save("radiomics", "f" * 64, {"x": 1.0}, {})
    remove_unneeded(three, 1)
    assert three.has("radiomics", "f" * 64)


def test_fits_stay_while_a_run_names_them_or_no_refresh_came_after_them(three: Store) -> None:
    table = pa.table({"part": ["risk"], "name": [""], "value": [0.5]})
    of_run, of_none, new = ("1" * 64, "2" * 64, "3" * 64)
    for digest in (of_run, of_none):
        write_table(three.work(FIT, digest), table, {"address": f"{FIT}/{digest}"})
    _age(three)
    write_table(three.work(FIT, new), table, {"address": f"{FIT}/{new}"})
    run = three.study("one", "0" * 64)
    write_table(run / "fits.parquet", pa.table({"fold": ["fold 1"], "result": [of_run]}))
    write_bytes(run / "study.json", run_bytes(run, {"study": {}}))
    assert verify(three).faults == ()
    remove_unneeded(three, 3)
    assert three.results()[FIT] == {of_run, new}
    remove_run(run)
    remove_unneeded(three, 3)
    assert three.results()[FIT] == {new}


def test_a_reader_of_a_kept_refresh_is_not_disturbed(three: Store) -> None:
    """STO_VACUUM: what is open stays readable, and so do the kept refreshes."""
    mart = Mart.open(three, 2)
    with (three.mart.resolve() / "region" / "demo.parquet").open("rb") as file:
        remove_unneeded(three, 2)
        assert mart.read("region", "demo").num_rows == 2
        assert file.read(4) == b"PAR1"
