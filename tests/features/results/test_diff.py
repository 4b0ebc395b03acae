"""diff: every case that moved between two refreshes, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from features.core.case import Scan
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.storage.store import Store
from features.results.diff import Diff, diff_refreshes
from features.results.manifest import EMPTY, Mart
from features.results.published import Published

MakeScan = Callable[..., Scan]
MakeRecipe = Callable[..., Recipe]
Refresh = Callable[..., Published]


@pytest.fixture
def last(store: Store) -> Callable[[], Diff]:
    def build() -> Diff:
        after = Mart.open(store)
        before = Mart.open(store, after.manifest.parent) if after.manifest.parent else Mart(store, EMPTY)
        return diff_refreshes(before, after)

    return build


def rows(diff: Diff) -> set[tuple[str, str, str]]:
    return {(change.case.split(":")[1], change.kind, change.why) for change in diff.changes}


def test_the_first_refresh_adds_everything(
    make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh, last: Callable[[], Diff]
) -> None:
    refresh([make_scan("p1", 50), make_scan("p3", 70, empty=True)], make_recipe())
    found = last()
    assert (found.before, found.after) == (0, 1)
    assert rows(found) == {
        ("p1", "added", "new files"),
        ("p3", "added", "MASK_EMPTY"),
        ("p1", "table", "new row"),
        ("p2", "table", "new row"),
    }
    assert [(prefix, why) for _, prefix, why in found.columns] == [
        ("means__ct__", "new columns"),
        ("clinical", "new columns: age, centre, cohort, patient"),
    ]


def test_added_gone_restored_and_changed_cases_are_told(
    make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh, last: Callable[[], Diff]
) -> None:
    one, two, three = make_scan("p1", 50), make_scan("p2", 60), make_scan("p3", 70)
    refresh([one, two], make_recipe())
    other = replace(one, image=three.image, centre="B")
    refresh([other, three], make_recipe())
    assert rows(last()) == {
        ("p1", "changed", "image files + centre"),
        ("p2", "gone", "no longer among the files"),
        ("p3", "added", "new files"),
    }
    refresh([other, two], make_recipe())
    assert ("p2", "restored", "new files") in rows(last())


def test_a_roi_that_came_or_went_is_told_by_image_and_roi(
    make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh, last: Callable[[], Diff]
) -> None:
    tumour = replace(make_scan("p1", 50), image_name="t1c", roi_name="tumour")
    oedema = replace(make_scan("p1", 50), image_name="t1c", roi_name="oedema")
    refresh([tumour], make_recipe())
    for scans, expected in (
        ([oedema, tumour], ("t1c oedema", "added", "new ROI")),
        ([oedema], ("t1c tumour", "gone", "no longer a ROI of the image")),
        ([oedema, tumour], ("t1c tumour", "restored", "new ROI")),
    ):
        refresh(scans, make_recipe())
        assert [(one.block, one.kind, one.why) for one in last().changes] == [expected]


def test_rejected_and_released_cases_are_told(
    make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh, last: Callable[[], Diff], fail: dict
) -> None:
    scans = [make_scan("p1", 50), make_scan("p2", 60)]
    refresh(scans, make_recipe(), lost=["p2"])
    refresh(scans, make_recipe())
    assert rows(last()) == {("p2", "released", "WORKER_LOST → used")}
    fail[60] = Rejected("TOO_MANY_BINS")
    refresh(scans, make_recipe(discretise={"bin_count": 9}))
    assert rows(last()) == {("p2", "rejected", "used → TOO_MANY_BINS")}


def test_settings_and_versions_are_told_by_column(
    make_scan: MakeScan,
    make_recipe: MakeRecipe,
    refresh: Refresh,
    last: Callable[[], Diff],
    kinds: dict,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scans = [make_scan("p1", 50)]
    refresh(scans, make_recipe())
    refresh(scans, make_recipe(kinds["means"](power=2)))
    assert last().columns == (("demo", "means__ct__", "other settings"),)
    assert last().changes == ()
    monkeypatch.setattr(kinds["means"], "version", property(lambda self: "means 2"))
    refresh(scans, make_recipe(kinds["means"](power=2)))
    assert last().columns == (("demo", "means__ct__", "version means 1 → means 2"),)
    refresh(scans, make_recipe(kinds["means"](power=2), name="ct_new"))
    assert last().columns == (("demo", "means__ct__", "columns are gone"), ("demo", "means__ct_new__", "new columns"))


def test_patients_whose_row_moved_are_told(
    make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Refresh, last: Callable[[], Diff], store: Store
) -> None:
    scans = [make_scan("p1", 50)]
    refresh(scans, make_recipe(), patients=("p1", "p2"))
    refresh(scans, make_recipe(), patients=("p1", "p4"), ages={"p1": 61.0})
    assert rows(last()) == {("p1", "table", "age"), ("p2", "table", "row is gone"), ("p4", "table", "new row")}
    assert diff_refreshes(Mart.open(store, 1), Mart.open(store, 1)).changes == ()
