"""Thresholds of PET: each against its formula on a phantom, all against the truth of simulated patients, and what fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from features.core.case import CaseId, FileSet, Scan
from features.core.kinds.mask import MASKS, Mask
from features.core.kinds.registry import KindError
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.index.computed import computed_scan
from features.images.masks.agreement import agree
from features.images.reading import Reading
from features.simulate.kinds.pet import SCANNERS, Pet, _draw_pair
from features.simulate.planted import Person
from features.simulate.uptake import _onto

SPACING = (2.0, 2.0, 2.0)
BOX = {"format": "box", "low_mm": [8, 8, 8], "high_mm": [50, 50, 50]}


def whole_scan() -> Scan:
    image, none = FileSet("nifti", (), "image"), FileSet("whole", (), "")
    return Scan(CaseId("demo", "p"), "A", "PT", "SUV", image, none, "", segmentation="none")


def found_by(settings: dict[str, Any], image: Volume) -> tuple[Mask, list[Warned], Scan]:
    source = MASKS.parse({"inside": BOX, **settings})
    scan = whole_scan()
    for step in source.steps:
        scan = computed_scan(scan, step, source.roi_name, Path())
    mask, warnings = Reading().mask(scan, image)
    return mask, list(warnings), scan


def phantom() -> tuple[Volume, NDArray[np.float64]]:
    """A ball of radius 10 mm with 8.0 (its core of 4 mm 10.0) in a background of 2.0; and its distances from the middle."""
    place = np.indices((30, 30, 30)) * 2.0
    away = np.sqrt(((place - 29.0) ** 2).sum(axis=0))
    values = np.where(away <= 10, 8.0, 2.0) + np.where(away <= 4, 2.0, 0.0)
    values[0, 0, 0] = 40.0  # outside of the box
    return Volume(values.astype(np.float32), SPACING), away


def test_fixed_and_percentage_take_what_is_above_them_in_the_box() -> None:
    image, away = phantom()
    mask, warnings, scan = found_by({"format": "fixed_threshold", "value": 9.0}, image)
    assert np.array_equal(mask, away <= 4)
    assert scan.segmentation == "semiautomatic"
    told = next(one for one in warnings if one.details.get("by") == "fixed_threshold")
    assert (told.code, told.details) == ("SEGMENTED", {"by": "fixed_threshold", "threshold": 9.0, "hottest": 10.0})
    mask, _, scan = found_by({"format": "percent_of_max", "percent": 79}, image)
    assert np.array_equal(mask, away <= 10)
    mask, _, scan = found_by({"format": "percent_of_max", "percent": 50, "inside": "whole"}, image)
    assert int(mask.sum()) == 1  # the hottest voxel of the image
    assert scan.segmentation == "automatic"


def test_the_adaptive_threshold_is_that_of_its_publication() -> None:
    """0.5 × mean70 + 0.5 × background (Schaefer 2008): means of the phantom are known without any code."""
    image, away = phantom()
    mean70 = float(image.array[away <= 10].mean())
    mask, warnings, _ = found_by({"format": "adaptive_threshold"}, image)
    told = next(one for one in warnings if one.details.get("by") == "adaptive_threshold")
    assert told.details["background"] == 2.0
    assert told.details["mean70"] == pytest.approx(mean70, rel=1e-4)
    assert told.details["threshold"] == pytest.approx(0.5 * mean70 + 0.5 * 2.0, rel=1e-4)
    assert np.array_equal(mask, away <= 10)
    _, warnings, _ = found_by({"format": "adaptive_threshold", "share": 0.15, "background_share": 1}, image)
    nestle = next(one for one in warnings if one.details.get("by") == "adaptive_threshold")
    assert nestle.details["threshold"] == pytest.approx(0.15 * mean70 + 2.0, rel=1e-4)


def test_of_several_parts_the_hottest_or_all_and_beyond_a_seed() -> None:
    image, away = phantom()
    values = image.array.copy()
    values[12, 12, 22:24] = 9.0  # a second spot, in the box
    two = Volume(values, SPACING)
    threshold = {"format": "fixed_threshold", "value": 7.0}
    assert np.array_equal(found_by(threshold, two)[0], away <= 10)
    assert int(found_by({**threshold, "keeps": "all"}, two)[0].sum()) == int((away <= 10).sum()) + 2
    seed = {"format": "box", "low_mm": [27, 27, 27], "high_mm": [31, 31, 31]}
    cut, warnings, _ = found_by({**threshold, "inside": seed}, two)
    assert int(cut.sum()) == 8
    assert [one.code for one in warnings] == ["SEGMENTED", "SEGMENTED", "SEGMENTED_BOUND"]
    assert np.array_equal(found_by({**threshold, "inside": seed, "grows": True}, two)[0], away <= 10)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"inside": {**BOX, "low_mm": [900, 900, 900], "high_mm": [910, 910, 910]}}, "holds no voxel"),
        ({"format": "adaptive_threshold", "share": 3}, "too little contrast"),
        ({"format": "adaptive_threshold", "background_mm": [500, 900]}, "there is no background 500 to 900 mm"),
    ],
)
def test_what_gives_no_threshold_is_rejected_in_words(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(Rejected, match=message) as caught:
        found_by({"format": "percent_of_max", **settings}, phantom()[0])
    assert caught.value.code == "SEGMENTATION_FAILED"


def test_an_image_without_uptake_is_rejected_and_voxels_without_a_value_are_never_hot() -> None:
    image, away = phantom()
    with pytest.raises(Rejected, match="no voxel of the region has any uptake"):
        found_by({"format": "percent_of_max"}, Volume(np.zeros((30, 30, 30)), SPACING))
    values = image.array.copy()
    values[14, 14, 14] = np.nan
    mask, _, _ = found_by({"format": "percent_of_max", "percent": 79}, Volume(values, SPACING))
    assert not mask[14, 14, 14]
    assert int(mask.sum()) == int((away <= 10).sum()) - 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"format": "percent_of_max"}, "inside is missing"),
        ({"format": "percent_of_max", "inside": BOX, "grows": True, "keeps": "all"}, "keeps: all is for ROIs inside"),
        ({"format": "percent_of_max", "inside": {"format": "rtstruct", "rois": {"a": "A", "b": "B"}}}, "it has a, b"),
        ({"format": "box"}, "give either table, with a box for each case, or low_mm and high_mm"),
        ({"format": "box", "low_mm": [0, 0, 9], "high_mm": [1, 1, 1]}, "low_mm has to lie below high_mm"),
        ({"format": "adaptive_threshold", "inside": BOX, "background_mm": [9, 3]}, "goes from near to far"),
    ],
)
def test_faults_of_the_catalog_are_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(KindError, match=message):
        MASKS.parse(settings)


@pytest.mark.slow
def test_dice_against_the_truth_of_simulated_patients() -> None:
    """Tumours whose uptake is uneven: 41 % and the adaptive threshold find most of them, one SUV for all does worse."""
    plan = Pet(seed=1, patients_per_centre=4)
    number = next(i for i, one in enumerate(plan.sites) if one.name == "Y")
    site, grid = plan.sites[number], SCANNERS["Y"].grid
    dice: dict[str, list[float]] = {}
    for k, facts in enumerate(plan.people()[number].to_dict("records")):
        person = Person(facts["patient"], k, facts, (plan.seed, plan.kind, number, k))
        _, chest, suv = _draw_pair(person, site, SCANNERS["Y"])
        truth = _onto(grid, site.grid, chest.tumour.astype(np.float32)) >= 0.5
        (around,) = ndimage.find_objects(truth.astype(int))
        corners = [[axis.start for axis in around][::-1], [axis.stop - 1 for axis in around][::-1]]
        low, high = (np.array(grid.origin_mm) + np.array(one) * grid.spacing_mm for one in corners)
        box = {"format": "box", "low_mm": list(low - 10), "high_mm": list(high + 10)}
        for kind, own in (("fixed_threshold", {"value": 2.5}), ("percent_of_max", {}), ("adaptive_threshold", {})):
            mask, _, _ = found_by({"format": kind, "inside": box, **own}, Volume(suv, grid.spacing_mm, grid.origin_mm))
            dice.setdefault(kind, []).append(agree(mask, truth, grid.spacing_mm).dice)
    means = {kind: float(np.mean(own)) for kind, own in dice.items()}
    best = min(means["percent_of_max"], means["adaptive_threshold"])
    assert best > 0.65, means
    assert means["fixed_threshold"] < best - 0.05, means
