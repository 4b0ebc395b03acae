"""Agreement of two masks: shapes whose figures are known, and what is empty."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from features.images.masks.agreement import agree, agree_pairs, summary

SPACING = (0.7, 1.3, 2.5)


def box(x: slice, y: slice = slice(4, 14), z: slice = slice(3, 9), shape: tuple[int, ...] = (12, 20, 30)) -> np.ndarray:
    mask = np.zeros(shape, np.bool_)
    mask[z, y, x] = True
    return mask


def test_a_longer_box_has_exact_overlap_and_distance() -> None:
    one, other = box(slice(5, 15)), box(slice(5, 18))
    found = agree(one, other, SPACING)
    assert found.dice == pytest.approx(2 * 10 / (10 + 13))
    assert (found.one_ml, found.other_ml) == pytest.approx((600 * 2.275 / 1000, 780 * 2.275 / 1000))
    assert found.hausdorff95_mm == pytest.approx(3 * 0.7)
    assert agree(one, one.copy(), SPACING).surface_mm == 0


@pytest.mark.parametrize("spacing", [1.0, 0.4])
def test_ends_of_a_row_are_as_far_apart_as_they_lie(spacing: float) -> None:
    one, other = np.zeros((2, 1, 1, 20), np.bool_)
    one[..., 2:12] = other[..., 2:15] = True
    found = agree(one, other, (spacing, 1.0, 1.0))
    assert (found.surface_mm, found.hausdorff95_mm) == pytest.approx((3 * spacing / 2, 3 * spacing))


def test_spheres_in_one_another_are_apart_by_their_radii() -> None:
    z, y, x = np.ogrid[-24:25:0.5, -24:25:0.5, -24:25:0.5]
    far = np.sqrt(z * z + y * y + x * x)
    found = agree(far <= 20, far <= 15, (0.5, 0.5, 0.5))
    assert found.surface_mm == pytest.approx(5, abs=0.15)
    assert found.hausdorff95_mm == pytest.approx(5, abs=0.5)
    assert found.one_ml == pytest.approx(4 / 3 * np.pi * 8, rel=0.01)
    assert found.dice == pytest.approx(2 * 15**3 / (20**3 + 15**3), rel=0.01)


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(np.bool_, (3, 4, 5)), hnp.arrays(np.bool_, (3, 4, 5)))
def test_figures_are_those_of_every_face_with_every_other(one: np.ndarray, other: np.ndarray) -> None:
    one[1, 1, 1] = other[1, 2, 3] = True
    found, turned = agree(one, other, SPACING), agree(other, one, SPACING)
    assert found.dice == pytest.approx(2 * (one & other).sum() / (one.sum() + other.sum()))
    assert (found.surface_mm, found.hausdorff95_mm) == pytest.approx((turned.surface_mm, turned.hausdorff95_mm))
    (a, weight_a), (b, weight_b) = faces(one), faces(other)
    between = np.linalg.norm(a[:, None] - b[None], axis=2)
    forth, back = between.min(axis=1), between.min(axis=0)
    mean = (forth @ weight_a + back @ weight_b) / (weight_a.sum() + weight_b.sum())
    assert found.surface_mm == pytest.approx(mean)
    wanted = []
    for mm, weight in ((forth, weight_a), (back, weight_b)):
        beyond = [distance for distance in np.unique(mm) if weight[mm <= distance].sum() >= 0.95 * weight.sum() - 1e-9]
        wanted.append(min(beyond))
    assert found.hausdorff95_mm == pytest.approx(max(wanted))


def faces(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres (n, 3) in mm and areas of the faces between inside and outside, one by one."""
    places, areas, steps = [], [], np.array(SPACING[::-1])
    wide = np.pad(mask, 1)
    for voxel in np.argwhere(wide):
        for axis in range(3):
            for side in (-1, 1):
                beside = voxel.copy()
                beside[axis] += side
                if not wide[tuple(beside)]:
                    places.append(((voxel + beside) / 2) * steps)
                    areas.append(np.prod(np.delete(steps, axis)))
    return np.array(places), np.array(areas)


def test_empty_masks_have_no_surface() -> None:
    one, none = box(slice(5, 15)), np.zeros((12, 20, 30), np.bool_)
    half, empty = agree(one, none, SPACING), agree(none, none, SPACING)
    assert (half.dice, half.other_ml) == (0, 0)
    assert isnan(half.hausdorff95_mm)
    assert isnan(empty.dice)
    assert isnan(empty.surface_mm)


def test_a_pair_of_readers_each_and_what_is_told_of_them_all() -> None:
    masks = {"anna": box(slice(5, 15)), "ben": box(slice(5, 18)), "cora": box(slice(5, 15))}
    pairs = agree_pairs(masks, SPACING)
    assert [(pair.one, pair.other) for pair in pairs] == [("anna", "ben"), ("anna", "cora"), ("ben", "cora")]
    assert summary(pairs) == pytest.approx(
        {"dice_mean": (1 + 2 * 20 / 23) / 3, "dice_lowest": 20 / 23, "hausdorff95_highest_mm": 2.1}
    )
    assert all(isnan(value) for value in summary(agree_pairs({"a": masks["anna"]}, SPACING)).values())
