"""publish: every scan is counted once, columns are described, unchanged cases come from the tables before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pyarrow as pa
import pytest

from features.core.case import Scan
from features.core.column import Column
from features.core.errors import ConfigError, StoreError
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Quarantined, Rejected
from features.core.storage.store import Store
from features.core.storage.table import Schema
from features.images.index.index_cohort import Index
from features.results import extract_scans as extract
from features.results.known_results import KnownResults
from features.results.manifest import Mart, newest, refresh_numbers
from features.results.patients import Tables, known_tables
from features.results.publish import publish
from features.results.published import Published
from features.results.work import features_of
from features.tables.patient import KEY, PatientTable

MakeScan = Callable[..., Scan]
MakeRecipe = Callable[..., Recipe]
Refresh = Callable[..., Published]
REJECTED = Quarantined("demo", "A", "demo:p8:baseline", "CT", "index", "MASK_MISSING", "an image has no mask", {"n": 1})


def read(store: Store, table: str, cohort: str = "demo") -> list[dict]:
    return Mart.open(store).read(table, cohort).to_pylist()


def test_counts_close_and_every_loss_has_a_row(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, fail: dict
) -> None:
    fail[60] = Rejected("TOO_MANY_BINS")
    scans = [
        make_scan("p1", 50),
        make_scan("p2", 60),
        make_scan("p3", 70, empty=True),
        make_scan("p1", 80, modality="PT"),
    ]
    found = refresh(scans, make_recipe(), rejected=[REJECTED], withdrawn=2)
    assert (found.scans, found.used, found.withdrawn) == (7, 2, 2)
    assert dict(found.quarantined) == {"MASK_EMPTY": 1, "MASK_MISSING": 1, "TOO_MANY_BINS": 1}
    assert found.rows == {"region": 2, "radiomics/ct": 1, "clinical": 2}
    rows = read(store, "quarantine")
    assert {(row["case"], row["stage"], row["code"], bool(row["result"])) for row in rows} == {
        ("demo:p2:baseline", "extract", "TOO_MANY_BINS", True),
        ("demo:p3:baseline", "quality", "MASK_EMPTY", True),
        ("demo:p8:baseline", "index", "MASK_MISSING", False),
        ("demo:p9", "tables", "TAB_TIME", False),
    }
    assert json.loads(next(row["details"] for row in rows if row["stage"] == "index")) == {"n": 1}
    states = {(row["case"], row["modality"]): row["state"] for row in read(store, "scans")}
    assert list(states.values()) == ["used", "used", "TOO_MANY_BINS", "MASK_EMPTY"]


def test_a_scan_that_two_extractors_lose_is_counted_once(
    make_scan: MakeScan,
    make_recipe: MakeRecipe,
    store: Store,
    refresh: Refresh,
    fail: dict,
    kinds: dict[str, type[Extractor]],
) -> None:
    fail[60] = Rejected("TOO_MANY_BINS")
    recipe = make_recipe(kinds["means"](), kinds["batched"]())  # type: ignore[call-arg]
    found = refresh([make_scan("p2", 60)], recipe)
    assert (found.scans, found.used, dict(found.quarantined)) == (1, 0, {"TOO_MANY_BINS": 1})
    assert len(read(store, "quarantine")) == 3


def test_counts_that_do_not_close_are_a_bug() -> None:
    with pytest.raises(AssertionError, match="3 scans in, 1 used"):
        Published("demo", 1, True, 3, 1, {"MASK_EMPTY": 1})


def test_a_missing_result_is_a_lost_worker_and_is_tried_again(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, seen: list[int]
) -> None:
    scans, recipe = [make_scan("p1", 50), make_scan("p2", 60)], make_recipe()
    found = refresh(scans, recipe, lost=["p2"])
    assert (found.used, dict(found.quarantined)) == (1, {"WORKER_LOST": 1})
    found = refresh(scans, recipe)
    assert (found.used, dict(found.quarantined), found.changed) == (2, {}, True)
    assert len(seen) == 2


def test_a_refresh_knows_the_kernels_that_computed_its_values_and_nothing_depends_on_them(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "kernel", lambda: "openblas Haswell; numpy X86_V3")
    scans, recipe = [make_scan("p1", 50), make_scan("p2", 60)], make_recipe()
    refresh(scans[:1], recipe)
    assert newest(store).cohorts["demo"].kernels == ("openblas Haswell; numpy X86_V3",)
    monkeypatch.setattr(extract, "kernel", lambda: "openblas SkylakeX; numpy X86_V3 X86_V4")
    assert not refresh(scans[:1], recipe).changed
    refresh(scans, recipe)
    assert newest(store).cohorts["demo"].kernels == (
        "openblas Haswell; numpy X86_V3",
        "openblas SkylakeX; numpy X86_V3 X86_V4",
    )


def test_values_nulls_and_addresses_stand_in_the_mart(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    scans, recipe = [make_scan("p1", 50), make_scan("p1", 80, modality="PT")], make_recipe()
    refresh(scans, recipe)
    (row,) = read(store, "radiomics")
    assert row["means__ct__mean"] == pytest.approx(50, abs=1e-4)
    assert row["means__ct__undefined"] is None
    assert row["means__ct__result"] == features_of(scans[0], recipe, recipe.extractors[0]).address
    (row,) = read(store, "region")
    assert row["region__ct__intensity_mean"] == pytest.approx(50, abs=1e-4)
    assert row["region__pt__intensity_mean"] == pytest.approx(80, abs=1e-4)
    assert row["region__ct__slice_thickness_mm"] is None
    assert [(entry["case"], entry["modality"]) for entry in read(store, "scans")] == [
        ("demo:p1:baseline", m) for m in ("CT", "PT")
    ]


def test_publishing_again_commits_nothing(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, seen: list[int]
) -> None:
    scans, recipe = [make_scan(f"p{i}", 50 + i) for i in range(3)], make_recipe()
    first = refresh(scans, recipe, rejected=[REJECTED])
    second = refresh(scans, recipe, rejected=[REJECTED])
    assert (first.changed, second.changed) == (True, False)
    assert refresh_numbers(store) == [1]
    assert second.rows == first.rows
    assert len(seen) == 3


def test_unchanged_cases_are_taken_from_the_tables_before(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, seen: list[int]
) -> None:
    """Their results in work/ may be gone; a new case adds its own; the bytes are those of a store that never had another."""
    scans, recipe = [make_scan(f"p{i}", 50 + i) for i in range(4)], make_recipe()
    refresh(scans[:3], recipe)
    shutil.rmtree(store.root / "work")
    found = refresh([scans[3], *scans[1:3]], recipe)
    assert (found.used, found.refresh, len(seen)) == (3, 2, 4)
    mart = Mart.open(store)
    shutil.rmtree(store.root)
    refresh(scans[1:], recipe)
    again = Mart.open(store).manifest
    assert {name: file.sha256 for name, file in mart.manifest.files.items()} == {
        name: file.sha256 for name, file in again.files.items()
    }


def test_a_damaged_table_is_woven_anew_from_work(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, seen: list[int]
) -> None:
    scans, recipe = [make_scan("p1", 50), make_scan("p2", 60)], make_recipe()
    refresh(scans[:1], recipe)
    path = store.root / Mart.open(store).manifest.files["radiomics/ct/demo"].path
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    refresh(scans, recipe)
    assert [row["means__ct__mean"] for row in read(store, "radiomics")] == pytest.approx([50, 60], abs=1e-4)
    assert len(seen) == 2
    known = KnownResults(store, "demo")
    assert known.table("radiomics/ct") is not None
    assert known.damaged == []


def test_a_damaged_table_is_woven_anew_though_nothing_changed(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh, seen: list[int]
) -> None:
    scans, recipe = [make_scan("p1", 50)], make_recipe()
    refresh(scans, recipe)
    path = store.root / Mart.open(store).manifest.files["radiomics/ct/demo"].path
    data = path.read_bytes()
    path.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    assert refresh(scans, recipe).changed
    assert path.read_bytes() == data
    assert len(seen) == 1


def test_tables_of_patients_are_taken_from_the_refresh_before(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    refresh([make_scan("p1", 50)], make_recipe())
    kept = known_tables(KnownResults(store, "demo"))
    assert kept is not None
    assert kept["clinical"].table.to_pylist() == read(store, "clinical")
    assert [column.unit for column in kept["clinical"].columns if column.name == "age"] == ["years"]
    assert [row.code for row in kept["clinical"].quarantined] == ["TAB_TIME"]


def test_patients_that_do_not_meet_are_listed_on_both_sides(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    refresh([make_scan("p1", 50), make_scan("p5", 60)], make_recipe(), rejected=[REJECTED])
    rows = {(row["patient"], row["present_in"], row["absent_from"]) for row in read(store, "unmatched")}
    assert rows == {
        ("p5", "images", "clinical"),
        ("p8", "images", "clinical"),
        ("p2", "clinical", "images"),
        ("p9", "clinical", "images"),
    }


def test_every_column_of_every_table_is_in_the_dictionary_with_a_description(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    refresh([make_scan("p1", 50), make_scan("p1", 80, modality="PT")], make_recipe())
    rows = read(store, "dictionary")
    mart = Mart.open(store)
    tables = {*(name.split("/")[0] for name in mart.manifest.files), "deep"}
    actual = {(table, name) for table in tables for name in mart.read(table, "demo").schema.names}
    assert {(row["block"], row["name"]) for row in rows} == actual
    assert [row["name"] for row in rows if not row["description"]] == []
    mean = next(row for row in rows if row["name"] == "means__ct__mean")
    assert (mean["recipe"], mean["modality"], mean["version"], mean["role"]) == ("ct", "CT", "means 1", "predictor")
    assert {row["role"] for row in rows if row["name"].endswith("result")} == {"fact"}


def test_a_column_of_another_type_in_another_cohort_is_refused(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    refresh([make_scan("p1", 50)], make_recipe())
    columns = (*KEY, Column("age", "string", "age, as young or old"))
    table = PatientTable(Schema("clinical", columns).table([]), columns)
    with pytest.raises(ConfigError, match=r'clinical\.age: the type differs between cohorts; found "string" in other'):
        publish(store, Index("other", (), (), {}), [], [], Tables("", lambda: {"clinical": table}))
    assert refresh_numbers(store) == [1]


def test_cohorts_stand_side_by_side(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    refresh([make_scan("p1", 50)], make_recipe())
    found = refresh([], make_recipe(), cohort="other", patients=())
    mart = Mart.open(store)
    assert (found.refresh, mart.manifest.refresh, mart.manifest.parent) == (2, 2, 1)
    assert {name: state.refreshed for name, state in mart.manifest.cohorts.items()} == {"demo": 1, "other": 2}
    assert mart.read("region", "other").num_rows == 0
    assert isinstance(mart.read("region", "demo", ["case"]), pa.Table)
    assert sorted(path.name for path in store.mart.glob("region/*")) == ["demo.parquet", "other.parquet"]


def test_two_refreshes_at_once_do_not_mix(
    make_scan: MakeScan, make_recipe: MakeRecipe, store: Store, refresh: Refresh
) -> None:
    """Without locks (object storage) the second commit of a cohort sees that its known is old."""
    from features.images.index.index_cohort import Index
    from features.results.publish import publish

    late = KnownResults(store, "demo")
    refresh([make_scan("p1", 50)], make_recipe())
    before = Mart.open(store).manifest
    with pytest.raises(StoreError, match='"demo" was refreshed by another process meanwhile'):
        publish(store, Index("demo", (), (), {}), [], [], Tables("", dict), late)
    assert Mart.open(store).manifest == before
