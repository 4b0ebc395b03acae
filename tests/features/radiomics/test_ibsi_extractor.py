"""The ibsi extractor: what it takes from a recipe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.core.kinds.preparation import FixedBinCount, FixedBinWidth
from features.core.kinds.recipe import Recipe
from features.core.region import Region, Volume
from features.images.prepare import prepare_region
from features.radiomics.extractors.ibsi import Ibsi


def _recipe(**settings: Any) -> Recipe:
    settings = {"discretise": {"bin_width": 25}, "extractors": ["ibsi"], **settings}
    return Recipe.model_validate({"name": "test", "modality": "CT", "unit": "HU", **settings})


def _region() -> Region:
    mask = np.zeros((12, 20, 20), bool)
    mask[3:9, 5:15, 5:15] = True
    return Region(Volume(np.random.default_rng(0).normal(0, 200, mask.shape), (1.0, 1.0, 2.0)), mask)


def test_every_column_has_its_ibsi_code() -> None:
    columns = Ibsi(aggregations=("2.5D:mrg", "3D")).columns(_recipe())
    assert all(len(column.ibsi) == 4 for column in columns)
    found = {column.name: column for column in columns}
    assert found["original_glcm_contrast_2_5d_mrg"].ibsi == "ACUI"
    assert found["original_glcm_contrast_2_5d_mrg"].description == (
        "contrast of glcm, slices and directions merged: sum of (i − j)² · p(i, j)"
    )
    assert found["original_ngldm_grey_level_variance_3d"].family == "ngldm"


def test_bins_begin_at_the_recipe_s_lower_bound() -> None:
    recipe = _recipe(resegment=(-150, 150), extractors=[{"kind": "ibsi", "families": ["intensity_histogram"]}])
    values = recipe.extractors[0].extract(prepare_region(_region(), recipe), recipe)
    assert values["original_intensity_histogram_minimum"] == 1
    assert values["original_intensity_histogram_maximum"] == 12


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, FixedBinWidth(bin_width=1)),
        ({"round_intensities": True}, None),
        ({"unit": "SUV", "modality": "PT"}, FixedBinWidth(bin_width=0.1)),
        ({"unit": "arbitrary", "modality": "MR", "discretise": {"bin_count": 8}}, FixedBinCount(bin_count=1000)),
    ],
)
def test_the_intensity_volume_histogram_has_bins_of_the_unit(settings: dict, expected: object) -> None:
    assert Ibsi()._ivh(_recipe(**settings)) == expected
    assert Ibsi(ivh=FixedBinCount(bin_count=7))._ivh(_recipe(**settings)) == FixedBinCount(bin_count=7)


def test_the_crop_of_a_recipe_holds_the_spheres_of_local_intensity() -> None:
    recipe = _recipe(extractors=[{"kind": "ibsi", "families": ["local_intensity"]}])
    region = Region(
        Volume(np.random.default_rng(1).normal(0, 9, (60, 60, 60)), (0.8, 0.8, 0.8)), np.zeros((60,) * 3, bool)
    )
    region.mask[25:35, 25:35, 25:35] = True
    (extractor,) = recipe.extractors
    assert extractor.extract(prepare_region(region, recipe), recipe) == extractor.extract(region, recipe)


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ValueError, match=r'there is no family "ngldmm"; allowed: morphology, .*did you mean "ngldm"\?'):
        _recipe(extractors=[{"kind": "ibsi", "families": ["glcm", "ngldmm"]}])
