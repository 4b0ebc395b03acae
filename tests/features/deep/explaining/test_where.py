"""Maps are put back where views came from: a view of an image, put back, is the image again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from features.core.kinds.recipe import Recipe
from features.core.kinds.sampling import SAMPLINGS, Shape
from features.core.region import Region, Volume
from features.deep.explaining.where import planes_of, put_back, shown_roi
from tests.support.kinds import settings_of

TURNED = (0.0, 0.0, -1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
FURTHER: tuple[dict[str, Any], ...] = (
    {},
    {"masked": True},
    {"orientation": "coronal"},
    {"orientation": "RAS", "spacing_mm": 1.3},
)


def _samplings() -> list[Any]:
    found = []
    for kind in SAMPLINGS.modules:
        for further in FURTHER:
            try:
                one = SAMPLINGS.parse({**settings_of(SAMPLINGS, kind), **further})
            except ValueError:
                continue  # the kind has no such setting
            found.append(pytest.param(one, id=f"{kind}-{'-'.join(further) or 'default'}"))
    return found


def smooth(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """An image in which a place can be told by its intensity, within -90 and 90."""
    found = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 3.0)
    return 180 * (found - found.min()) / np.ptp(found) - 90


def region(seed: int = 0, direction: tuple[float, ...] = TURNED) -> Region:
    mask = np.zeros((26, 34, 30), bool)
    mask[9:17, 12:22, 10:20] = True
    return Region(Volume(smooth(mask.shape, seed), (1.0, 1.25, 1.5), (5.0, -40.0, 7.0), direction), mask)


@pytest.mark.parametrize("sampling", _samplings())
def test_what_is_shown_and_put_back_is_the_image(recipe: Recipe, sampling: Any) -> None:
    own = region()
    shape = Shape((28, 28), 1) if sampling.dimensions == 2 else Shape((16, 20, 18), 1)
    bare = sampling.bare()
    preparation = recipe.model_copy(update={"window": (-100.0, 100.0)})
    scaled = Region(replace(own.volume, array=(own.volume.array + 100) / 200), own.mask)
    views = bare.sample([scaled], recipe.model_copy(update={"window": (0.0, 1.0)}), shape)
    planes = planes_of(sampling, [own], preparation, shape)
    assert {(one.view, one.channel) for one in planes} == set(np.ndindex(views.shape[:2]))
    found = put_back(views, planes, 0, own.volume)
    there = put_back(np.ones_like(views), planes, 0, own.volume) > 0
    assert there.sum() > 100
    inside = there & ndimage.binary_erosion(np.ones_like(there), iterations=2)
    off = np.abs(found - scaled.volume.array)[inside]
    assert np.median(off) < 0.01 and np.quantile(off, 0.99) < 0.06, (np.median(off), np.quantile(off, 0.99))
    wrong = np.abs(np.roll(found, 3, axis=2) - scaled.volume.array)[inside]
    assert np.median(wrong) > 4 * np.median(off), "elsewhere it would be another image"


@pytest.mark.parametrize("kind", ["largest", "nine_views", "patch"])
def test_small_rois_that_are_stretched_to_a_large_view_are_put_back_too(recipe: Recipe, kind: str) -> None:
    mask = np.zeros((12, 20, 20), bool)
    mask[4:8, 0:6, 7:12] = True  # at the edge of the image
    own = Region(Volume(smooth(mask.shape), (1.0, 1.0, 1.0)), mask)
    sampling, shape = SAMPLINGS.parse(kind), Shape((96, 96), 1) if kind != "patch" else Shape((64, 64, 64), 1)
    for plane in planes_of(sampling, [own], recipe, shape):
        middle = plane.origin + plane.steps @ (np.array(shape.size) / 2 - 0.5)
        assert np.abs(middle - [9.0, 2.5, 5.5 if kind != "largest" else 4.0]).max() < 0.51, (
            "whole pixels lie in the middle up to a half"
        )


def test_a_point_of_a_patch_comes_back_in_the_image_as_it_was_before_it_was_prepared(recipe: Recipe) -> None:
    """The grid of the image is finer, turned, and begins elsewhere than that of the prepared region."""
    own = region()
    sampling, shape = (
        SAMPLINGS.parse({"kind": "patch", "orientation": "LPS", "spacing_mm": 1.0}),
        Shape((24, 24, 24), 1),
    )
    planes = planes_of(sampling, [own], recipe, shape)
    values = np.zeros((1, 1, *shape.size), np.float32)
    values[0, 0, 7:10, 14:17, 11:14] = 1
    (plane,) = planes
    middle = plane.origin + plane.steps @ np.array([8.0, 15.0, 12.0])
    image = Volume(
        np.zeros((70, 60, 80), np.int16),
        (0.8, 0.7, 0.9),
        (20.0, -30.0, 0.0),
        (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0),
    )
    found = put_back(values, planes, 0, image)
    z, y, x = ndimage.center_of_mass(found)
    place = np.array(image.origin_mm) + np.array([-x, -y, z]) * np.array(image.spacing_mm)
    assert np.abs(place - middle).max() < 0.1
    assert np.isclose(found.sum() * 0.8 * 0.7 * 0.9, 27.0, rtol=0.15), "as large as it was"


def test_channels_of_several_images_go_back_each_into_its_own(recipe: Recipe) -> None:
    first, second = region(0), region(1)
    second = replace(second, volume=replace(second.volume, origin_mm=(300.0, 0.0, 0.0)))
    sampling, shape = SAMPLINGS.parse("adjacent"), Shape((20, 20), 6)
    planes = planes_of(sampling, [first, second], recipe, shape)
    assert [one.image for one in planes] == [0, 0, 0, 1, 1, 1]
    values = np.zeros((1, 6, *shape.size), np.float32)
    values[:, 4] = 1
    assert not put_back(values, planes, 0, first.volume).any()
    slices = np.flatnonzero(put_back(values, planes, 1, second.volume).any(axis=(1, 2)))
    assert len(slices) == 1 and 9 <= slices[0] < 17


def test_the_roi_is_shown_where_a_view_has_it(recipe: Recipe) -> None:
    own = region()
    roi = shown_roi(SAMPLINGS.parse({"kind": "largest", "masked": True}), [own], recipe, Shape((30, 30), 1))
    assert roi.shape == (1, 1, 30, 30) and roi[0, 0, 15, 15] == 1 and roi[0, 0, 0, 0] == 0
    assert 0.2 < roi.mean() < 0.5
