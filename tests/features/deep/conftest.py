"""Regions with a block of ROI, and the recipe for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from features.core.kinds.recipe import Recipe
from features.core.region import Region, Volume


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return Recipe.model_validate(
        {
            "name": "ct",
            "modality": "CT",
            "unit": "HU",
            "discretise": {"bin_width": 25},
            "window": [-100, 100],
            "extractors": ["efficientnet_lite0"],
        }
    )


@pytest.fixture(scope="session")
def make_region() -> Callable[..., Region]:
    def build(
        box: tuple[slice, slice, slice] = (slice(2, 5), slice(10, 18), slice(8, 20)),
        *,
        shape: tuple[int, int, int] = (8, 30, 32),
        seed: int = 0,
    ) -> Region:
        array = np.random.default_rng(seed).normal(0, 60, shape)
        mask = np.zeros(shape, bool)
        mask[box] = True
        return Region(Volume(array, (1.0, 1.0, 3.0)), mask)

    return build
