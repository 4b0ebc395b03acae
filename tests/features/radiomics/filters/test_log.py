"""LoG: ITK's values on the box of a ROI, wherever it lies, and the laws of a linear filter."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.core.box import bounding_box
from features.core.kinds.filter import FILTERS, Source
from features.core.quarantine import Rejected
from features.core.region import Box, Vector
from features.radiomics.filters.log import Log
from features.radiomics.laplacian import _coefficients, reach

Array = np.ndarray[Any, np.dtype[Any]]
SIZES = st.tuples(*[st.integers(4, 24)] * 3)


def _itk(array: Array, spacing: Vector, sigma: float) -> Array:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    filtered = sitk.LaplacianRecursiveGaussian(image, sigma=sigma, normalizeAcrossScale=True)
    return np.asarray(sitk.GetArrayFromImage(filtered), np.float64)


def _log(array: Array, box: Box, *, sigma: float = 1.0, spacing: Vector = (1.0, 1.0, 1.0)) -> Array:
    [(_, found)] = Log(sigma_mm=(sigma,)).derive(Source(array, spacing, box))
    assert found.flags.c_contiguous and found.dtype == np.float64
    return found


def _random(sizes: tuple[int, ...], seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(-500, 500, sizes).astype(np.int16)


@settings(deadline=None, max_examples=30)
@given(
    sizes=SIZES,
    spacing=st.tuples(*[st.floats(0.6, 3.5)] * 3),
    sigma=st.floats(0.5, 2.2),
    seed=st.integers(0, 999),
    data=st.data(),
)
def test_values_are_those_of_itk_wherever_the_box_lies(
    sizes: tuple[int, int, int], spacing: Vector, sigma: float, seed: int, data: st.DataObject
) -> None:
    assume(all(size > ceil(sigma / step) for size, step in zip(sizes, spacing[::-1], strict=True)))  # else FILTER_SIZE
    array, box = _random(sizes, seed), _draw_box(data, sizes)
    expected = _itk(array, spacing, sigma)
    assert np.abs(_log(array, box, sigma=sigma, spacing=spacing) - expected[box]).max() <= 1e-6 * np.ptp(expected)


def _draw_box(data: st.DataObject, sizes: tuple[int, int, int]) -> Box:
    starts = [data.draw(st.integers(0, n - 1)) for n in sizes]
    z, y, x = (slice(start, data.draw(st.integers(start + 1, n))) for start, n in zip(starts, sizes, strict=True))
    return z, y, x


def test_a_box_far_from_the_borders_is_filtered_as_if_the_image_were_whole() -> None:
    array = _random((40, 60, 70))
    array[:, :30] -= 1000  # air beside the ROI: the map of the box has a smaller range than that of the image
    box = (slice(15, 22), slice(33, 41), slice(30, 50))
    whole = _log(array, (slice(0, 40), slice(0, 60), slice(0, 70)), sigma=1.2)[box]
    assert np.abs(_log(array, box, sigma=1.2) - whole).max() <= 1e-6 * np.ptp(whole)


@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.0, 1.7, 3.0, 5.0, 9.0])
def test_what_lies_beyond_the_reach_weighs_less_than_a_millionth(sigma: float) -> None:
    feedback, forward, _ = _coefficients(sigma)
    for numerator in forward:
        answer = np.zeros(40 * reach(sigma))
        answer[:4] = numerator
        for i in range(1, answer.size):
            past = answer[max(i - 4, 0) : i][::-1]
            answer[i] -= feedback[1 : past.size + 1] @ past
        assert np.abs(answer[reach(sigma) + 1 :]).sum() <= 1e-6 * np.abs(answer).sum()


def test_the_filter_is_linear_and_blind_to_a_constant() -> None:
    box = (slice(3, 9), slice(2, 8), slice(4, 10))
    one, other = _random((14, 13, 16), 1).astype(float), _random((14, 13, 16), 2).astype(float)
    expected = 2 * _log(one, box) - 3 * _log(other, box)
    np.testing.assert_allclose(_log(2 * one - 3 * other + 50, box), expected, atol=1e-8)


def test_a_shifted_image_gives_the_shifted_map() -> None:
    array = np.pad(_random((8, 8, 8)), 16)
    box = (slice(16, 24),) * 3
    shifted = (slice(17, 25), slice(14, 22), slice(16, 24))
    np.testing.assert_allclose(_log(np.roll(array, (1, -2, 0), (0, 1, 2)), shifted), _log(array, box), atol=1e-3)


def test_a_parabola_has_its_second_derivative_times_sigma_squared() -> None:
    x = np.arange(80.0)
    array = np.broadcast_to((x - 40) ** 2, (9, 9, 80))
    found = _log(array, (slice(4, 5), slice(4, 5), slice(38, 43)), sigma=2.0, spacing=(0.5, 1.0, 1.0))
    np.testing.assert_allclose(found, 2 / 0.5**2 * 2.0**2, rtol=1e-4)


@pytest.mark.parametrize(("sizes", "sigma"), [((3, 9, 9), 1.0), ((9, 9, 5), 5.0)])
def test_an_image_that_is_too_small_is_rejected(sizes: tuple[int, int, int], sigma: float) -> None:
    with pytest.raises(Rejected, match="FILTER_SIZE"):
        _log(_random(sizes), (slice(0, 3), slice(0, 3), slice(0, 3)), sigma=sigma)


def test_names_hold_the_numbers_as_they_are_given() -> None:
    assert FILTERS.parse({"kind": "log", "sigma_mm": [1.0, 2.5, 3]}).names() == [
        "log-sigma-1-0-mm-3D",
        "log-sigma-2-5-mm-3D",
        "log-sigma-3-mm-3D",
    ]


@pytest.mark.slow
def test_maps_of_the_sarcoma_cases_are_those_of_itk(public_data: Path) -> None:
    masks = sorted((public_data / "sts").glob("*/*_mask.nii.gz"))[:8]
    assert masks
    for path in masks:
        image = sitk.ReadImage(path.with_name(path.name.replace("_mask", "_image")))
        array, spacing = sitk.GetArrayFromImage(image), image.GetSpacing()
        box = bounding_box(sitk.GetArrayFromImage(sitk.ReadImage(path)) > 0)
        for sigma in (1.0, 3.0):
            expected = _itk(array, spacing, sigma)[box]
            assert np.abs(_log(array, box, sigma=sigma, spacing=spacing) - expected).max() <= 1e-5 * np.ptp(expected)
