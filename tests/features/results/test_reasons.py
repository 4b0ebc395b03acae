"""Rows of quarantine and warnings: since which refresh, of which files; warnings of unchanged scans need no work/."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest

from features.core.case import Scan
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.quarantine import REASONS, Rejected, Warned
from features.core.storage.store import THUMBNAIL, Store
from features.images.region import Checked
from features.images.thumbnail import Sketch
from features.results import check_scan as check
from features.results import measure_visit as measure
from features.results.manifest import Mart, refresh_numbers
from features.results.picture import load_picture
from features.results.published import Published
from features.results.verify import verify
from features.results.withdraw import withdraw
from features.results.work import check_of, features_of
from tests.support.measured import job

MakeScan = Callable[..., Scan]
MakeRecipe = Callable[..., Recipe]
Refresh = Callable[..., Published]
DOUBT = Warned("TAB_MISSING", "", {"share": 0.5})  # any code of the reasons


def read(store: Store, table: str) -> list[dict]:
    return Mart.open(store).read(table, "demo").to_pylist()


@pytest.fixture
def warn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every check of a scan has a doubt."""
    sound = check.check_region
    monkeypatch.setattr(check, "check_region", lambda region, **unit: Checked(sound(region, **unit).facts, (DOUBT,)))


def test_a_row_keeps_the_refresh_in_which_it_first_appeared(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, fail: dict
) -> None:
    fail[60] = Rejected("TOO_MANY_BINS")
    scans = [make_scan("p1", 50), make_scan("p2", 60)]
    refresh(scans, make_recipe())
    fail[70] = Rejected("UNDEFINED")
    scans.append(make_scan("p3", 70))
    refresh(scans, make_recipe())
    assert {row["case"]: row["run"] for row in read(store, "quarantine")} == {
        "demo:p2:baseline": 1,
        "demo:p3:baseline": 2,
        "demo:p9": 1,
    }
    refresh(scans, make_recipe())
    assert refresh_numbers(store) == [1, 2]


def test_a_row_says_how_severe_of_which_files_and_whether_it_is_tried_again(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    scan = make_scan("p3", 70, empty=True)
    scan = replace(scan, image=replace(scan.image, bytes=500), mask=replace(scan.mask, bytes=20))
    refresh([scan, make_scan("p2", 60)], make_recipe(), lost=["p2"])
    rows = {row["case"]: row for row in read(store, "quarantine")}
    row = rows["demo:p3:baseline"]
    assert (row["severity"], row["stage"], row["files"], row["bytes"]) == ("error", "quality", 2, 520)
    assert row["digests"] == f"{scan.image.digest[:12]},{scan.mask.digest[:12]}"
    assert not row["retryable"]
    assert rows["demo:p2:baseline"]["retryable"]
    assert rows["demo:p9"]["files"] == 0


@pytest.mark.usefixtures("warn")
def test_a_scan_with_a_warning_is_used_and_has_a_row(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    found = refresh([make_scan("p1", 50)], make_recipe())
    assert (found.used, dict(found.warned)) == (1, {"TAB_MISSING": 1})
    (row,) = read(store, "warnings")
    assert (row["case"], row["stage"], row["severity"], row["run"]) == ("demo:p1:baseline", "quality", "warning", 1)
    assert (row["message"], row["details"]) == (
        REASONS["TAB_MISSING"].means.removeprefix("warning: "),
        '{"share": 0.5}',
    )


@pytest.mark.usefixtures("warn")
def test_warnings_of_unchanged_scans_are_taken_from_the_tables_before(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    scans = [make_scan("p1", 50), make_scan("p2", 60)]
    refresh(scans[:1], make_recipe())
    shutil.rmtree(store.root / "work")
    refresh(scans, make_recipe())
    assert {row["case"]: row["run"] for row in read(store, "warnings")} == {
        "demo:p1:baseline": 1,
        "demo:p2:baseline": 2,
    }


@pytest.mark.usefixtures("warn")
def test_a_warning_of_a_result_that_two_cases_share_stays_one_row_for_each(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    scans = [make_scan("p1", 50), make_scan("p2", 60)]
    scans[1] = replace(scans[0], case=scans[1].case)
    for age in (60.0, 61.0, 62.0):
        assert refresh(scans, make_recipe(), ages={"p1": age}).warned == {"IMAGE_COPY": 2, "TAB_MISSING": 2}


def test_what_preparation_noticed_is_a_warning_of_every_extractor_and_needs_no_work_the_next_time(
    make_scan: MakeScan, make_recipe: MakeRecipe, kinds: dict[str, type[Extractor]], store: Store, refresh: Refresh
) -> None:
    scans = [make_scan("p1", 50), make_scan("p2", 60)]
    recipe = make_recipe(kinds["means"](), kinds["batched"](), resegment=(52, 1000), minimum_voxels=1)
    found = refresh(scans, recipe)
    assert (found.used, found.warned) == (2, {"RESEGMENTED_MOST": 2})
    rows = read(store, "warnings")
    assert {(row["case"], row["stage"], row["run"]) for row in rows} == {("demo:p1:baseline", "extract", 1)}
    assert {row["result"] for row in rows} == {features_of(scans[0], recipe, one).address for one in recipe.extractors}
    shutil.rmtree(store.root / "work")
    assert refresh(scans, recipe, ages={"p1": 61.0}).warned == found.warned


@pytest.mark.usefixtures("warn")
def test_a_withdrawn_case_leaves_warnings_thumbnails_and_the_quality_page(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    scans = [make_scan("p1", 50), make_scan("p2", 60)]
    refresh(scans, make_recipe())
    store.quality("demo").parent.mkdir()
    for page in (1, 2, 11):
        store.quality("demo", page).write_text("p1")
    store.quality("demo_b").write_text("another cohort")
    withdraw(store, "demo:p1", "consent")
    assert [row["case"] for row in read(store, "warnings")] == ["demo:p2:baseline"]
    assert Mart.open(store).manifest.cohorts["demo"].warned == {"TAB_MISSING": 1}
    assert store.results()[THUMBNAIL] == {check_of(scans[1]).address}
    assert store.quality_pages("demo") == []
    assert store.quality("demo_b").exists()
    assert verify(store).faults == ()


def test_a_thumbnail_is_kept_of_what_was_read_also_if_it_is_rejected(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(region: object) -> Checked:
        raise Rejected("MASK_FLAT")

    good, empty = make_scan("p1", 50), make_scan("p2", 60, empty=True)
    refresh([good, empty], make_recipe())
    monkeypatch.setattr(check, "check_region", refuse)
    flat = make_scan("p3", 70)
    refresh([good, empty, flat], make_recipe())
    assert [bool(load_picture(store, check_of(scan).address)) for scan in (good, empty, flat)] == [True, False, True]


def test_a_scan_that_may_show_a_name_is_not_drawn(
    make_scan: MakeScan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, read_region = make_scan("p1", 50), measure.read_region
    monkeypatch.setattr(
        measure,
        "read_region",
        lambda s, reading=None: replace(read_region(s, reading), warnings=(Warned("PHI_BURNED", "x"),)),
    )
    measure.measure_visit(job(scan, check_of(scan)), store)
    assert load_picture(store, check_of(scan).address) is None


def test_a_picture_that_cannot_be_drawn_rejects_nothing(
    make_scan: MakeScan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = make_scan("p1", 50)
    monkeypatch.setattr(Sketch, "draw", lambda self, modality: 1 / 0)
    assert measure.measure_visit(job(scan, check_of(scan)), store) == {}
    assert isinstance(store.load("region", check_of(scan).address), dict)
