"""Tables of an earlier radweave have the columns of today when they are read, and the next refresh goes on from them."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pyarrow as pa
import pytest

from features.core.case import Scan
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.storage.store import Store
from features.results.diff import diff_refreshes
from features.results.earlier import changes, of_today
from features.results.manifest import LAYOUT, Mart, newest
from features.results.presence import read_presence
from features.results.published import Published
from features.results.release import release
from features.results.schemas import SCANS
from features.results.verify import verify
from features.results.withdraw import withdraw
from flows.commands.export import read_export
from flows.commands.quarantine import read_reasons
from flows.commands.views import Views
from tasks.quality.quality_page import render_quality
from tests.support.earlier import make_earlier

Refresh = Callable[..., Published]


def table(**columns: list[str]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def test_a_scan_is_of_the_image_of_its_modality_and_of_the_region_without_a_name() -> None:
    found = of_today("scans", table(case=["c:p:b"], modality=["CT"], roi=["GTV.*"], state=["used"])).to_pylist()
    assert found == [
        {
            "case": "c:p:b",
            "modality": "CT",
            "roi_pattern": "GTV.*",
            "state": "used",
            "image": "CT",
            "roi": "roi",
            "reader": "",
            "drawn_on": "",
            "picture": "",
            "segmentation": "given",
            "segmented_by": "",
        }
    ]


def test_a_reason_is_of_a_region_unless_it_is_one_of_tables() -> None:
    stages = ["index", "quality", "extract", "tables"]
    found = of_today("warnings", table(case=["c"] * 4, modality=["CT", "CT", "PT", ""], stage=stages))
    assert found["image"].to_pylist() == ["CT", "CT", "PT", ""]
    assert found["roi"].to_pylist() == ["roi", "roi", "roi", ""]


def test_the_dictionary_tells_the_image_of_columns_of_images_alone() -> None:
    found = of_today("dictionary", table(name=["region__ct__voxels", "age"], modality=["CT", ""], roi=["", ""]))
    assert found.select(["image", "roi"]).to_pylist() == [{"image": "CT", "roi": "roi"}, {"image": "", "roi": ""}]


def test_other_tables_and_those_of_today_stay_as_they_are() -> None:
    for name, kept in (("region", table(modality=["CT"])), ("scans", table(image=["t1c"], segmentation=["manual"]))):
        assert of_today(name, kept) is kept
    assert [name for name in ("scans", "quarantine", "region", "unmatched") if changes(name)] == ["scans", "quarantine"]


def test_an_empty_table_has_the_columns_too() -> None:
    found = of_today("quarantine", table(case=[], modality=[], stage=[]))
    assert (found.num_rows, found.schema.names) == (0, ["case", "image", "roi", "segmentation", "modality", "stage"])


@pytest.fixture
def recipe(make_recipe: Callable[..., Recipe]) -> Recipe:
    return make_recipe()


@pytest.fixture
def scans(make_scan: Callable[..., Scan]) -> list[Scan]:
    """p1 and p2 can be used, p3 has an empty mask, p4 has one that fails in extraction."""
    return [make_scan("p1", 50), make_scan("p2", 60), make_scan("p3", 70, empty=True), make_scan("p4", 80)]


@pytest.fixture
def before(
    store: Store, scans: list[Scan], recipe: Recipe, refresh: Refresh, fail: dict[float, Exception]
) -> dict[str, list[dict[str, object]]]:
    """The tables of a store as they were before it was given those of an earlier radweave."""
    fail[80] = Rejected("TOO_MANY_BINS")
    refresh(scans, recipe)
    tables = {name: Mart.open(store).read(name, "demo").to_pylist() for name in ("scans", "quarantine", "dictionary")}
    make_earlier(store)
    return tables


def test_an_earlier_store_is_read_as_one_of_today(store: Store, before: dict[str, list[dict[str, object]]]) -> None:
    assert newest(store).layout == 6
    mart, views = Mart.open(store), Views(store)
    for name in ("scans", "quarantine"):
        found = mart.read(name, "demo").to_pylist()
        assert found == [{**row, "picture": ""} if name == "scans" else row for row in before[name]]
    assert mart.read("scans", "demo", ["roi", "state"]).schema.names == ["roi", "state"]
    assert views.ask("SELECT DISTINCT image, roi, roi_pattern FROM scans").fetchall() == [("CT", "roi", "1")]
    assert views.ask("SELECT count(*), count(volume_ml) FROM regions WHERE image = 'CT'").fetchall() == [(3, 3)]
    assert read_export(views, ["scans"], patterns=["state"]).table.schema.names[-3:] == ["roi", "modality", "state"]
    assert views.columns("scans") == [column.name for column in SCANS.columns]
    assert [row["image"] for row in read_reasons(store)] == ["CT", "CT", ""]
    assert read_presence(mart, "demo") == []
    (page,) = render_quality(mart, "demo")
    assert page.count("<img ") == 3
    assert verify(store).faults == ()


def test_the_next_refresh_goes_on_from_an_earlier_store_without_computing(
    store: Store, scans: list[Scan], recipe: Recipe, refresh: Refresh, before: dict, seen: list[int]
) -> None:
    shutil.rmtree(store.root / "work")
    calls = len(seen)
    assert refresh(scans, recipe).refresh == 2
    assert (newest(store).layout, len(seen)) == (LAYOUT, calls)
    assert {name: Mart.open(store).read(name, "demo").to_pylist() for name in before} == before  # `run` too
    found = diff_refreshes(Mart.open(store, 1), Mart.open(store))
    assert (found.changes, found.columns) == ((), ())
    assert not refresh(scans, recipe).changed


def test_an_earlier_store_can_be_withdrawn_from_and_released(
    store: Store, scans: list[Scan], recipe: Recipe, refresh: Refresh, before: dict, fail: dict[float, Exception]
) -> None:
    withdraw(store, "demo:p1", "consent")
    assert release(store, "TOO_MANY_BINS").kept == {"TOO_MANY_BINS": 1}
    assert verify(store).faults == ()
    fail.clear()
    refresh(scans[1:], recipe, withdrawn=1)
    states = {row["case"].split(":")[1]: row["state"] for row in Mart.open(store).read("scans", "demo").to_pylist()}
    assert states == {"p2": "used", "p3": "MASK_EMPTY", "p4": "used"}
