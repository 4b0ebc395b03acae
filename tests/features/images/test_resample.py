"""resample: SimpleITK's values, on grids that share their centre with the old one."""

from typing import Literal

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.images.resample import Axis, axis_of, resample, resample_mask

BOTH: tuple[Literal["linear"], Literal["bspline"]] = ("linear", "bspline")


def by_itk(array: NDArray[np.float64], axes: list[Axis], interpolator: str) -> NDArray[np.float64]:
    """The whole image, resampled by SimpleITK."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing([axis.old for axis in axes])
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize([axis.last - axis.first for axis in axes])
    resampler.SetOutputSpacing([axis.spacing for axis in axes])
    resampler.SetOutputOrigin([axis.start_mm for axis in axes])
    resampler.SetInterpolator(sitk.sitkBSpline3 if interpolator == "bspline" else sitk.sitkLinear)
    resampler.SetUseNearestNeighborExtrapolator(True)
    found: NDArray[np.float64] = sitk.GetArrayFromImage(resampler.Execute(image))
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*[st.integers(3, 40)] * 3),
    st.tuples(*[st.floats(0.4, 4.0)] * 3),
    st.floats(0.5, 3.0),
    st.sampled_from(BOTH),
    st.integers(0, 2**32 - 1),
)
def test_the_values_are_those_of_simpleitk(
    shape: tuple[int, int, int],
    old: tuple[float, ...],
    new: float,
    interpolator: Literal["linear", "bspline"],
    seed: int,
) -> None:
    array = np.random.default_rng(seed).normal(0, 100, shape)
    axes = [
        axis_of(n, step, new, slice(n // 3, n // 3 + 1 + n // 4), 3) for n, step in zip(shape[::-1], old, strict=True)
    ]
    found = resample(array, axes, interpolator)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, by_itk(array, axes, interpolator), rtol=0, atol=1e-6)


@pytest.mark.parametrize("interpolator", BOTH)
@pytest.mark.parametrize("length", [1, 2, 3, 17])
def test_the_voxels_themselves_keep_their_values(length: int, interpolator: Literal["linear", "bspline"]) -> None:
    array = np.random.default_rng(length).normal(0, 100, (length, 4, 5))
    finer = [axis_of(5, 1.0, 1.0, slice(0, 5), 0), axis_of(4, 1.0, 1.0, slice(0, 4), 0)]
    finer.append(axis_of(length, 3.0, 1.0, slice(0, length), 9))
    found = resample(array, finer, interpolator)
    assert found.shape == (3 * length, 4, 5)
    np.testing.assert_allclose(found[1::3], array, rtol=0, atol=1e-9)


def test_intensities_are_changed_before() -> None:
    array = np.arange(60.0).reshape(3, 4, 5)
    axes = [axis_of(n, 1.0, 0.5, slice(0, n), 2) for n in (5, 4, 3)]
    np.testing.assert_allclose(resample(array, axes, "bspline", lambda x: 2 * x), 2 * resample(array, axes, "bspline"))


def test_half_a_voxel_of_a_mask_is_inside() -> None:
    mask = np.zeros((1, 1, 4), bool)
    mask[..., 1:3] = True
    axes = [axis_of(4, 1.0, 0.5, slice(1, 3), 8), *(Axis(1, 1.0, 1.0, 0.0, 0, 1),) * 2]
    assert resample_mask(mask, axes)[0, 0].tolist() == [False, False, True, True, True, True, False, False]
