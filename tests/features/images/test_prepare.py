"""prepare_region: the crop changes no value, the grid is IBSI's, and the IBSI voxel counts come out."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.column import Column
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe, load_recipe
from features.core.quarantine import Rejected, Warned
from features.core.region import Region, Volume
from features.images.formats.nifti import read_nifti
from features.images.prepare import prepare_region


class _Nothing(Extractor):
    kind: Literal["nothing"] = "nothing"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"

    @property
    def version(self) -> str:
        return "0"

    def columns(self, recipe: Recipe) -> list[Column]:
        return []

    def extract_batch(self, regions: Sequence[Region], recipe: Recipe) -> list[Mapping[str, float]]:
        return [{} for _ in regions]


def _recipe(**settings: Any) -> Recipe:
    settings = {"discretise": {"bin_count": 32}, "minimum_voxels": 1, **settings}
    return Recipe.model_validate(
        {"name": "test", "modality": "CT", "unit": "HU", "extractors": [_Nothing()], **settings}
    )


def _region(
    shape: tuple[int, int, int] = (40, 50, 60), spacing: tuple[float, float, float] = (0.9, 0.8, 3.0)
) -> Region:
    rng = np.random.default_rng(0)
    mask = np.zeros(shape, bool)
    middle = [length // 2 for length in shape]
    mask[tuple(slice(m - 4, m + 4) for m in middle)] = True
    mask &= rng.random(shape) < 0.9
    direction = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)
    array = rng.normal(0, 100, shape).astype(np.float32)
    return Region(Volume(array, spacing, (10.0, -20.0, 30.0), direction, {"Manufacturer": "X"}), mask)


def _whole(array: np.ndarray, volume: Volume, new: Sequence[float], interpolator: int) -> sitk.Image:
    """The IBSI prototype: the uncropped image on a grid with the same centre."""
    image = sitk.GetImageFromArray(array.astype(np.float64))
    image.SetSpacing(volume.spacing_mm)
    image.SetOrigin(volume.origin_mm)
    image.SetDirection(volume.direction)
    size, old = np.array(image.GetSize(), float), np.array(image.GetSpacing())
    new_size = np.ceil(np.round(size * old / np.array(new), 6)).astype(int)
    direction = np.array(volume.direction).reshape(3, 3)
    origin = np.array(volume.origin_mm) + direction @ (0.5 * ((size - 1) * old - (new_size - 1) * np.array(new)))
    resample = sitk.ResampleImageFilter()
    resample.SetSize([int(n) for n in new_size])
    resample.SetOutputSpacing([float(s) for s in new])
    resample.SetOutputOrigin(origin.tolist())
    resample.SetOutputDirection(volume.direction)
    resample.SetInterpolator(interpolator)
    resample.SetUseNearestNeighborExtrapolator(True)
    return resample.Execute(image)


def _same_place(prepared: Region, whole: sitk.Image) -> np.ndarray:
    """The part of the whole resampled image that the prepared region covers."""
    start = np.array(whole.TransformPhysicalPointToContinuousIndex(prepared.volume.origin_mm))
    np.testing.assert_allclose(start, np.rint(start), atol=1e-6)
    low = np.rint(start).astype(int)[::-1]
    high = low + prepared.mask.shape
    return sitk.GetArrayFromImage(whole)[low[0] : high[0], low[1] : high[1], low[2] : high[2]]


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.sampled_from([0.7, 1.0, 1.3, 2.0, 3.0])] * 3))
def test_crop_changes_no_value_with_linear(spacing: tuple[float, float, float]) -> None:
    region = _region()
    prepared = prepare_region(region, _recipe(spacing_mm=spacing))
    whole = _same_place(prepared, _whole(region.volume.array, region.volume, spacing, sitk.sitkLinear))
    np.testing.assert_allclose(prepared.volume.array, whole, rtol=0, atol=1e-6)
    mask = _whole(region.mask.astype(float), region.volume, spacing, sitk.sitkLinear)
    np.testing.assert_array_equal(prepared.mask, _same_place(prepared, mask) >= 0.5 - 1e-9)
    assert prepared.mask.sum() == (sitk.GetArrayFromImage(mask) >= 0.5 - 1e-9).sum()
    assert prepared.volume.spacing_mm == pytest.approx(spacing)
    assert prepared.volume.array.dtype == np.float64


def test_crop_changes_next_to_nothing_with_bspline() -> None:
    region = _region((80, 90, 100))
    prepared = prepare_region(region, _recipe(spacing_mm=(1, 1, 1), interpolator="bspline"))
    whole = _same_place(prepared, _whole(region.volume.array, region.volume, (1, 1, 1), sitk.sitkBSpline3))
    np.testing.assert_allclose(prepared.volume.array[prepared.mask], whole[prepared.mask], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("filters", "padding"), [([], 5), ([{"kind": "log", "sigma_mm": [3]}], 30), (["wavelet"], 30)])
@pytest.mark.parametrize("spacing", [None, (1.0, 1.0, 1.0)])
def test_padding_around_the_roi(filters: list, padding: int, spacing: tuple | None) -> None:
    region = _region((120, 120, 120), (1.0, 1.0, 1.0))
    prepared = prepare_region(region, _recipe(spacing_mm=spacing, filters=filters))
    for axis in range(3):
        where = np.flatnonzero(prepared.mask.any(axis=tuple({0, 1, 2} - {axis})))
        margins = where[0], prepared.mask.shape[axis] - 1 - where[-1]
        assert min(margins) == padding


def test_same_grid_is_only_cropped() -> None:
    region = _region()
    for spacing in (None, region.volume.spacing_mm):
        prepared = prepare_region(region, _recipe(spacing_mm=spacing))
        np.testing.assert_array_equal(prepared.volume.array[prepared.mask], region.values.astype(float))
        assert prepared.mask.sum() == region.mask.sum()
        assert prepared.volume.facts == {"Manufacturer": "X"}


def test_roi_at_the_border_is_kept() -> None:
    region = _region()
    region.mask[0, 0, :5] = True
    prepared = prepare_region(region, _recipe(spacing_mm=(1, 1, 1)))
    whole = _whole(region.mask.astype(float), region.volume, (1, 1, 1), sitk.sitkLinear)
    assert prepared.mask.sum() == (sitk.GetArrayFromImage(whole) >= 0.5 - 1e-9).sum()


def test_zscore_is_of_the_whole_image_above_zero() -> None:
    region = _region()
    values = region.volume.array[region.volume.array > 0].astype(float)
    prepared = prepare_region(region, _recipe(normalise={"scale": 100}))
    wanted = (region.values - values.mean()) / values.std() * 100
    np.testing.assert_allclose(prepared.volume.array[prepared.mask], wanted)


def test_intensities_are_rounded_half_up_and_resegmented() -> None:
    region = _region()
    region.volume.array[region.mask] = np.resize([-1.5, 0.5, 1.2, 90.0], region.mask.sum())
    prepared = prepare_region(region, _recipe(round_intensities=True, resegment=(-1, 2)))
    assert set(np.unique(prepared.values)) == {-1.0, 1.0}
    assert prepared.mask.sum() == (region.values < 80).sum()


@pytest.mark.parametrize(("high", "told"), [(4.5, ()), (3.5, ("RESEGMENTED_MOST",))])
def test_more_than_half_of_the_roi_left_out_is_told_and_what_readers_noticed_is_not(high: float, told: tuple) -> None:
    region = replace(_region(), warnings=(Warned("MASK_BORDER"),))
    region.volume.array[region.mask] = np.arange(region.mask.sum()) % 10
    prepared = prepare_region(region, _recipe(resegment=(0, high)))
    assert tuple(one.code for one in prepared.warnings) == told


@pytest.mark.parametrize(
    ("code", "value", "settings"),
    [
        ("RESEGMENTED_EMPTY", 0.0, {"resegment": (5000, 6000)}),
        ("RESEGMENTED_EMPTY", 0.0, {"minimum_voxels": 100_000}),
        ("NAN_IN_ROI", np.nan, {"spacing_mm": (1, 1, 1)}),
        ("NAN_IN_ROI", np.nan, {"outlier_sigma": 3}),
        ("IMAGE_FLAT", -1.0, {"normalise": {}}),
        ("OOM_RISK", 0.0, {"spacing_mm": (0.01, 0.01, 0.01)}),
    ],
)
def test_unfit_result_is_rejected(code: str, value: float, settings: dict) -> None:
    region = _region()
    if code == "IMAGE_FLAT":
        region.volume.array[:] = value
    region.volume.array[20, 25, 30] = value
    with pytest.raises(Rejected) as caught:
        prepare_region(region, _recipe(**settings))
    assert caught.value.code == code


def test_empty_mask_is_rejected() -> None:
    region = _region()
    with pytest.raises(Rejected, match="MASK_EMPTY"):
        prepare_region(Region(region.volume, np.zeros_like(region.mask)), _recipe())


@pytest.mark.parametrize("spacing", [None, (1.5, 1.0, 2.0)])
def test_a_filter_that_sees_all_gets_the_whole_image(spacing: tuple | None) -> None:
    region = _region((40, 90, 100), (1.0, 1.0, 1.0))
    prepared = prepare_region(region, _recipe(spacing_mm=spacing, filters=["wavelet", "square"]))
    assert prepared.volume.array.shape == ((40, 90, 100) if spacing is None else (20, 90, 67))


def test_nan_near_the_roi_is_rejected_only_where_filters_spread_it() -> None:
    region = _region()
    region.volume.array[20, 25, 37] = np.nan
    prepare_region(region, _recipe())
    with pytest.raises(Rejected, match="NAN_IN_ROI"):
        prepare_region(region, _recipe(filters=["wavelet"]))


def test_an_axis_without_a_spacing_keeps_its_slices() -> None:
    region = _region()
    prepared = prepare_region(region, _recipe(spacing_mm=(2, 2, None)))
    assert prepared.volume.spacing_mm == (2, 2, 3.0)
    (first, *_), (last, *_) = (np.flatnonzero(region.mask.any(axis=(1, 2)))[side] for side in ([0], [-1]))
    assert prepared.mask.shape[0] == last - first + 1 + 2 * 5  # slices of the ROI and the padding
    for k, slices in enumerate(range(first - 5, last + 6)):  # nothing is mixed across slices
        alone = replace(region.volume, array=region.volume.array[slices : slices + 1].repeat(3, axis=0))
        mask = np.zeros(alone.array.shape, bool)
        mask[1] = region.mask.any(axis=0)
        same = prepare_region(Region(alone, mask), _recipe(spacing_mm=(2, 2, None))).volume.array[1]
        np.testing.assert_allclose(prepared.volume.array[k], same, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"resegment": (0, 10)}, [0, 10, 4, 5, 6]),
        ({"resegment": (None, 0)}, [-50, 0]),
        ({"resegment": (5, None)}, [10, 5, 6, 300]),
        ({"outlier_sigma": 2}, [-50, 0, 10, 4, 5, 6]),
        ({"resegment": (-100, 10), "outlier_sigma": 2}, [0, 10, 4, 5, 6]),  # 300 is gone before −50 is judged
    ],
)
def test_resegmentation_by_range_and_spread_leaves_the_outline_alone(settings: dict, kept: list[float]) -> None:
    array = np.array([[[-50.0, 0, 10, 4, 5, 6, 300]]])
    prepared = prepare_region(Region(Volume(array, (1, 1, 1)), np.ones(array.shape, bool)), _recipe(**settings))
    assert prepared.values.tolist() == kept
    assert prepared.shape_mask.all()


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "outline", "mask"),
    [
        ("a", 125_256, 114_596),
        ("b", 29_842, 27_359),
        ("c", 45_985, 45_981),
        ("d", 45_985, 44_465),
        ("e", 45_985, 44_484),
    ],
)
def test_masks_of_ibsi_configurations_have_the_reference_s_sizes(
    public_data: Callable, name: str, outline: int, mask: int
) -> None:
    folder = public_data("ibsi1-ct-phantom/nifti")
    phantom, labels = read_nifti(folder / "phantom.nii.gz"), read_nifti(folder / "mask.nii.gz")
    recipe = load_recipe(Path(__file__).parents[3] / "flows" / "recipes" / "ibsi" / f"{name}.yaml")
    prepared = prepare_region(Region(phantom, labels.array == 1), recipe)
    assert (prepared.shape_mask.sum(), prepared.mask.sum()) == (outline, mask)


@pytest.mark.parametrize(
    "settings",
    [
        {"spacing_mm": (0.5, 0.5, 0.5), "interpolator": "bspline"},
        {"spacing_mm": (0.8, 0.8, 0.8), "round_intensities": True},
        {"spacing_mm": (2.0, 2.0, 6.0), "interpolator": "bspline", "outlier_sigma": 3.0},
        {"normalise": {"kind": "zscore"}, "round_intensities": True},
    ],
    ids=["finer", "isotropic", "coarser", "as it is"],
)
def test_the_memory_that_is_claimed_is_what_is_taken(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a fifth, for an ROI that fills most of its image."""
    region = _region((60, 80, 90), (0.9, 0.8, 3.0))
    mask = np.zeros(region.mask.shape, bool)
    mask[2:-2, 2:-2, 2:-2] = True
    region, recipe = replace(region, mask=mask), _recipe(**settings)
    claimed: list[int] = []
    monkeypatch.setattr("features.images.prepare.claim_grid", lambda *numbers: claimed.append(numbers[2]))
    prepare_region(region, recipe)  # what is made once
    tracemalloc.start()
    prepare_region(region, recipe)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 1 / 1.2 < peak / claimed[-1] < 1.2
