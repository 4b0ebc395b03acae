"""Simoncelli's wavelet: nothing of a flat image, the same for all parts of an image and all directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.core.kinds.filter import Source
from features.radiomics.filters.simoncelli import Simoncelli

Array = np.ndarray[Any, np.dtype[Any]]


def _derive(image: Array, **settings: Any) -> Array:
    box = settings.pop("box", tuple(slice(0, n) for n in image.shape))
    return next(Simoncelli(**settings).derive(Source(image, (1.0, 1.0, 1.0), box)))[1]


def _random(*sizes: int) -> Array:
    return np.random.default_rng(0).normal(size=sizes)


@pytest.mark.parametrize("boundary", ["periodic", "mirror", "nearest"])
def test_a_flat_image_has_no_response(boundary: str) -> None:
    assert np.abs(_derive(np.full((9, 10, 11), 5), boundary=boundary)).max() < 1e-12


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_wave_stays_in_the_middle_of_its_band_and_is_lost_an_octave_beside_it(level: int) -> None:
    image = np.broadcast_to(np.cos(2 * np.pi * 2 ** (5 - level) * np.arange(65) / 65), (2, 65, 65))
    np.testing.assert_allclose(_derive(image, level=level, dimensions="2D"), image, atol=1e-12)
    for other in {1, 2, 3} - {level}:
        assert np.abs(_derive(image, level=other, dimensions="2D")).max() < 1e-12


@pytest.mark.parametrize("dimensions", ["2D", "3D"])
@pytest.mark.parametrize("boundary", ["periodic", "mirror", "zero"])
def test_a_part_is_cut_from_the_whole(boundary: str, dimensions: str) -> None:
    image, box = _random(9, 10, 11), (slice(1, 3), slice(5, 8), slice(2, 4))
    settings = {"boundary": boundary, "dimensions": dimensions, "level": 2}
    np.testing.assert_allclose(_derive(image, **settings, box=box), _derive(image, **settings)[box], atol=1e-12)


def test_responses_turn_with_an_image_of_odd_sizes() -> None:
    image = _random(9, 9, 9)
    found = _derive(image)
    for axes in ((0, 1), (0, 2), (1, 2)):
        np.testing.assert_allclose(_derive(np.rot90(image, axes=axes)), np.rot90(found, axes=axes), atol=1e-12)


def test_the_response_is_linear() -> None:
    one, two = _random(2, 8, 9, 10)
    np.testing.assert_allclose(_derive(3 * one - two), 3 * _derive(one) - _derive(two), atol=1e-12)


def test_names_tell_the_settings() -> None:
    assert Simoncelli(level=2, dimensions="2D").names() == ["simoncelli-level-2-2D-periodic"]
