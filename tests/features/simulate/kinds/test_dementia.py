"""The dementia cohort's voxels: an equal mean of the whole brain, a planted contrast of regions, an atlas that fits."""

from __future__ import annotations

import numpy as np
import pytest

from features.simulate.dementia import REGIONS, TEMPLATE, Brain, atlas, pet, signs, t1
from features.simulate.fields import STILL, Waves
from features.simulate.kinds.dementia import Dementia

SITE = Dementia.sites[0]


def scans(state: float) -> tuple[np.ndarray, np.ndarray]:
    brain = Brain(np.exp(0.1 * state * signs()), -0.3 * state * signs(), 6.0, STILL)
    image, tissues = t1(brain, Waves.draw(np.random.default_rng(1), 7.0), SITE, np.random.default_rng(2))
    return pet(brain, tissues, SITE, np.random.default_rng(3)), image


def means(image: np.ndarray) -> np.ndarray:
    labels = atlas(TEMPLATE, STILL).ravel()
    return np.bincount(labels, image.ravel())[1:] / np.bincount(labels)[1:]


def test_the_pattern_moves_regions_apart_and_the_whole_brain_stays() -> None:
    (sick_pet, sick_t1), (well_pet, well_t1) = scans(-1.0), scans(1.0)
    inside = atlas(TEMPLATE, STILL) > 0
    for sick, well in ((sick_pet, well_pet), (sick_t1.astype(float), well_t1.astype(float))):
        change = means(sick) / means(well) - 1
        assert change[signs() < 0].mean() > 0.01 > -0.01 > change[signs() > 0].mean()
        assert sick[inside].mean() == pytest.approx(well[inside].mean(), rel=0.01)
        assert sick[inside].std() == pytest.approx(well[inside].std(), rel=0.06)


def test_every_region_is_in_the_atlas_and_both_sides_are_alike() -> None:
    sizes = np.bincount(atlas(TEMPLATE, STILL).ravel(), minlength=len(REGIONS) + 1)[1:]
    assert sizes.min() > 100
    assert np.array_equal(sizes[::2], sizes[1::2])
    assert all(name.startswith(("right_", "left_")) for name in REGIONS)


def test_without_mild_impairment_all_are_sick_or_controls_and_no_truth_is_told_of_conversion() -> None:
    plain, none = Dementia(), Dementia(impaired=0)
    people = [kind.draw(np.random.default_rng(1), kind.sites[0], 200) for kind in (plain, none)]
    assert 0.2 < people[0]["alzheimer"].isna().mean() < 0.5 and not people[1]["alzheimer"].isna().any()
    assert list(none.oracle()) == ["alzheimer"] and "conversion" in plain.oracle()
