"""A file of the mart holds one recipe's columns: together they are the wide table, and each changes for itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pyarrow as pa
import pytest

from features.core.case import Scan
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.storage.place import write_bytes
from features.core.storage.seal import json_bytes
from features.core.storage.store import Store
from features.core.storage.table import parquet_bytes
from features.results.manifest import LAYOUT, Mart, build_view, keep_table, newest
from features.results.prefixes import feature_prefix
from features.results.published import Published
from features.results.release import release
from features.results.side_by_side import KEYS, side_by_side
from features.results.verify import verify
from features.results.withdraw import withdraw
from features.results.work import features_of, fits
from flows.commands.views import Views, relation_table
from tests.support.measured import measured

Refresh = Callable[..., Published]
LUNG = "radiomics/ct", "radiomics/other", "radiomics/pet", "deep/other"


@pytest.fixture
def recipes(make_recipe: Callable[..., Recipe], kinds: dict[str, type[Extractor]]) -> tuple[Recipe, ...]:
    """Two recipes for CT, the second of both blocks, and one for PET."""
    means, batched = kinds["means"], kinds["batched"]
    return (
        make_recipe(),
        make_recipe(means(power=2), batched(), name="other"),  # type: ignore[call-arg]
        make_recipe(name="pet", modality="PT", unit="SUV"),
    )


@pytest.fixture
def scans(make_scan: Callable[..., Scan]) -> list[Scan]:
    """p1 has a CT and a PET of another centre, p2 a CT, p3 a PET."""
    return [
        make_scan("p2", 60),
        make_scan("p1", 50),
        make_scan("p1", 80, modality="PT", centre="B"),
        make_scan("p3", 90, modality="PT"),
    ]


def wide(store: Store, block: str, scans: list[Scan], recipes: tuple[Recipe, ...]) -> list[dict[str, object]]:
    """The table of a block as one file held it, from the per-case results: columns in the order of recipes, rows of cases."""
    rows: dict[str, dict[str, object]] = {}
    names: list[str] = []
    for recipe, target in measured(*recipes):
        for extractor in (one for one in recipe.extractors if one.block == block):
            prefix = feature_prefix(recipe, extractor.kind, target)
            names += [prefix + name for name in ("result", *(column.name for column in extractor.columns(recipe)))]
            for scan in (scan for scan in scans if fits(scan, recipe)):
                address = features_of(scan, recipe, extractor).address
                values = store.load(block, address)
                facts = {"case": str(scan.case), "cohort": "demo", "centre": scan.centre, "patient": scan.case.patient}
                row = rows.setdefault(str(scan.case), {})
                row |= {**facts, "timepoint": "baseline", "lesion": "", prefix + "result": address}
                row |= {prefix + name: None if value != value else value for name, value in dict(values).items()}
    return [{name: rows[case].get(name) for name in [*KEYS, *names]} for case in sorted(rows)]


def shown(store: Store, block: str) -> list[dict[str, object]]:
    return relation_table(Views(store).ask(f"FROM {block}")).to_pylist()


def test_files_side_by_side_are_the_wide_table(
    store: Store, scans: list[Scan], recipes: tuple[Recipe, ...], refresh: Refresh
) -> None:
    refresh(scans, *recipes)
    assert sorted(name for name in newest(store).of_cohort("demo") if "/" in name) == sorted(LUNG)
    for block in ("radiomics", "deep"):
        expected = wide(store, block, scans, recipes)
        assert [list(row) for row in shown(store, block)] == [list(row) for row in expected]
        assert shown(store, block) == Mart.open(store).read(block, "demo").to_pylist() == expected
    only = Mart.open(store).read("radiomics", "demo", ["means__pet__mean", "x", "case"], ["pet"])
    assert only.schema.names == ["means__pet__mean", "case"] and only.num_rows == 2


def test_a_new_recipe_writes_its_own_file_and_computes_nothing_else(
    store: Store, scans: list[Scan], recipes: tuple[Recipe, ...], refresh: Refresh, seen: list[int]
) -> None:
    refresh(scans, recipes[0], recipes[2])
    before, calls = newest(store).files, len(seen)
    written = {name: (store.root / file.path).stat().st_mtime_ns for name, file in before.items()}
    shutil.rmtree(store.root / "work")
    refresh(scans, *recipes)
    after = newest(store).files
    assert set(after) - set(before) == {"radiomics/other/demo", "deep/other/demo"}
    same = {name for name in before if after[name] == before[name]}
    assert {*before} - same == {"dictionary/demo"}
    assert {name: (store.root / after[name].path).stat().st_mtime_ns for name in same} == {
        one: written[one] for one in same
    }
    assert len(seen) - calls == 4  # two scans, two extractors
    refresh(scans, recipes[0], recipes[2])
    assert newest(store).files == before
    assert len(seen) - calls == 4


def test_a_changed_recipe_writes_its_own_file(
    store: Store, scans: list[Scan], recipes: tuple[Recipe, ...], refresh: Refresh, make_recipe, kinds
) -> None:
    refresh(scans, *recipes)
    before = newest(store).files
    refresh(scans, make_recipe(kinds["means"](power=3)), *recipes[1:])
    after = newest(store).files
    assert {name for name in after if after[name] != before[name]} == {"radiomics/ct/demo"}


def former(store: Store, cohorts: tuple[str, ...]) -> None:
    """Give cohorts of the newest refresh the files that layout 5 had: one for all recipes of a block."""
    manifest, mart = newest(store), Mart.open(store)
    files = {
        name: file for name, file in manifest.files.items() if name.count("/") == 1 or name.split("/")[2] not in cohorts
    }
    for cohort in cohorts:
        for block in ("radiomics", "deep"):
            table = mart.read(block, cohort)
            files[f"{block}/{cohort}"] = keep_table(store, block, cohort, parquet_bytes(table), table.num_rows)
    states = {name: state.model_copy(update={"key": "of version 4"}) for name, state in manifest.cohorts.items()}
    old = manifest.model_copy(update={"files": files, "cohorts": states, "layout": 5})
    write_bytes(store.refresh(old.refresh), json_bytes(old.model_dump(mode="json")))
    build_view(store, old)


def test_a_store_of_the_former_layout_is_read_and_carried_over_without_computing(
    store: Store, scans: list[Scan], recipes: tuple[Recipe, ...], refresh: Refresh, seen: list[int]
) -> None:
    refresh(scans, *recipes)
    before, tables = newest(store).files, {block: shown(store, block) for block in ("radiomics", "deep")}
    former(store, ("demo",))
    assert newest(store).layout == 5 and "radiomics/demo" in newest(store).files
    assert {block: shown(store, block) for block in tables} == tables
    assert Mart.open(store).read("radiomics", "demo", recipes=["ct"]).to_pylist() == tables["radiomics"]
    shutil.rmtree(store.root / "work")
    calls = len(seen)
    assert refresh(scans, *recipes).refresh == 2
    assert (newest(store).layout, newest(store).files, len(seen)) == (LAYOUT, before, calls)
    assert {block: shown(store, block) for block in tables} == tables


def test_cohorts_of_both_layouts_are_one_view(
    store: Store, scans: list[Scan], recipes: tuple[Recipe, ...], refresh: Refresh
) -> None:
    refresh(scans, *recipes)
    former(store, ("demo",))
    before = {block: shown(store, block) for block in ("radiomics", "deep")}
    refresh([], recipes[0], cohort="empty", patients=())
    assert newest(store).layout == LAYOUT and {"radiomics/demo", "radiomics/ct/empty"} <= {*newest(store).files}
    assert {block: shown(store, block) for block in before} == before
    assert verify(store).faults == ()


def test_a_patient_leaves_every_file(
    store: Store, scans: list[Scan], recipes: tuple[Recipe, ...], refresh: Refresh
) -> None:
    refresh(scans, *recipes)
    withdraw(store, "demo:p1", "consent")
    assert [row["case"] for row in shown(store, "radiomics")] == ["demo:p2:baseline", "demo:p3:baseline"]
    assert not any(b"p1" in path.read_bytes() for path in (store.root / "tables").rglob("*.parquet"))
    assert verify(store).faults == ()


def test_a_released_scan_changes_the_file_of_its_recipe(
    store: Store, scans: list[Scan], recipes: tuple[Recipe, ...], refresh: Refresh, fail: dict[float, Exception]
) -> None:
    fail[90] = Rejected("TOO_MANY_BINS")
    refresh(scans, *recipes)
    before = newest(store).files
    fail.clear()
    release(store, "TOO_MANY_BINS")
    assert {name for name, file in newest(store).files.items() if before[name] != file} == {"quarantine/demo"}
    assert len(shown(store, "radiomics")) == 2
    refresh(scans, *recipes)
    after = newest(store).files
    assert {name for name in after if before[name] != after[name]} == {
        "radiomics/pet/demo",
        "quarantine/demo",
        "scans/demo",
    }
    assert len(shown(store, "radiomics")) == 3


def test_no_recipe_of_a_block_leaves_its_table_empty(
    store: Store, scans: list[Scan], recipes, refresh: Refresh
) -> None:
    refresh(scans, recipes[0])
    for table in (Mart.open(store).read("deep", "demo"), relation_table(Views(store).ask("FROM deep"))):
        assert (table.schema.names, table.num_rows) == (list(KEYS), 0)


def test_facts_that_differ_between_parts_are_those_of_the_last() -> None:
    first = pa.table({"case": ["a", "b"], "centre": ["A", "A"], "x": [1.0, 2.0]})
    second = pa.table({"case": ["b", "c"], "centre": ["B", "B"], "y": [3, 4]})
    assert side_by_side([first, second]).to_pylist() == [
        {"case": "a", "centre": "A", "x": 1.0, "y": None},
        {"case": "b", "centre": "B", "x": 2.0, "y": 3},
        {"case": "c", "centre": "B", "x": None, "y": 4},
    ]
    assert side_by_side([first]) is first
