"""publish and read_mart: every scan is counted once, files are what the manifest names, columns are described."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from features.core.case import Scan
from features.core.errors import StoreError
from features.core.extractor import Extractor
from features.core.quarantine import Quarantined, Rejected
from features.core.recipe import Recipe
from features.core.store import Store
from features.core.table import Column, Schema, read_table
from features.results.check import check_scan
from features.results.extract import extract_address, extract_scans
from features.results.mart import Published, manifest_files, mart_paths, publish, read_mart
from features.tables.patient import KEY, PatientTable

MakeScan = Callable[..., Scan]
MakeRecipe = Callable[..., Recipe]


def _clinical(*patients: str) -> PatientTable:
    columns = (*KEY, Column("age", "float64", "age", unit="years"))
    rows = [{"patient": patient, "cohort": "demo", "centre": "A", "age": 60.0} for patient in patients]
    lost = Quarantined("demo", "A", "demo:p9", "", "tables", "TAB_TIME", "bad time", {"column": "os"})
    return PatientTable(Schema("clinical", columns).table(rows), columns, (lost,))


REJECTED = Quarantined("demo", "A", "demo:p8:baseline", "CT", "index", "MASK_MISSING", "an image has no mask", {"n": 1})


@pytest.fixture
def refresh(make_scan: MakeScan, store: Store) -> Callable[..., Published]:
    """Check, extract and publish scans."""

    def build(scans: list[Scan], *recipes: Recipe, rejected: tuple[Quarantined, ...] = (REJECTED,)) -> Published:
        for scan in scans:
            check_scan(scan, store)
        for recipe in recipes:
            for extractor in recipe.extractors:
                extract_scans([scan for scan in scans if scan.modality == recipe.modality], recipe, extractor, store)
        return publish(store, "demo", scans, rejected, recipes, {"clinical": _clinical("p1", "p2")})

    return build


def _bytes(store: Store) -> dict[str, bytes]:
    folders = ("mart", "index", "quarantine")
    paths = [path for name in folders for path in (store.root / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(store.root)): path.read_bytes() for path in paths}


def test_counts_close_and_every_loss_has_a_row(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Callable[..., Published], fail: dict
) -> None:
    fail[60] = Rejected("TOO_MANY_BINS")
    scans = [
        make_scan("p1", 50),
        make_scan("p2", 60),
        make_scan("p3", 70, empty=True),
        make_scan("p1", 80, modality="PT"),
    ]
    found = refresh(scans, make_recipe())
    assert (found.scans, found.used) == (5, 2)
    assert dict(found.quarantined) == {"MASK_EMPTY": 1, "MASK_MISSING": 1, "TOO_MANY_BINS": 1}
    assert found.rows == {"region": 2, "radiomics": 1, "deep": 0, "clinical": 2}
    rows = read_table(store.quarantine("demo")).to_pylist()
    assert {(row["case"], row["stage"], row["code"]) for row in rows} == {
        ("demo:p2:baseline", "extract", "TOO_MANY_BINS"),
        ("demo:p3:baseline", "quality", "MASK_EMPTY"),
        ("demo:p8:baseline", "index", "MASK_MISSING"),
        ("demo:p9", "tables", "TAB_TIME"),
    }
    assert json.loads(next(row["details"] for row in rows if row["stage"] == "index")) == {"n": 1}


def test_a_scan_that_two_extractors_lose_is_counted_once(
    make_scan: MakeScan,
    make_recipe: MakeRecipe,
    store: Store,
    refresh: Callable[..., Published],
    fail: dict,
    kinds: dict[str, type[Extractor]],
) -> None:
    fail[60] = Rejected("TOO_MANY_BINS")
    recipe = make_recipe(kinds["means"](), kinds["batched"]())  # type: ignore[call-arg]
    found = refresh([make_scan("p2", 60)], recipe, rejected=())
    assert (found.scans, found.used, dict(found.quarantined)) == (1, 0, {"TOO_MANY_BINS": 1})
    assert read_table(store.quarantine("demo")).num_rows == 3


def test_counts_that_do_not_close_are_a_bug() -> None:
    with pytest.raises(AssertionError, match="3 scans in, 1 used"):
        Published("demo", "r", 3, 1, {"MASK_EMPTY": 1}, {})


def test_a_missing_result_is_a_lost_worker(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Callable[..., Published]
) -> None:
    scans, recipe = [make_scan("p1", 50), make_scan("p2", 60)], make_recipe()
    refresh(scans, recipe)
    store.work("radiomics", extract_address(scans[1], recipe, recipe.extractors[0])).unlink()
    found = publish(store, "demo", scans, [], [recipe], {})
    assert (found.used, dict(found.quarantined)) == (1, {"WORKER_LOST": 1})
    never_checked = make_scan("p4", 90)
    found = publish(store, "demo", [never_checked], [], [recipe], {})
    assert (found.used, dict(found.quarantined)) == (0, {"WORKER_LOST": 1})


def test_values_nulls_and_addresses_stand_in_the_mart(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Callable[..., Published]
) -> None:
    scans, recipe = [make_scan("p1", 50), make_scan("p1", 80, modality="PT")], make_recipe()
    refresh(scans, recipe)
    (row,) = read_mart(store, "radiomics", "demo").to_pylist()
    assert row["means__ct__mean"] == pytest.approx(50, abs=1e-4)
    assert row["means__ct__undefined"] is None
    assert row["means__ct__result"] == extract_address(scans[0], recipe, recipe.extractors[0])
    (row,) = read_mart(store, "region", "demo").to_pylist()
    assert row["region__ct__intensity_mean"] == pytest.approx(50, abs=1e-4)
    assert row["region__pt__intensity_mean"] == pytest.approx(80, abs=1e-4)
    assert row["region__ct__slice_thickness_mm"] is None
    index = read_table(store.index("demo")).to_pylist()
    assert [(entry["case"], entry["modality"]) for entry in index] == [("demo:p1:baseline", m) for m in ("CT", "PT")]


def test_publishing_twice_gives_the_same_bytes(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Callable[..., Published], seen: list[int]
) -> None:
    scans, recipe = [make_scan(f"p{i}", 50 + i) for i in range(3)], make_recipe()
    first = refresh(scans, recipe)
    before = _bytes(store)
    second = publish(store, "demo", scans[::-1], [REJECTED], [recipe], {"clinical": _clinical("p2", "p1")})
    assert first == second
    assert _bytes(store) == before
    assert len(seen) == 3


def test_the_refresh_id_changes_with_scans_and_recipes(
    make_scan: MakeScan, make_recipe: MakeRecipe, refresh: Callable[..., Published]
) -> None:
    scans = [make_scan("p1", 50), make_scan("p2", 60)]
    ids = [
        refresh(scans, make_recipe()).refresh,
        refresh(scans[:1], make_recipe()).refresh,
        refresh(scans, make_recipe(minimum_voxels=30)).refresh,
    ]
    assert len(set(ids)) == 3


def test_every_column_of_every_table_is_in_the_dictionary_with_a_description(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Callable[..., Published]
) -> None:
    refresh([make_scan("p1", 50), make_scan("p1", 80, modality="PT")], make_recipe())
    rows = read_table(store.dictionary).to_pylist()
    declared = {(row["block"], row["name"]) for row in rows}
    actual = {
        (block, name)
        for block in ("region", "radiomics", "deep", "clinical")
        for name in read_mart(store, block, "demo").schema.names
    }
    assert declared == actual
    assert [row["name"] for row in rows if not row["description"]] == []
    mean = next(row for row in rows if row["name"] == "means__ct__mean")
    assert (mean["recipe"], mean["modality"], mean["version"], mean["role"]) == ("ct", "CT", "means 1", "predictor")
    assert {row["role"] for row in rows if row["name"].endswith("result")} == {"fact"}


def test_a_changed_file_is_refused(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Callable[..., Published]
) -> None:
    refresh([make_scan("p1", 50)], make_recipe())
    path = store.mart("clinical", "demo")
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match="is not the file that the manifest names; run radweave refresh demo"):
        read_mart(store, "clinical", "demo")
    path.unlink()
    with pytest.raises(StoreError, match="is not the file that the manifest names"):
        read_mart(store, "clinical", "demo")


def test_a_cohort_that_was_never_refreshed_is_named(store: Store) -> None:
    assert manifest_files(store) == {}
    with pytest.raises(StoreError, match='the store has no region table of cohort "demo": run radweave refresh demo'):
        read_mart(store, "region", "demo")


def test_a_store_of_another_schema_is_refused(store: Store) -> None:
    store.manifest.parent.mkdir(parents=True)
    store.manifest.write_text('{"schema": 99, "files": {}, "refreshes": {}}')
    with pytest.raises(StoreError, match="schema 99, this radweave reads 1"):
        read_mart(store, "region", "demo")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}'])
def test_a_damaged_manifest_is_a_store_error(store: Store, text: str) -> None:
    store.manifest.parent.mkdir(parents=True)
    store.manifest.write_text(text)
    with pytest.raises(StoreError, match=r"manifest\.json: cannot be read"):
        read_mart(store, "region", "demo")


def test_cohorts_stand_side_by_side(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Callable[..., Published], tmp_path: Path
) -> None:
    refresh([make_scan("p1", 50)], make_recipe())
    publish(store, "other", [], [], [], {})
    assert [path.relative_to(store.root / "mart").parts[1] for path in mart_paths(store, "region")] == [
        "cohort=demo",
        "cohort=other",
    ]
    assert set(read_table(store.dictionary)["cohort"].to_pylist()) == {"demo", "other"}
    assert set(json.loads(store.manifest.read_text())["refreshes"]) == {"demo", "other"}
    assert read_mart(store, "region", "other").num_rows == 0
    assert isinstance(read_mart(store, "region", "demo", ["case"]), pa.Table)
    assert str(tmp_path) not in store.manifest.read_text()
