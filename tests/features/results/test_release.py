"""release: what was kept as rejected is tried again, and only that; the audit says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from features.core.case import Scan
from features.core.errors import RadweaveError, StoreError
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.storage.store import Store
from features.results.manifest import Mart, refresh_numbers
from features.results.published import Published
from features.results.release import read_releases, release
from features.results.verify import verify

MakeScan = Callable[..., Scan]
MakeRecipe = Callable[..., Recipe]
Refresh = Callable[..., Published]


def read(store: Store) -> list[dict]:
    return Mart.open(store).read("quarantine", "demo").to_pylist()


@pytest.mark.parametrize("what", ["UNEXPECTED", "demo:p2:baseline", "demo:p2"])
def test_a_released_scan_is_computed_again_and_the_others_are_not(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, fail: dict, seen: list, what: str
) -> None:
    fail[60], fail[70] = ZeroDivisionError("John Doe"), Rejected("TOO_MANY_BINS")
    scans, recipe = [make_scan("p1", 50), make_scan("p2", 60), make_scan("p3", 70)], make_recipe()
    refresh(scans, recipe)
    (row,) = (row for row in read(store) if row["code"] == "UNEXPECTED")
    assert '"error": "ZeroDivisionError"' in row["details"] and '"traceback": "' in row["details"]
    assert "John" not in str(read(store))
    fail.clear()
    assert refresh(scans, recipe).used == 1  # nothing changed, so nothing is tried
    found = release(store, what)
    assert (dict(found.kept), dict(found.others)) == ({"UNEXPECTED": 1}, {})
    assert verify(store).faults == ()
    published = refresh(scans, recipe)
    assert (published.used, dict(published.quarantined)) == (2, {"TOO_MANY_BINS": 1})
    assert len(seen) == 4
    (entry,) = read_releases(store)
    assert (entry.released, entry.cohort, dict(entry.rejections)) == (what, "demo", {"UNEXPECTED": 1})
    store.releases.unlink()
    assert any("releases.json: holds 0 releases, the newest refresh remembers 1" in one for one in verify(store).faults)


def test_a_scan_that_is_rejected_again_keeps_its_first_refresh_and_its_tables(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, fail: dict
) -> None:
    fail[60] = Rejected("TOO_MANY_BINS")
    scans, recipe = [make_scan("p2", 60)], make_recipe()
    refresh(scans, recipe)
    before = Mart.open(store).manifest.files
    release(store, "TOO_MANY_BINS")
    refresh(scans, recipe)
    assert Mart.open(store).manifest.files == before


def test_what_every_refresh_looks_at_again_needs_no_release(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    refresh([make_scan("p2", 60)], make_recipe(), lost=["p2"])
    assert dict(release(store, "WORKER_LOST").others) == {"WORKER_LOST": 1}
    assert dict(release(store, "demo:p9").others) == {"TAB_TIME": 1}
    assert release(store, "MASK_EMPTY") == release(store, "demo:p7")
    assert (refresh_numbers(store), read_releases(store)) == ([1], [])


def test_what_is_neither_a_code_nor_a_case_is_refused(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    refresh([make_scan("p1", 50)], make_recipe())
    allowed = "allowed: a code of the quarantine, or a case: cohort:patient[:timepoint[:lesion]]"
    for what, hint in (("demo", ""), ("MASK_TINI", '; did you mean "MASK_TINY"?')):
        with pytest.raises(RadweaveError) as caught:
            release(store, what)
        assert str(caught.value) == f'release: this is neither a code nor a case; found "{what}"; {allowed}{hint}'
    for what, cohort in (("demi:p1", ""), ("MASK_EMPTY", "demi"), (":p1", "")):
        with pytest.raises(RadweaveError) as caught:
            release(store, what, cohort)
        hint = '. Did you mean "demo"?' if what != ":p1" else ""
        assert str(caught.value) == f'the store has no cohort "{cohort or what.split(":")[0]}"; it has demo{hint}'


def test_a_damaged_audit_is_said(store: Store) -> None:
    store.root.mkdir()
    store.releases.write_text("[1]")
    with pytest.raises(StoreError, match=r"releases\.json: is damaged"):
        read_releases(store)
