"""LoG of IBSI-2: the sampled kernel of its formula, linear, whichever part of the image is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.core.kinds.filter import Source
from features.radiomics.filters.ibsi_log import IbsiLog

WHOLE = (slice(0, 21), slice(0, 21), slice(0, 21))


def _derive(image: Any, **settings: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    box = settings.pop("box", tuple(slice(0, n) for n in image.shape))
    return next(IbsiLog(**settings).derive(Source(image, (2.0, 2.0, 2.0), box)))[1]


@pytest.mark.parametrize(("dimensions", "count"), [("2D", 2), ("3D", 3)])
def test_the_response_to_an_impulse_is_the_kernel(dimensions: str, count: int) -> None:
    image = np.zeros((21, 21, 21))
    image[10, 10, 10] = 1
    found = _derive(image, sigma_mm=4, dimensions=dimensions, boundary="zero")
    z, y, x = np.mgrid[-10:11, -10:11, -10:11]
    squares = x**2 + y**2 + (z**2 if count == 3 else 0)
    kernel = -1 / 4 * (1 / (np.sqrt(2 * np.pi) * 2)) ** count * (count - squares / 4) * np.exp(-squares / 8)
    outside = np.maximum(abs(x), abs(y)) > 8
    outside |= abs(z) > 8 if count == 3 else z != 0
    np.testing.assert_allclose(found, np.where(outside, 0, kernel), atol=1e-15)


def test_the_response_is_linear_and_nearly_zero_where_the_image_is_flat() -> None:
    one, two = np.random.default_rng(0).normal(size=(2, 9, 9, 9))
    both = _derive(3 * one - two, sigma_mm=3)
    np.testing.assert_allclose(both, 3 * _derive(one, sigma_mm=3) - _derive(two, sigma_mm=3), atol=1e-12)
    assert np.abs(_derive(np.ones((9, 9, 9)), sigma_mm=3)).max() < 2e-3


def test_a_part_is_cut_from_the_whole() -> None:
    image = np.random.default_rng(0).normal(size=(9, 10, 11))
    box = (slice(0, 3), slice(5, 8), slice(2, 4))
    np.testing.assert_allclose(_derive(image, sigma_mm=3, box=box), _derive(image, sigma_mm=3)[box], atol=1e-14)


def test_names_tell_the_settings() -> None:
    assert IbsiLog(sigma_mm=1.5).names() == ["ibsi-log-1-5-3D-mirror"]
    assert IbsiLog(sigma_mm=3, cutoff=3.5, dimensions="2D").names() == ["ibsi-log-3-cutoff-3-5-2D-mirror"]
