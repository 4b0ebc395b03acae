"""The engine as an extractor: the columns and the values of pyradiomics as an extractor."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from features.core.kinds.recipe import Recipe
from features.core.region import Region, Volume
from features.images.prepare import prepare_region
from features.radiomics.extractors.radweave import Radweave
from tests.features.radiomics.judge import MADE_UP

FILTERS = ["wavelet", "square", "squareroot", "logarithm", "exponential", "gradient"]


def _recipe(*extractors: Any, **settings: Any) -> Recipe:
    base = {"name": "ct_lung", "modality": "CT", "unit": "HU", "discretise": {"bin_width": 25}}
    return Recipe.model_validate({**base, **settings, "extractors": list(extractors) or ["radweave"]})


def _region(sd: float = 60.0) -> Region:
    rng = np.random.default_rng(5)
    array = ndimage.gaussian_filter(rng.normal(0, 1, (24, 30, 33)), 1.0)
    array = np.round(array / array.std() * sd)
    z, y, x = np.indices(array.shape)
    mask = (z - 11) ** 2 / 30 + (y - 14) ** 2 / 60 + (x - 16) ** 2 / 50 < 1
    return Region(Volume(array, (0.9, 0.9, 2.0)), mask)


@pytest.mark.slow
@pytest.mark.parametrize("discretise", [{"bin_width": 25}, {"bin_count": 24}])
def test_columns_and_values_are_those_of_pyradiomics(discretise: dict[str, float]) -> None:
    log = {"kind": "log", "sigma_mm": [1.0, 2.5]}
    recipe = _recipe("radweave", "pyradiomics", filters=[log, *FILTERS], discretise=discretise, resegment=[-150, 150])
    ours, theirs = recipe.extractors
    region = prepare_region(_region(), recipe)
    columns = [column for column in theirs.columns(recipe) if column.role == "predictor"]
    assert [column.name for column in ours.columns(recipe)] == [column.name for column in columns] + ["undefined"]
    found, expected = ours.extract(region, recipe), theirs.extract(region, recipe)
    far = {}
    for column in columns:
        own, other = float(found[column.name]), float(expected[column.name])
        if column.family == "shape":
            continue  # of the outline here, of the re-segmented mask there
        near = math.isclose(own, other, rel_tol=1e-4 if "log_" in column.name else 1e-6, abs_tol=1e-9)
        if math.isnan(other):
            continue  # of one grey level: none of its textures there
        if not near and (column.family, column.name.rsplit("_", 1)[1]) not in MADE_UP:
            far[column.name] = own, other
    assert far == {}


def test_deprecated_features_are_given_where_a_recipe_names_them() -> None:
    plain, recipe = _recipe(), _recipe({"kind": "radweave", "deprecated": ["shape_Compactness2"]})
    (before, after) = (one.extractors[0].columns(one) for one in (plain, recipe))
    (added,) = [column for column in after if column not in before]
    assert (added.name, added.ibsi, len(after)) == ("original_shape_Compactness2", "BQWJ", len(before) + 1)
    found = recipe.extractors[0].extract(prepare_region(_region(), recipe), recipe)
    assert found[added.name] == pytest.approx(float(found["original_shape_Sphericity"]) ** 3)
    with pytest.raises(ValueError, match=r'"shape_Compactness3"; allowed: .* Did you mean "shape_Compactness[12]"'):
        Radweave(deprecated=("shape_Compactness3",))
    with pytest.raises(ValueError, match='no deprecated feature of its families is "shape_Compactness2"'):
        Radweave(deprecated=("shape_Compactness2",), families=("glcm",))


def test_shape_is_of_the_outline() -> None:
    recipe = _recipe(resegment=[-20, 20])
    region = prepare_region(_region(), recipe)
    assert region.outline is not None
    found = recipe.extractors[0].extract(region, recipe)
    voxel_ml = 0.9 * 0.9 * 2.0
    assert found["original_shape_VoxelVolume"] == pytest.approx(region.outline.sum() * voxel_ml)
    assert found["original_shape_VoxelVolume"] > region.mask.sum() * voxel_ml


def test_what_is_undefined_says_why() -> None:
    recipe = _recipe(discretise={"bin_width": 5000})
    region = _region()
    brighter = Region(Volume(region.volume.array + 1000, region.volume.spacing_mm), region.mask)
    found = recipe.extractors[0].extract(prepare_region(brighter, recipe), recipe)
    reasons = json.loads(str(found["undefined"]))
    textures = [name for name in found if name.startswith(("original_gl", "original_ng"))]
    assert reasons == {"ONE_GREY_LEVEL": textures}
    assert len(textures) == 75
    assert math.isfinite(float(found["original_firstorder_Mean"]))
    assert all(math.isnan(float(found[name])) for name in reasons["ONE_GREY_LEVEL"])
    assert _recipe().extractors[0].extract(_region(), _recipe())["undefined"] == ""


def test_only_the_families_that_are_asked_for_are_there() -> None:
    columns = Radweave(families=("glszm", "shape")).columns(_recipe(filters=["square"]))
    assert {column.family for column in columns} == {"glszm", "shape", "undefined"}
    assert {(column.family, column.filter) for column in columns} >= {("glszm", "square"), ("shape", "original")}
    with pytest.raises(ValueError, match='no family "glsm"; allowed: firstorder, glcm'):
        Radweave(families=("glsm",))


def test_columns_name_ibsi_codes_and_formulas() -> None:
    columns = {column.name: column for column in Radweave().columns(_recipe())}
    assert columns["original_glcm_Contrast"].ibsi == "ACUI"
    assert columns["original_glcm_Contrast"].description == "glcm of the original image: mean of (i − j)²"


def test_an_extractor_refuses_filters_that_it_does_not_have() -> None:
    with pytest.raises(ValueError, match='the extractor pyradiomics cannot apply the filter "lbp3d"'):
        _recipe("pyradiomics", filters=["lbp3d"])


def test_shuffled_intensities_keep_shape_and_histogram_and_lose_texture() -> None:
    """First order and shape up to the order of sums; neighbours of a smooth region are as alike as any two voxels then.

    Without the control such a texture is taken for what its histogram tells: Welch et al., Radiother Oncol 2019;130:2.
    """
    plain = _recipe()
    mixed = plain.shuffled()
    assert (mixed.name, mixed.default, plain.digest() != mixed.digest()) == ("ct_lung_shuffled", False, True)
    region = _region()
    as_it_is, shuffled = prepare_region(region, plain), prepare_region(region, mixed)
    np.testing.assert_array_equal(shuffled.mask, as_it_is.mask)
    inside, outside = shuffled.mask, ~shuffled.mask
    np.testing.assert_array_equal(shuffled.volume.array[outside], as_it_is.volume.array[outside])
    assert (shuffled.volume.array[inside] != as_it_is.volume.array[inside]).mean() > 0.9
    np.testing.assert_array_equal(prepare_region(region, mixed).volume.array, shuffled.volume.array)
    (extractor,) = plain.extractors
    before, after = extractor.extract(as_it_is, plain), extractor.extract(shuffled, mixed)
    families = {column.name: column.family for column in extractor.columns(plain) if column.role == "predictor"}
    for name, family in families.items():
        if family == "shape" or name.startswith("original_firstorder"):
            assert after[name] == pytest.approx(before[name], rel=1e-11), name  # sums have another order
    assert before["original_glcm_Correlation"] > 0.55
    assert abs(float(after["original_glcm_Correlation"])) < 0.1
    for name in ("original_glcm_JointEntropy", "original_glrlm_RunPercentage", "original_ngtdm_Contrast"):
        assert float(after[name]) > 1.02 * float(before[name]), name
    other = prepare_region(region, mixed.model_copy(update={"shuffle": 1}))
    assert (other.volume.array[inside] != shuffled.volume.array[inside]).mean() > 0.9
