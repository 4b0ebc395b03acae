"""Gradient: ITK's values on the box of a ROI, wherever it lies."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from features.core.kinds.filter import Source
from features.core.region import Vector
from features.radiomics.filters.gradient import Gradient


@pytest.mark.slow
@given(
    sizes=st.tuples(*[st.integers(1, 7)] * 3),
    dtype=st.sampled_from([np.int16, np.uint8, np.float32, np.float64]),
    spacing=st.tuples(*[st.floats(0.5, 5.0)] * 3),
    use_spacing=st.booleans(),
    data=st.data(),
)
def test_values_are_those_of_itk_wherever_the_box_lies(
    sizes: tuple[int, int, int], dtype: type, spacing: Vector, use_spacing: bool, data: st.DataObject
) -> None:
    array = np.random.default_rng(sum(sizes)).normal(100, 30, sizes).astype(dtype)
    starts = [data.draw(st.integers(0, n - 1)) for n in sizes]
    z, y, x = (slice(start, data.draw(st.integers(start + 1, n))) for start, n in zip(starts, sizes, strict=True))
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    expected = sitk.GetArrayFromImage(sitk.GradientMagnitude(image, useImageSpacing=use_spacing))[z, y, x]
    [(name, found)] = Gradient(use_spacing=use_spacing).derive(Source(array, spacing, (z, y, x)))
    assert name == "gradient" and found.flags.c_contiguous and found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("use_spacing", "slope"), [(True, 1.5), (False, 3.0)])
def test_a_ramp_has_its_slope_everywhere_inside(use_spacing: bool, slope: float) -> None:
    ramp = np.broadcast_to(3 * np.arange(9.0), (5, 6, 9))
    box = (slice(0, 5), slice(0, 6), slice(1, 8))
    [(_, found)] = Gradient(use_spacing=use_spacing).derive(Source(ramp, (2.0, 1.0, 1.0), box))
    np.testing.assert_allclose(found, slope)
