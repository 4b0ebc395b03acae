"""Views of samplings as they are asked for by settings, and images whose voxels are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from features.core.kinds.recipe import Recipe
from features.core.kinds.sampling import SAMPLINGS, Shape
from features.core.region import Region, Vector, Volume


@pytest.fixture
def shown(recipe: Recipe) -> Callable[..., np.ndarray]:
    """Views of a sampling in a size; window: the intensities that become 0 and 1."""

    def sample(
        settings: Any,
        *regions: Region,
        size: Sequence[int],
        window: tuple[float, float] = (-100.0, 100.0),
        spacing_mm: Vector | None = None,
        orientation: str = "",
    ) -> np.ndarray:
        preparation = recipe.model_copy(update={"window": window})
        shape = Shape(tuple(size), 1, spacing_mm, orientation)
        return SAMPLINGS.parse(settings).sample(regions, preparation, shape)

    return sample


@pytest.fixture(scope="session")
def box() -> Callable[..., np.ndarray]:
    def build(shape: tuple[int, int, int], *where: slice) -> np.ndarray:
        mask = np.zeros(shape, bool)
        mask[where] = True
        return mask

    return build


@pytest.fixture(scope="session")
def numbered() -> Callable[..., Region]:
    """Every voxel holds its own number."""

    def build(mask: np.ndarray, spacing: Vector = (1.0, 1.0, 1.0)) -> Region:
        return Region(Volume(np.arange(mask.size, dtype=float).reshape(mask.shape), spacing), mask)

    return build
