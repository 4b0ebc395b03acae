"""LBP 2D: scikit-image's patterns, slice by slice as pyradiomics takes them."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from radiomics.imageoperations import getLBP2DImage
from skimage.feature import local_binary_pattern

from features.core.kinds.filter import Source
from features.radiomics.filters.lbp2d import Lbp2d

Method = Literal["default", "ror", "uniform", "nri_uniform", "var"]
METHODS: tuple[Method, ...] = ("default", "ror", "uniform", "nri_uniform", "var")


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None, max_examples=15)
@given(
    sizes=st.tuples(*[st.integers(1, 9)] * 3),
    radius=st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0]),
    samples=st.integers(2, 12),
    highest=st.sampled_from([2, 5, 1000]),
    data=st.data(),
)
def test_patterns_are_those_of_scikit_image(
    method: Method, sizes: tuple[int, int, int], radius: float, samples: int, highest: int, data: st.DataObject
) -> None:
    array = np.random.default_rng(sum(sizes)).integers(-highest, highest, sizes).astype(np.int16)
    starts = [data.draw(st.integers(0, n - 1)) for n in sizes]
    z, y, x = (slice(start, data.draw(st.integers(start + 1, n))) for start, n in zip(starts, sizes, strict=True))
    expected = np.stack([local_binary_pattern(plane, samples, radius, method) for plane in array])[z, y, x]
    expected = np.nan_to_num(expected)  # scikit-image has no variance of samples that are all alike
    lbp = Lbp2d(radius=radius, samples=samples, method=method)
    [(name, found)] = lbp.derive(Source(array, (1.0, 1.0, 1.0), (z, y, x)))
    assert name == "lbp-2D" and found.flags.c_contiguous and found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * highest**2)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_lie_as_pyradiomics_takes_them(axis: Literal[0, 1, 2]) -> None:
    array = np.random.default_rng(5).integers(0, 100, (6, 7, 8)).astype(np.int16)
    box = (slice(1, 6), slice(0, 5), slice(2, 7))
    options = {"force2D": True, "force2Ddimension": axis, "lbp2DMethod": "default"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        [(image, _, _)] = getLBP2DImage(sitk.GetImageFromArray(array), None, **options)
    [(_, found)] = Lbp2d(method="default", axis=axis).derive(Source(array, (1.0, 1.0, 1.0), box))
    np.testing.assert_array_equal(found, sitk.GetArrayFromImage(image)[box])
