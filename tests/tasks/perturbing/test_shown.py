"""What networks are shown of perturbed regions, and their features of it, chain by chain."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from features.core.case import CaseId, Scan
from features.core.column import Column
from features.core.kinds.extractor import Extractor, Values
from features.core.kinds.preparation import Preparation
from features.core.kinds.recipe import Recipe
from features.core.kinds.sampling import SAMPLINGS, Pixels, Shape, Shown, to_unit
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.radiomics.stability import Perturbations
from features.results.known_results import KnownResults
from features.results.samples import load_samples
from features.results.work import Extraction, features_of
from tasks.perturbing.shown import PerturbedViews, extract_perturbed, show_perturbed
from tasks.running.pool import Pool
from tasks.running.runners.threads import Threads
from tasks.stability import measure_stability
from tests.support.measured import compute
from tests.support.scans import nifti_files

CHAINS = Perturbations.model_validate(
    {"chains": [[], [{"kind": "noise", "sd": 20}], [{"kind": "volume", "change": -0.9}]]}
)


class Eye(Extractor):
    """Sees the mean and the spread of the largest slice; feels the number of regions it is given at once."""

    kind: Literal["eye"] = "eye"
    block: ClassVar[Literal["radiomics", "deep"]] = "deep"
    batched: ClassVar[bool] = True
    given: ClassVar[list[int]] = []

    @property
    def version(self) -> str:
        return "1"

    @property
    def shown(self) -> tuple[Shown, ...]:
        return (Shown(SAMPLINGS.parse("largest"), Shape((16, 16), 3)),)

    def columns(self, preparation: Preparation) -> list[Column]:
        return [Column(name, "float32", name) for name in ("mean", "spread")] + [
            Column("fact", "float32", "", role="fact")
        ]

    def extract_batch(self, regions: Sequence[Region], preparation: Preparation) -> list[Values]:
        raise NotImplementedError

    def extract_samples(self, samples: Sequence[Sequence[Pixels]]) -> list[Values | Rejected]:
        self.given.append(len(samples))
        views = [to_unit(one) for (one,) in samples]
        return [{"mean": float(one.mean()), "spread": float(one.std()), "fact": 1.0} for one in views]


SETTINGS: dict[str, Any] = {"modality": "CT", "unit": "HU", "window": [-100, 200], "discretise": {"bin_count": 8}}
RECIPE = Recipe.model_validate({"name": "ct", **SETTINGS, "extractors": [Eye()]})


@pytest.fixture
def works(tmp_path: Path) -> list[Extraction]:
    found = []
    for i in range(3):
        rng = np.random.default_rng(i)
        mask = np.zeros((24, 24, 8), np.uint8)
        mask[8:15, 8:14, 2:6] = 1
        image = nifti_files(tmp_path / f"{i}.nii.gz", rng.normal(30 * i, 10, mask.shape).astype(np.float32))
        case = CaseId("demo", f"p{i}")
        scan = Scan(case, "A", "CT", "HU", image, nifti_files(tmp_path / f"{i}m.nii.gz", mask), "1")
        found.append(features_of(scan, RECIPE, Eye()))
    return found


def shown(work: Extraction, store: Store) -> PerturbedViews:
    found = show_perturbed(work, perturbations=CHAINS, store=store)
    assert isinstance(found, PerturbedViews)
    return found


def test_the_region_as_it_is_is_shown_as_in_a_refresh(works: list[Extraction], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    compute(works[:1], store)
    kept = load_samples(works[0], store)
    assert not isinstance(kept, Rejected)
    as_it_is, noisy, shrunk = shown(works[0], store).views
    assert as_it_is is not None
    assert noisy is not None
    assert shrunk is None  # too few voxels are left
    np.testing.assert_array_equal(as_it_is[0], kept.views[0])
    assert not np.array_equal(noisy[0], as_it_is[0])
    np.testing.assert_array_equal(shown(works[0], store).views[1][0], noisy[0])  # type: ignore[index]


def test_all_views_of_some_scans_are_one_batch(works: list[Extraction], tmp_path: Path) -> None:
    Eye.given.clear()
    found = extract_perturbed([shown(work, Store(tmp_path / "store")) for work in works])
    assert Eye.given == [6]
    assert [[bool(values) for values in one] for one in found if not isinstance(one, Rejected)] == [
        [True, True, False]
    ] * 3


def test_stability_of_a_network_is_measured_and_kept_scan_by_scan(works: list[Extraction], tmp_path: Path) -> None:
    store, chains = Store(tmp_path / "store"), CHAINS.model_copy(update={"chains": CHAINS.chains[:2]})
    known = KnownResults(store, "demo")
    with Pool(Threads(workers=1)) as pool:
        rows = measure_stability.fn("demo", works, chains, known, pool)
        Eye.given.clear()
        again = measure_stability.fn("demo", works, chains, known, pool)
    assert Eye.given == []
    assert again == rows
    assert [(row.feature, row.n, row.k) for row in rows] == [("eye__ct__mean", 3, 2), ("eye__ct__spread", 3, 2)]
    assert rows[0].icc_2_1 > 0.95
    assert read_table(store.stability("demo", "eye__ct__")).num_rows == 2


def test_images_that_are_shown_together_are_perturbed_each_by_itself(works: list[Extraction], tmp_path: Path) -> None:
    recipe = Recipe.model_validate({"name": "two", **SETTINGS, "channels": ["t1", "t2"], "extractors": [Eye()]})
    store, scans = Store(tmp_path / "store"), [work.scan for work in works]
    both = [features_of(scan, recipe, Eye(), (other,)) for scan, other in zip(scans, scans[::-1], strict=True)]
    copy = shutil.copy(scans[1].image.paths[0], tmp_path / "copy.nii.gz")
    twin = replace(scans[1], image=replace(scans[1].image, paths=(copy,)))
    as_it_is, noisy, _ = shown(features_of(scans[1], recipe, Eye(), (twin,)), store).views
    assert as_it_is is not None and noisy is not None and as_it_is[0].shape == (1, 2, 16, 16)
    np.testing.assert_array_equal(as_it_is[0][0, 0], as_it_is[0][0, 1])
    assert not np.array_equal(noisy[0][0, 0], noisy[0][0, 1])
    known = KnownResults(store, "demo")
    chains = CHAINS.model_copy(update={"chains": CHAINS.chains[:2]})
    with Pool(Threads(workers=1)) as pool:
        rows = measure_stability.fn("demo", both, chains, known, pool)
    assert [(row.n, row.k) for row in rows] == [(3, 2), (3, 2)]
    scans[0].image.paths[0].write_bytes(b"x")  # the second image of the last case: it is left out, and the first
    other = Store(tmp_path / "other")
    with Pool(Threads(workers=1)) as pool:
        rows = measure_stability.fn("demo", both[1:], chains, KnownResults(other, "demo"), pool)
    assert {row.n for row in rows} == {1}
