"""Stability of features under perturbations, over the regions of a cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from features.core.column import Column
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.region import Region, Volume
from features.radiomics.perturb import PERTURBATIONS
from features.radiomics.stability import stability


class _Few(Extractor):
    """A mean, the highest intensity (which noise changes), a volume, and what is always the same."""

    kind: Literal["few"] = "few"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"

    @property
    def version(self) -> str:
        return "1"

    def columns(self, recipe: Recipe) -> list[Column]:
        return [Column(name, "float64", name) for name in ("mean", "highest", "volume", "one")]

    def extract_batch(self, regions: Sequence[Region], recipe: Recipe) -> list[Mapping[str, float]]:
        return [
            {"mean": float(r.values.mean()), "highest": float(r.values.max()), "volume": r.volume_ml, "one": 1.0}
            for r in regions
        ]


RECIPE = Recipe.model_validate(
    {"name": "ct", "modality": "CT", "unit": "HU", "discretise": {"bin_count": 8}, "extractors": [_Few()]}
)


def _regions(count: int = 8) -> list[Region]:
    found = []
    for i in range(count):
        rng = np.random.default_rng(i)
        mask = np.zeros((12, 24, 24), bool)
        half = 3 + i % 4
        mask[3:9, 12 - half : 12 + half, 12 - half : 12 + half] = True
        found.append(Region(Volume(rng.normal(50 + 3 * i, 10, mask.shape), (1.0, 1.0, 1.0)), mask))
    return found


def test_noise_touches_the_highest_intensity_more_than_the_mean_and_the_volume_not_at_all() -> None:
    chains = [[], *[[PERTURBATIONS.parse({"kind": "noise", "sd": 10.0})]] * 3]
    found = {row.feature: row for row in stability(_regions(), RECIPE, _Few(), chains, np.random.default_rng(0))}
    assert {(row.n, row.k) for row in found.values()} == {(8, 4)}
    assert found["volume"].icc_2_1 == 1.0
    assert found["mean"].icc_2_1 > 0.97 > found["highest"].icc_2_1
    assert found["mean"].icc_2_1_low < found["mean"].icc_2_1 < found["mean"].icc_2_1_high
    assert np.isnan(found["one"].icc_3_1)


def test_growth_lowers_agreement_of_the_volume_and_not_its_consistency() -> None:
    chains = [[], [PERTURBATIONS.parse({"kind": "volume", "change": 0.3})]]
    found = {row.feature: row for row in stability(_regions(), RECIPE, _Few(), chains, np.random.default_rng(0))}
    assert found["volume"].icc_2_1 < found["volume"].icc_3_1


def test_a_region_that_a_perturbation_destroys_is_left_out() -> None:
    chains = [[], [PERTURBATIONS.parse({"kind": "volume", "change": -0.9})]]
    rows = stability(_regions(), RECIPE, _Few(), chains, np.random.default_rng(0))
    smallest = sorted(region.mask.sum() for region in _regions())
    assert {row.n for row in rows} == {sum(round(0.1 * n) >= 27 for n in smallest)}


def test_equal_generators_give_equal_tables() -> None:
    chains = [[PERTURBATIONS.parse({"kind": "noise"})], [PERTURBATIONS.parse({"kind": "contour"})]]
    first, second = (stability(_regions(4), RECIPE, _Few(), chains, np.random.default_rng(7))[:3] for _ in range(2))
    assert first == second
