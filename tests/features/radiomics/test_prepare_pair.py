"""The pixels that are measured are those of pyradiomics; what cannot be measured says why."""

from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import strategies as st

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.radiomics.prepare_pair import Steps, itk_image, prepare_pair
from features.radiomics.pyradiomics_preparation import PyradiomicsPreparation

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "normalised": ({"normalize": True, "normalizeScale": 100}, {"normalise": True, "scale": 100}),
    "outliers": (
        {"normalize": True, "removeOutliers": 1.5, "normalizeScale": 2},
        {"normalise": True, "outliers": 1.5, "scale": 2},
    ),
    "cropped": ({"preCrop": True, "padDistance": 2}, {"crop": True, "padding": 2}),
    "resampled": ({"resampledPixelSpacing": [1.0, 1.0, 1.5]}, {"spacing_mm": (1, 1, 1.5)}),
    "resampled linearly in plane": (
        {"resampledPixelSpacing": [0.5, 2, 0], "interpolator": "sitkLinear", "padDistance": 3},
        {"spacing_mm": (0.5, 2, 0), "interpolator": "Linear", "padding": 3},
    ),
    "resampled to the nearest, normalised": (
        {"resampledPixelSpacing": [1, 1, 1], "interpolator": "sitkNearestNeighbor", "normalize": True},
        {"spacing_mm": (1, 1, 1), "interpolator": "NearestNeighbor", "normalise": True},
    ),
    "of the same spacing": ({"resampledPixelSpacing": [0.9, 1.1, 2.5]}, {"spacing_mm": (0.9, 1.1, 2.5)}),
    "re-segmented": ({"resegmentRange": [60, 150]}, {"resegment": (60, 150)}),
    "re-segmented from below, with its shape": (
        {"resegmentRange": [0.7], "resegmentMode": "relative", "resegmentShape": True},
        {"resegment": (0.7,), "resegment_mode": "relative", "resegment_shape": True},
    ),
    "re-segmented by sigma": (
        {"resegmentRange": [-1, 1.5], "resegmentMode": "sigma", "preCrop": True},
        {"resegment": (-1, 1.5), "resegment_mode": "sigma", "crop": True},
    ),
}


def pair(dtype: type = np.int16, *, turned: bool = False) -> tuple[Volume, Volume]:
    rng = np.random.default_rng(5)
    image = rng.normal(100, 40, (14, 19, 23))
    labels = np.zeros(image.shape, np.uint8)
    labels[4:10, 6:14, 8:17] = 2
    labels[5, 6, 8:10] = 0
    labels[1, 1, 1] = 5
    direction = (0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0) if turned else (1.0, 0, 0, 0, 1, 0, 0, 0, 1)
    grid = ((0.9, 1.1, 2.5), (-31.5, 12.25, 101.0), direction)
    return Volume(image.astype(dtype), *grid), Volume(labels, *grid)


def by_pyradiomics(image: Volume, labels: Volume, settings: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Image, mask, re-segmented mask as pyradiomics makes them, by its own functions."""
    from radiomics import imageoperations
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    extractor = RadiomicsFeatureExtractor(**settings, label=2)
    given = extractor.settings
    volume, mask = extractor.loadImage(itk_image(image), itk_image(labels), None, **given)
    _, corrected = imageoperations.checkMask(volume, mask, **given)
    mask = mask if corrected is None else corrected
    kept = imageoperations.resegmentMask(volume, mask, **given) if given["resegmentRange"] else mask
    return volume, mask, kept


def assert_same(found: Steps, image: Volume, labels: Volume, settings: dict[str, Any]) -> None:
    volume, mask, kept = by_pyradiomics(image, labels, settings)
    prepared = found.region
    assert prepared.volume.spacing_mm == pytest.approx(volume.GetSpacing(), rel=1e-12)
    assert prepared.volume.origin_mm == pytest.approx(volume.GetOrigin(), rel=1e-12)
    np.testing.assert_allclose(prepared.volume.array, sitk.GetArrayFromImage(volume), rtol=1e-9, atol=1e-9)
    shape = kept if settings.get("resegmentShape") else mask
    outline = prepared.mask if prepared.outline is None else prepared.outline
    np.testing.assert_array_equal(outline, sitk.GetArrayFromImage(shape) == 2)
    np.testing.assert_array_equal(prepared.mask, sitk.GetArrayFromImage(kept) == 2)


@pytest.mark.parametrize("dtype", [np.int16, np.float32], ids=["int16", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_pixels_are_those_of_pyradiomics(name: str, dtype: type) -> None:
    theirs, ours = CASES[name]
    image, labels = pair(dtype, turned=True)
    assert_same(prepare_pair(image, labels, PyradiomicsPreparation(label=2, **ours)), image, labels, theirs)


def moved(labels: Volume, shift: float) -> Volume:
    x, y, z = labels.origin_mm
    return Volume(labels.array[1:, :, 2:], labels.spacing_mm, (x + shift, y, z + 2.5), labels.direction)


@pytest.mark.parametrize("settings", [{}, {"resampledPixelSpacing": [1.0, 1.0, 1.0]}], ids=["as it is", "resampled"])
def test_a_mask_on_another_grid_is_put_onto_the_image_s(settings: dict[str, Any]) -> None:
    image, labels = pair()
    labels = moved(labels, 1.8 + 0.3)
    spacing = settings.get("resampledPixelSpacing")
    found = prepare_pair(image, labels, PyradiomicsPreparation(label=2, correct_mask=True, spacing_mm=spacing))
    assert_same(found, image, labels, {**settings, "correctMask": True})


@pytest.mark.parametrize("interpolator", ["BSpline", "Linear", "LanczosWindowedSinc", "Gaussian"])
def test_an_image_that_is_much_larger_than_the_roi_gives_the_same_pixels(interpolator: str) -> None:
    labels = np.zeros((70, 80, 90), np.uint8)
    labels[30:36, 40:47, 44:52] = 2
    grid = ((1.1, 0.7, 1.3), (5.0, -7.0, 3.0), (0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, 1.0))
    image = Volume(np.random.default_rng(1).normal(0, 500, labels.shape).astype(np.float64), *grid)
    theirs = {"resampledPixelSpacing": [0.8, 0.8, 0.8], "interpolator": f"sitk{interpolator}", "padDistance": 2}
    ours = PyradiomicsPreparation(label=2, spacing_mm=(0.8, 0.8, 0.8), interpolator=interpolator, padding=2)
    assert_same(prepare_pair(image, Volume(labels, *grid), ours), image, Volume(labels, *grid), theirs)


def test_nothing_is_copied_that_does_not_change() -> None:
    image, labels = pair()
    assert prepare_pair(image, labels, PyradiomicsPreparation(label=2)).region.volume is image


def test_each_step_that_changed_the_roi_is_kept() -> None:
    image, labels = pair()
    found = prepare_pair(image, labels, PyradiomicsPreparation(label=2, spacing_mm=(1, 1, 1), resegment=(80, 120)))
    assert list(found.regions) == ["original", "interpolated", "resegmented"]


def changed(volume: Volume, **facts: Any) -> Volume:
    kept = {"array": volume.array, "spacing_mm": volume.spacing_mm, "origin_mm": volume.origin_mm}
    return Volume(**{**kept, "direction": volume.direction, **facts})


def with_voxels(value: float, *, only: tuple[slice, ...] | None = None) -> Volume:
    image = pair(np.float32)[0]
    array = np.array(image.array)
    array[only if only is not None else (6, 8, 10)] = value
    return changed(image, array=array)


ROI = (slice(4, 10), slice(6, 14), slice(8, 17))
IMAGE, LABELS = pair()
ONE, LINE, WHOLE = (np.zeros(LABELS.array.shape, np.uint8) for _ in range(3))
ONE[3, 3, 3] = LINE[3, 3, 3:9] = WHOLE[2:4, 2:4, 2:4] = 2
BAD: dict[str, tuple[Volume, Volume, dict[str, Any], str, str]] = {
    "label absent": (IMAGE, LABELS, {"label": 3}, "LABEL_ABSENT", "no voxel of label 3; labels that are there: 2, 5"),
    "empty": (IMAGE, changed(LABELS, array=np.zeros_like(LABELS.array)), {}, "MASK_EMPTY", ""),
    "labels not whole": (IMAGE, changed(LABELS, array=LABELS.array * 0.4), {}, "MASK_VALUES", ""),
    "one voxel": (IMAGE, changed(LABELS, array=ONE), {}, "MASK_TINY", "one voxel"),
    "a line": (IMAGE, changed(LABELS, array=LINE), {}, "MASK_TINY", "1 of at least 2 dimensions"),
    "too small": (IMAGE, changed(LABELS, array=WHOLE), {"minimum_voxels": 8}, "MASK_TINY", "8 voxels"),
    "NaN": (with_voxels(np.nan), LABELS, {}, "NAN_IN_ROI", "1 of the ROI's 430"),
    "infinite": (with_voxels(np.inf), LABELS, {"resegment": (0.0,)}, "NAN_IN_ROI", "1 of the ROI's 430"),
    "NaN after resampling": (with_voxels(np.nan), LABELS, {"spacing_mm": (1, 1, 1)}, "NAN_IN_ROI", ""),
    "nothing left": (IMAGE, LABELS, {"resegment": (4000.0,)}, "RESEGMENTED_EMPTY", "0 voxels of 430"),
    "flat": (with_voxels(1, only=()), LABELS, {"normalise": True}, "IMAGE_FLAT", "no contrast"),
    "size": (IMAGE, changed(LABELS, array=LABELS.array[1:]), {}, "GEOMETRY", "size (23, 19, 14) and (23, 19, 13)"),
    "spacing": (IMAGE, changed(LABELS, spacing_mm=(0.9, 1.1, 2.6)), {}, "GEOMETRY", "spacing (0.9, 1.1, 2.5) and"),
    "origin": (IMAGE, changed(LABELS, origin_mm=(0.0, 12.25, 101.0)), {}, "GEOMETRY", "origin (-31.5, 12.25, 101) and"),
    "direction": (
        IMAGE,
        changed(LABELS, direction=(-1.0, 0, 0, 0, 1, 0, 0, 0, 1)),
        {},
        "GEOMETRY",
        "direction (1, 0, 0",
    ),
    "fine": (IMAGE, LABELS, {"spacing_mm": (0.01, 0.01, 0.01)}, "OOM_RISK", "over 536870912 voxels"),
    "finer than sensible": (
        IMAGE,
        LABELS,
        {"spacing_mm": (0.04, 0.04, 0.04)},
        "OOM_RISK",
        "one voxel of the image becomes over 4096: look at the spacing",
    ),
    "outside": (
        IMAGE,
        changed(LABELS, origin_mm=(-60.0, 12.25, 101.0)),
        {"correct_mask": True},
        "GEOMETRY",
        "reaches outside the image",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_measured_says_why(name: str) -> None:
    image, labels, settings, code, message = BAD[name]
    with pytest.raises(Rejected) as found:
        prepare_pair(image, labels, PyradiomicsPreparation(**{"label": 2, **settings}))
    assert found.value.code == code
    assert message in found.value.message


def test_a_tolerance_may_be_given() -> None:
    near = changed(LABELS, origin_mm=(-31.5 + 0.01, 12.25, 101.0))
    with pytest.raises(Rejected, match="GEOMETRY"):
        prepare_pair(IMAGE, near, PyradiomicsPreparation(label=2))
    assert prepare_pair(IMAGE, near, PyradiomicsPreparation(label=2, tolerance=0.02)).region.mask.sum() == 430


def test_labels_may_be_whole_numbers_of_any_type() -> None:
    for dtype in (np.float32, np.float64, np.int32, np.uint32):
        labels = changed(LABELS, array=LABELS.array.astype(dtype))
        assert prepare_pair(IMAGE, labels, PyradiomicsPreparation(label=2)).region.mask.sum() == 430


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["brain1", "breast1"])
def test_pixels_of_pyradiomics_own_images_are_the_same(name: str, public_data: Path) -> None:
    from features.images.formats.volume import read_volume

    image = read_volume(public_data / "pyradiomics" / f"{name}_image.nrrd")
    labels = read_volume(public_data / "pyradiomics" / f"{name}_label.nrrd")
    labels = changed(labels, array=np.where(np.asarray(labels.array) == 1, 2, 0).astype(np.uint8))
    theirs = {"resampledPixelSpacing": [1.5, 1.5, 1.5], "normalize": True, "resegmentRange": [-1, 9]}
    found = prepare_pair(
        image, labels, PyradiomicsPreparation(label=2, spacing_mm=(1.5, 1.5, 1.5), normalise=True, resegment=(-1, 9))
    )
    assert_same(found, image, labels, theirs)


@st.composite
def prepared_somehow(draw: st.DrawFn) -> tuple[Volume, Volume, dict[str, Any], dict[str, Any]]:
    """A pair, and the same settings in the words of pyradiomics and in ours."""
    sizes = [draw(st.integers(3, 14)) for _ in range(3)]
    spacing = tuple(draw(st.floats(0.3, 5).map(lambda value: round(value, 3))) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = np.zeros(sizes, np.uint8)
    low = [draw(st.integers(0, size - 1)) for size in sizes]
    high = [draw(st.integers(start, size - 1)) + 1 for start, size in zip(low, sizes, strict=True)]
    box = tuple(slice(*bounds) for bounds in zip(low, high, strict=True))
    labels[box] = np.where(rng.random(labels[box].shape) < 0.8, 2, 0)
    dtype = draw(st.sampled_from([np.int16, np.uint8, np.float32, np.float64]))
    image = rng.normal(100, 30, sizes).astype(dtype)
    theirs: dict[str, Any] = {"padDistance": draw(st.integers(0, 6)), "preCrop": draw(st.booleans())}
    ours: dict[str, Any] = {"padding": theirs["padDistance"], "crop": theirs["preCrop"]}
    if draw(st.booleans()):
        wanted = [draw(st.sampled_from([0, 0.7, 1.0, 2.0, *spacing])) for _ in range(3)]
        name = draw(st.sampled_from(["BSpline", "Linear", "NearestNeighbor"]))
        theirs |= {"resampledPixelSpacing": wanted, "interpolator": f"sitk{name}"}
        ours |= {"spacing_mm": tuple(wanted), "interpolator": name}
    if draw(st.booleans()):
        theirs |= {"normalize": True, "normalizeScale": 10.0}
        ours |= {"normalise": True, "scale": 10.0}
    if draw(st.booleans()):
        bounds = sorted(draw(st.lists(st.floats(-2, 2), min_size=1, max_size=2)))
        theirs |= {"resegmentRange": bounds, "resegmentMode": "sigma"}
        ours |= {"resegment": tuple(bounds), "resegment_mode": "sigma"}
    grid = (spacing, (-3.0, 4.5, 60.25))
    return Volume(image, *grid), Volume(labels, *grid), theirs, ours


@pytest.mark.slow
@hypothesis.given(prepared_somehow())
@hypothesis.settings(max_examples=400, deadline=None)
def test_any_pair_is_prepared_as_by_pyradiomics_or_refused_by_both(case: tuple[Any, ...]) -> None:
    image, labels, theirs, ours = case
    try:
        by_pyradiomics(image, labels, theirs)
    except (ValueError, RuntimeError):
        with pytest.raises(Rejected):
            prepare_pair(image, labels, PyradiomicsPreparation(label=2, **ours))
        return
    if "resegmentRange" in theirs and looked_at_later(image, labels, theirs):
        with pytest.raises(Rejected, match="MASK_TINY"):
            prepare_pair(image, labels, PyradiomicsPreparation(label=2, **ours))
        return
    assert_same(prepare_pair(image, labels, PyradiomicsPreparation(label=2, **ours)), image, labels, theirs)


def looked_at_later(image: Volume, labels: Volume, settings: dict[str, Any]) -> bool:
    """Whether pyradiomics refuses the re-segmented mask, which it checks like the first one."""
    from radiomics import imageoperations

    volume, _, kept = by_pyradiomics(image, labels, settings)
    try:
        imageoperations.checkMask(volume, kept, label=2)
    except ValueError:
        return True
    return False
