"""Feature maps: pyradiomics' voxel-based values on a small ROI, and what is told of unknown names."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence

import numpy as np
import pytest

from features.core.errors import RadweaveError
from features.core.region import Region, Volume
from features.radiomics.family import FAMILIES
from features.radiomics.maps import feature_maps
from features.radiomics.settings import Settings
from features.radiomics.voxelwise.window import Window

FAMILIES_OF_MAPS = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
SPACING = (1.0, 1.5, 2.0)


def _region() -> Region:
    rng = np.random.default_rng(4)
    z, y, x = np.indices((7, 9, 10))
    mask = ((z - 3) / 2.5) ** 2 + ((y - 4) / 3.5) ** 2 + ((x - 4.5) / 4) ** 2 <= 1
    return Region(Volume(rng.integers(0, 90, mask.shape).astype(float), SPACING), mask)


def _reference(region: Region, family: str, radius: int, flat: bool) -> dict[str, np.ndarray]:
    import SimpleITK as sitk
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    options = {"kernelRadius": radius, "binWidth": 25, "force2D": flat, "additionalInfo": False}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        engine = RadiomicsFeatureExtractor(**options)
        engine.disableAllFeatures()
        engine.enableFeatureClassByName(family)
        images = [sitk.GetImageFromArray(a) for a in (region.volume.array, region.mask.astype(np.uint8))]
        for image in images:
            image.SetSpacing(SPACING)
        found = engine.execute(*images, voxelBased=True)
    arrays = {}
    for name, map_ in found.items():
        map_ = sitk.Resample(map_, images[1], sitk.Transform(), sitk.sitkNearestNeighbor, 0.0)
        arrays[name.removeprefix("original_")] = sitk.GetArrayFromImage(map_)
    return arrays


@pytest.mark.slow
@pytest.mark.parametrize(("radius", "flat"), [(1, False), (2, False), (1, True)])
@pytest.mark.parametrize("family", FAMILIES_OF_MAPS)
def test_maps_are_those_of_pyradiomics(family: str, radius: int, flat: bool) -> None:
    region = _region()
    found = feature_maps(region, {family: None}, Settings(flat=flat), Window(radius=radius))
    reference = _reference(region, family, radius, flat)
    assert set(found) == set(reference)
    for name, values in found.items():
        inside = values[region.mask]
        known = np.isfinite(inside)
        assert known.mean() > 0.9, name
        np.testing.assert_allclose(
            inside[known], reference[name][region.mask][known], rtol=1e-7, atol=1e-12, err_msg=name
        )
        np.testing.assert_array_equal(values[~region.mask], 0.0)


def _means(region: Region, reach: Sequence[int]) -> np.ndarray:
    """Mean of the ROI's voxels round each voxel, by hand."""
    found = np.full(region.mask.shape, -1.0)
    for place in np.argwhere(region.mask):
        part = tuple(slice(max(at - far, 0), at + far + 1) for at, far in zip(place, reach, strict=True))
        found[tuple(place)] = region.volume.array[part][region.mask[part]].mean()
    return found


BY_X = {"flat": True, "flat_axis": 2}


@pytest.mark.parametrize(("settings", "reach"), [({}, (2, 2, 2)), ({"flat": True}, (0, 2, 2)), (BY_X, (2, 2, 0))])
def test_a_mean_is_that_of_the_roi_round_the_voxel(settings: dict, reach: Sequence[int]) -> None:
    region = _region()
    found = feature_maps(region, {"firstorder": ("Mean",)}, Settings(**settings), Window(radius=2), outside=-1.0)
    assert list(found) == ["firstorder_Mean"]
    np.testing.assert_allclose(found["firstorder_Mean"], _means(region, reach))


def test_unknown_names_are_told() -> None:
    with pytest.raises(RadweaveError, match='there are no maps of "shape"; allowed: .*firstorder'):
        feature_maps(_region(), {"shape": None}, Settings())
    with pytest.raises(RadweaveError, match='glcm has no feature "Contrst"; it has .* did you mean "Contrast"'):
        feature_maps(_region(), {"glcm": ("Contrst",)}, Settings())


def test_every_family_but_shape_has_maps() -> None:
    assert {kind for kind in FAMILIES.modules if not FAMILIES.load(kind).of_shape} >= set(FAMILIES_OF_MAPS)
