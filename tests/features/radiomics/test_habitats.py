"""Habitats: planted parts are found, ordered by intensity, and undefined where there are too few values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from features.core.kinds.filter import Filter, Source
from features.core.kinds.recipe import Recipe
from features.core.region import Region, Volume
from features.radiomics.extractors.habitats import Habitats

RECIPE = Recipe.model_validate(
    {"name": "ct", "modality": "CT", "unit": "HU", "discretise": {"bin_count": 8}, "extractors": ["habitats"]}
)


class _Columns(Filter):
    """An image that tells the right half from the left one."""

    kind: Literal["columns"] = "columns"

    def names(self) -> list[str]:
        return ["columns"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        image, _ = source.crop((0, 0, 0))
        x = np.arange(image.shape[2])
        yield "columns", np.broadcast_to(np.where(x >= image.shape[2] // 2, 1.0, 0.0), image.shape).copy()


def _region() -> Region:
    """A fifth at 100, half at -50 and three tenths at 20, with noise of 1."""
    rng = np.random.default_rng(0)
    levels = np.repeat([100.0, -50.0, 20.0], [200, 500, 300])
    array = np.zeros((14, 14, 14))
    mask = np.zeros(array.shape, bool)
    mask[2:12, 2:12, 2:12] = True
    array[mask] = rng.permutation(levels) + rng.normal(0, 1, 1000)
    return Region(Volume(array, (1.0, 1.0, 1.0)), mask)


def _values(region: Region, **settings: Any) -> dict[str, float]:
    return dict(Habitats(**settings).extract(region, RECIPE))


def test_planted_habitats_are_found_and_ordered_by_intensity() -> None:
    found = _values(_region())
    assert [found[f"fraction_{i}"] for i in (1, 2, 3)] == [0.5, 0.3, 0.2]
    assert [found[f"mean_{i}"] for i in (1, 2, 3)] == pytest.approx([-50, 20, 100], abs=0.3)


def test_fractions_add_up_and_means_to_the_mean_of_the_roi() -> None:
    region = _region()
    found = _values(region, number=5, seed=3)
    shares = np.array([found[f"fraction_{i}"] for i in range(1, 6)])
    means = np.array([found[f"mean_{i}"] for i in range(1, 6)])
    assert shares.sum() == pytest.approx(1)
    assert shares @ means == pytest.approx(region.values.mean())
    assert (np.diff(means) > 0).all()


def test_derived_images_tell_voxels_apart_too() -> None:
    region = _region()
    region.volume.array[region.mask] = np.random.default_rng(1).normal(0, 1e-3, 1000)
    region.volume.array[2, 2, 2] = 0.1  # spoils the intensities: without the filter it is a habitat of its own
    alone, both = _values(region, number=2), _values(region, number=2, filters=[_Columns()])
    assert min(alone["fraction_1"], alone["fraction_2"]) < 0.01
    assert (both["fraction_1"], both["fraction_2"]) == (0.5, 0.5)


def test_too_few_distinct_values_have_no_habitats() -> None:
    region = _region()
    region.volume.array[region.mask] = np.resize([1.0, 2.0], 1000)
    assert np.isnan(list(_values(region).values())).all()
    assert _values(region, number=2)["fraction_1"] == 0.5
