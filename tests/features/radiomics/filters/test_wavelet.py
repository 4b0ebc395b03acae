"""Wavelet: pyradiomics' bands and names, borders that wrap, and the laws of a linear filter."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from radiomics.imageoperations import getWaveletImage

from features.core.kinds.filter import FILTERS, Source
from features.core.kinds.registry import KindError
from features.core.region import Box
from features.radiomics.filters.wavelet import Wavelet

Array = np.ndarray[Any, np.dtype[Any]]
DEFAULT = Wavelet()
BOX = (slice(3, 9), slice(2, 8), slice(4, 10))


def _random(sizes: tuple[int, ...], seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(-500, 500, sizes).astype(np.int16)


def _bands(array: Array, box: Box, wavelet: Wavelet = DEFAULT) -> dict[str, Array]:
    return dict(wavelet.derive(Source(array, (1.0, 1.0, 1.0), box)))


def _pyradiomics(array: Array, wavelet: Wavelet) -> dict[str, Array]:
    options = {"force2D": wavelet.flat, "force2Ddimension": wavelet.flat_axis}
    options |= wavelet.model_dump(include={"wavelet", "level", "start_level"})
    return {
        name: sitk.GetArrayFromImage(image)
        for image, name, _ in getWaveletImage(sitk.GetImageFromArray(array), None, **options)
    }


@settings(deadline=None, max_examples=30)
@given(
    sizes=st.tuples(*[st.integers(2, 15)] * 3),
    name=st.sampled_from(["coif1", "haar", "db3", "sym4", "bior3.3", "rbio2.2"]),
    level=st.integers(1, 3),
    start_level=st.integers(0, 2),
    flat_axis=st.sampled_from([None, 0, 1, 2]),
    seed=st.integers(0, 999),
    data=st.data(),
)
def test_bands_are_those_of_pyradiomics_wherever_the_box_lies(
    sizes: tuple[int, int, int],
    name: str,
    level: int,
    start_level: int,
    flat_axis: Literal[0, 1, 2] | None,
    seed: int,
    data: st.DataObject,
) -> None:
    flat: dict[str, Any] = {} if flat_axis is None else {"flat": True, "flat_axis": flat_axis}
    wavelet = Wavelet(wavelet=name, level=level, start_level=start_level, **flat)
    array = _random(sizes, seed)
    starts = [data.draw(st.integers(0, n - 1)) for n in sizes]
    z, y, x = (slice(start, data.draw(st.integers(start + 1, n))) for start, n in zip(starts, sizes, strict=True))
    expected, found = _pyradiomics(array, wavelet), _bands(array, (z, y, x), wavelet)
    assert list(found) == list(expected) == wavelet.names()
    for band, image in found.items():
        assert image.flags.c_contiguous and image.dtype == np.float64
        np.testing.assert_allclose(image, expected[band][z, y, x], rtol=0, atol=1e-9 * np.abs(array).max())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_inside_the_image_bands_equal_those_of_pyradiomics_to_the_last_bit(dtype: type[np.floating[Any]]) -> None:
    array = np.random.default_rng(3).normal(0, 100, (20, 21, 22)).astype(dtype)
    box = (slice(6, 13), slice(6, 14), slice(7, 15))
    expected = _pyradiomics(array, DEFAULT)
    for band, image in _bands(array, box).items():
        assert expected[band].dtype == dtype and image.dtype == np.float64
        np.testing.assert_array_equal(image, expected[band][box])


def test_the_transform_is_linear() -> None:
    one, other = _random((14, 13, 16), 1).astype(float), _random((14, 13, 16), 2).astype(float)
    bands, left, right = _bands(2 * one - 3 * other, BOX), _bands(one, BOX), _bands(other, BOX)
    for band, image in bands.items():
        np.testing.assert_allclose(image, 2 * left[band] - 3 * right[band], atol=1e-9)


def test_an_image_turned_round_its_borders_gives_the_bands_turned() -> None:
    array = _random((12, 14, 16))
    turned = _bands(np.roll(array, (2, 3, 1), (0, 1, 2)), (slice(2, 12), slice(3, 14), slice(1, 16)))
    for band, image in _bands(array, (slice(0, 10), slice(0, 11), slice(0, 15))).items():
        np.testing.assert_allclose(turned[band], image, atol=1e-9)


def test_a_constant_lies_in_the_approximation_alone() -> None:
    bands = _bands(np.full((11, 12, 13), 7, np.int16), BOX)
    np.testing.assert_allclose(bands.pop("wavelet-LLL"), 7 * 2**1.5)
    assert max(np.abs(image).max() for image in bands.values()) < 1e-9


def test_letters_stand_for_x_y_and_z() -> None:
    ripples = np.broadcast_to(np.array([1.0, -1.0] * 8), (12, 12, 16))
    bands = _bands(ripples, BOX, Wavelet(wavelet="haar"))
    assert max(bands, key=lambda band: np.abs(bands[band]).max()) == "wavelet-HLL"


def test_an_unknown_wavelet_is_refused_with_the_name_that_was_meant() -> None:
    with pytest.raises(KindError, match='wavelet: .*"coyf1"; did you mean "coif1"'):
        FILTERS.parse({"kind": "wavelet", "wavelet": "coyf1"})
