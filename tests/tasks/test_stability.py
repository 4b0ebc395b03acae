"""Stability over the scans of a cohort: kept scan by scan, resumed, and gone with the scan's own features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest

from features.core.case import CaseId, Scan
from features.core.column import Column
from features.core.errors import RadweaveError
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.region import Region
from features.core.storage.store import Store
from features.core.storage.table import read_provenance, read_table
from features.radiomics.perturb import PERTURBATIONS as KINDS
from features.radiomics.stability import Perturbations, load_perturbations
from features.results.known_results import KnownResults
from features.results.prefixes import settings_digests
from features.results.work import features_of
from flows.stability import PERTURBATIONS
from tasks.running.pool import Pool
from tasks.running.runners.threads import Threads
from tasks.stability import measure_stability, work_block
from tests.support.measured import measured
from tests.support.scans import nifti_files

CHAINS = Perturbations.model_validate(
    {"chains": [[], [{"kind": "noise", "sd": 5}], [{"kind": "volume", "change": 0.2}]]}
)


class _Two(Extractor):
    kind: Literal["two"] = "two"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"

    @property
    def version(self) -> str:
        return "1"

    def columns(self, recipe: Recipe) -> list[Column]:
        return [Column("mean", "float64", "mean"), Column("volume", "float64", "volume")]

    def extract_batch(self, regions: Sequence[Region], recipe: Recipe) -> list[Mapping[str, float]]:
        return [{"mean": float(region.values.mean()), "volume": region.volume_ml} for region in regions]


RECIPE = Recipe.model_validate(
    {"name": "ct", "modality": "CT", "unit": "HU", "discretise": {"bin_count": 8}, "extractors": [_Two()]}
)


@pytest.fixture
def scans(tmp_path: Path) -> list[Scan]:
    found = []
    for i in range(5):
        rng = np.random.default_rng(i)
        mask = np.zeros((20, 20, 12), np.uint8)
        mask[6 : 12 + i, 6:14, 3:9] = 1
        image = nifti_files(tmp_path / f"{i}.nii.gz", rng.normal(20 * i, 10, mask.shape).astype(np.float32))
        case = CaseId("demo", f"p{i}")
        found.append(Scan(case, "A", "CT", "HU", image, nifti_files(tmp_path / f"{i}m.nii.gz", mask), "1"))
    return found


def _run(scans: Sequence[Scan], store: Store, known: KnownResults | None = None) -> dict[str, float]:
    known = known or KnownResults(store, "demo")
    with Pool(Threads(workers=1)) as pool:
        works = [features_of(scan, RECIPE, _Two()) for scan in scans]
        found = measure_stability.fn("demo", works, CHAINS, known, pool)
    return {row.feature: row.icc_2_1 for row in found}


def test_scores_are_a_table_of_the_store(scans: list[Scan], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    found = _run(scans, store)
    path = store.stability("demo", "two__ct__")
    table = read_table(path).to_pandas().set_index("feature")
    assert table["icc_2_1"].to_dict() == found
    assert found["two__ct__mean"] > 0.99 > found["two__ct__volume"]
    assert set(table["n"]) == {5} and set(table["k"]) == {3}
    provenance = read_provenance(path)
    assert provenance["settings"] == settings_digests(measured(RECIPE))["two__ct__"]
    assert Perturbations.model_validate_json(provenance["perturbations"]) == CHAINS


def test_what_was_measured_is_not_measured_again(scans: list[Scan], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    _run(scans[:3], store)
    times = {path: path.stat().st_mtime_ns for path in (store.root / "work").rglob("*.parquet")}
    whole = _run(scans, store)
    again = {path: path.stat().st_mtime_ns for path in (store.root / "work").rglob("*.parquet")}
    assert len(times) == 3 and len(again) == 5
    assert times.items() <= again.items()
    assert whole == _run(scans, Store(tmp_path / "other"))  # whatever was there before
    damaged, known = min(again), KnownResults(store, "demo")
    data = damaged.read_bytes()
    damaged.write_bytes(data[:-9])
    assert whole == _run(scans, store, known)
    assert (known.spoilt, damaged.read_bytes()) == ([damaged], data)


def test_measurements_lie_under_the_address_of_the_features(scans: list[Scan], tmp_path: Path) -> None:
    """So that a withdrawal, which knows these addresses, takes them along."""
    store = Store(tmp_path / "store")
    _run(scans, store)
    assert store.results() == {work_block(CHAINS): {features_of(scan, RECIPE, _Two()).address for scan in scans}}


def test_a_scan_that_cannot_be_read_is_left_out(scans: list[Scan], tmp_path: Path) -> None:
    scans[0].image.paths[0].write_bytes(b"x")
    store = Store(tmp_path / "store")
    _run(scans, store)
    assert set(read_table(store.stability("demo", "two__ct__"))["n"].to_pylist()) == {4}


def test_one_scan_is_too_few(scans: list[Scan], tmp_path: Path) -> None:
    with pytest.raises(RadweaveError, match='stability of cohort "demo" needs two scans that fit the recipe; it has 1'):
        _run(scans[:1], Store(tmp_path / "store"))


def test_the_perturbations_of_radweave_are_of_every_kind() -> None:
    found = load_perturbations(PERTURBATIONS)
    assert found.chains[0] == ()
    kinds = {one.kind for chain in found.chains for one in chain}
    assert kinds == set(KINDS.modules)
