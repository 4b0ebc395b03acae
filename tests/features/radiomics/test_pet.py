"""PET features: the IBSI phantom's peaks, thresholds by hand, and spheres of one millilitre."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.kinds.recipe import Recipe
from features.core.region import Region, Volume
from features.images.prepare import prepare_region
from features.radiomics.dialects.ibsi import SPHERE_MM
from features.radiomics.extractors.pet import Pet
from features.radiomics.voxels.spheres import sphere_means

GOLDEN = Path(__file__).parents[2] / "golden" / "ibsi_digital_phantom_voxels.csv"


def _recipe(pet: dict[str, Any] | None = None, **changes: Any) -> Recipe:
    base = {"name": "pet_suv", "modality": "PT", "unit": "SUV", "discretise": {"bin_width": 0.5}, "minimum_voxels": 1}
    return Recipe.model_validate({**base, **changes, "extractors": [{"kind": "pet", **(pet or {})}]})


def _values(region: Region, **pet: Any) -> dict[str, float]:
    recipe = _recipe(pet)
    return dict(recipe.extractors[0].extract(region, recipe))


def _phantom() -> Region:
    with GOLDEN.open() as file:
        rows = list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter=";"))
    image, mask = np.zeros((4, 4, 5)), np.zeros((4, 4, 5), bool)
    for row in rows:
        place = int(row["z"]), int(row["y"]), int(row["x"])
        image[place], mask[place] = float(row["intensity"]), row["roi"] == "1"
    return Region(Volume(image, (2.0, 2.0, 2.0)), mask)


def test_peaks_of_the_digital_phantom_are_ibsi_s() -> None:
    """Reference values of the IBSI manual: global intensity peak 3.1, local intensity peak 2.6."""
    found = _values(_phantom())
    assert found["suv_peak"] == pytest.approx(3.1, abs=0.05)
    assert found["suv_peak_at_max"] == pytest.approx(2.6, abs=0.05)
    assert (found["suv_max"], found["suv_mean"]) == (6.0, pytest.approx(2.15, abs=0.005))


def test_volumes_and_glycolysis_above_thresholds() -> None:
    array = np.zeros((5, 6, 7))
    array[2, 2, 1:6] = [10.0, 5.0, 4.1, 4.0, 1.0]
    region = Region(Volume(array, (4.0, 4.0, 5.0)), array > 0)
    found = _values(region, fixed=[4.0, 20.0])
    voxel = 0.08
    assert found["mtv_41pct_ml"] == pytest.approx(3 * voxel)
    assert found["tlg_41pct_g"] == pytest.approx(19.1 * voxel)
    assert found["mtv_50pct_ml"] == pytest.approx(2 * voxel)
    assert found["tlg_50pct_g"] == pytest.approx(15.0 * voxel)
    assert found["mtv_suv4_ml"] == pytest.approx(4 * voxel)
    assert (found["mtv_suv20_ml"], found["tlg_suv20_g"]) == (0.0, 0.0)


def test_a_cold_roi_has_no_share_of_its_maximum() -> None:
    region = Region(Volume(np.zeros((4, 4, 4)), (4.0, 4.0, 4.0)), np.ones((4, 4, 4), bool))
    found = _values(region)
    assert math.isnan(found["mtv_41pct_ml"]) and math.isnan(found["tlg_50pct_g"])
    assert found["mtv_suv4_ml"] == 0.0


@pytest.mark.parametrize("spacing", [(0.5, 0.5, 0.5), (1.0, 0.8, 1.5)])
def test_spheres_have_one_millilitre(spacing: tuple[float, float, float]) -> None:
    size = [2 * math.ceil(7 / step) + 1 for step in reversed(spacing)]
    array = np.zeros(size)
    middle = tuple(n // 2 for n in size)
    array[middle] = 1.0
    mask = np.zeros(size, bool)
    mask[middle] = True
    (mean,) = sphere_means(array, mask, spacing, SPHERE_MM)
    assert np.prod(spacing) / mean == pytest.approx(1000.0, rel=0.04)


def test_the_padding_of_a_fine_grid_holds_the_sphere() -> None:
    rng = np.random.default_rng(0)
    array = rng.random((40, 40, 40)) * 5
    mask = np.zeros(array.shape, bool)
    mask[18:22, 18:22, 18:22] = True
    whole = Region(Volume(array, (1.0, 1.0, 1.0)), mask)
    cropped = prepare_region(whole, _recipe())
    assert cropped.mask.shape < whole.mask.shape
    assert _values(cropped) == pytest.approx(_values(whole))


def test_columns_follow_the_settings() -> None:
    pet = Pet(relative=(0.425,), fixed=(2.5, 4))
    names = [column.name for column in pet.columns(_recipe())]
    assert names[4:] == [
        "mtv_42_5pct_ml", "tlg_42_5pct_g", "mtv_suv2_5_ml", "tlg_suv2_5_g", "mtv_suv4_ml", "tlg_suv4_g"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="the same threshold stands twice"):
        Pet(fixed=(4, 4.0))
