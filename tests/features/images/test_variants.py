"""Variants of a ROI: their geometry, the body, and what a recipe does with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.digest import digest_json
from features.core.kinds.recipe import Recipe
from features.core.kinds.variant import VARIANTS, Mask
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.images.distance import body_mask, depth_mm, distance_mm
from features.images.prepare import prepare_region
from tests.support.kinds import settings_of

SPACING = (1.0, 1.5, 3.0)


WHOLE = {"kind": "whole"}


def _recipe(roi: object = WHOLE, **changes: Any) -> Recipe:
    extractors = [{"kind": "pyradiomics"}]
    base = {"name": "ct", "modality": "CT", "unit": "HU", "discretise": {"bin_count": 8}, "extractors": extractors}
    return Recipe.model_validate({**base, "roi": roi, **changes})


def _ball(shape: tuple[int, int, int] = (24, 40, 44), radius_mm: float = 8.0) -> Mask:
    z, y, x = np.indices(shape)
    middle = [n // 2 for n in shape]
    away = ((z - middle[0]) * 3.0) ** 2 + ((y - middle[1]) * 1.5) ** 2 + (x - middle[2]) ** 2
    return np.asarray(away <= radius_mm**2)


def _region(shape: tuple[int, int, int] = (24, 40, 44), **ball: Any) -> Region:
    array = np.random.default_rng(0).normal(40, 10, shape)
    return Region(Volume(array, SPACING), _ball(shape, **ball))


def _brute(mask: Mask, *, inside: bool) -> np.ndarray:
    """Distance of every voxel to the nearest one inside or outside the mask, all pairs."""
    scale = np.array(SPACING[::-1])
    there = np.argwhere(mask if inside else ~np.pad(mask, 1)) - (0 if inside else 1)
    places = np.argwhere(np.ones(mask.shape, bool))
    away = np.sqrt((((places[:, None] - there[None]) * scale) ** 2).sum(axis=2)).min(axis=1)
    return np.asarray(away.reshape(mask.shape))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_distances_are_those_of_all_pairs_of_voxels(seed: int) -> None:
    mask = np.random.default_rng(seed).random((4, 5, 6)) < 0.3
    mask[0, 0, 0] = True
    np.testing.assert_allclose(distance_mm(mask, SPACING), _brute(mask, inside=True))
    np.testing.assert_allclose(depth_mm(mask, SPACING), _brute(mask, inside=False))


@pytest.mark.parametrize("margin_mm", [1.0, 2.0, 3.5])
def test_core_and_rim_share_the_roi_out(margin_mm: float) -> None:
    mask = _ball()
    core, rim = (
        VARIANTS.parse({"kind": kind, "margin_mm": margin_mm}).select(mask, SPACING, None) for kind in ("core", "rim")
    )
    assert core.any()
    assert not (core & rim).any()
    np.testing.assert_array_equal(core | rim, mask)


def test_shell_is_a_ring_and_what_is_nearer() -> None:
    mask = _ball()
    shell = VARIANTS.parse({"kind": "shell", "thickness_mm": 6}).select(mask, SPACING, None)
    near = VARIANTS.parse({"kind": "shell", "thickness_mm": 2}).select(mask, SPACING, None)
    ring = VARIANTS.parse({"kind": "ring", "inner_mm": 2, "outer_mm": 6}).select(mask, SPACING, None)
    assert not (shell & mask).any()
    assert not (near & ring).any()
    np.testing.assert_array_equal(near | ring, shell)


def test_the_largest_slice_is_the_first_of_the_largest() -> None:
    mask = np.zeros((4, 5, 5), bool)
    mask[0, :2, :2], mask[1, :3, :3], mask[2, 2:, 2:] = True, True, True
    found = VARIANTS.parse("largest_slice").select(mask, SPACING, None)
    assert [int(plane.sum()) for plane in found] == [0, 9, 0, 0]
    np.testing.assert_array_equal(found[1], mask[1])


def test_the_body_holds_lungs_and_neither_air_nor_table() -> None:
    image = np.full((3, 20, 20), -1000.0)
    image[:, 3:13, 3:17] = 40
    image[:, 5:9, 5:9] = -850
    image[:, 16, :] = 100
    body = body_mask(image, -300)
    assert body[:, 3:13, 3:17].all()
    assert body.sum() == 3 * 10 * 14
    assert not body_mask(np.full((2, 3, 3), -1000.0), -300).any()


@pytest.mark.parametrize("spacing", [None, (1.0, 1.0, 1.0), (2.0, 2.0, 2.0)])
def test_a_wide_shell_is_whole_whatever_the_padding(spacing: tuple[float, float, float] | None) -> None:
    region = _region((60, 90, 120))
    prepared = prepare_region(region, _recipe({"kind": "shell", "thickness_mm": 20}, spacing_mm=spacing))
    ball = prepare_region(region, _recipe(spacing_mm=spacing))
    room = [np.flatnonzero(prepared.mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    assert all(where[0] > 0 and where[-1] < n - 1 for where, n in zip(room, prepared.mask.shape, strict=True))
    grid = prepared.volume.spacing_mm
    wide = np.zeros(tuple(n + 80 for n in ball.mask.shape), bool)
    wide[40:-40, 40:-40, 40:-40] = ball.mask
    assert prepared.mask.sum() == ((distance_mm(wide, grid) <= 20) & ~wide).sum()


@pytest.mark.parametrize("spacing", [None, (1.0, 1.0, 1.0)])
def test_a_shell_ends_at_the_skin(spacing: tuple[float, float, float] | None) -> None:
    region = _region()
    region.volume.array[:, :, 32:] = -1000.0
    free = prepare_region(region, _recipe({"kind": "shell", "thickness_mm": 8}, spacing_mm=spacing))
    shell = {"kind": "shell", "thickness_mm": 8, "body_hu": -300}
    clipped = prepare_region(region, _recipe(shell, spacing_mm=spacing))
    assert free.values.min() < -900
    assert clipped.values.min() > -600  # half of the way to air
    assert clipped.mask.sum() < free.mask.sum()
    assert not (clipped.mask & ~free.mask).any()


def test_the_variant_comes_before_the_re_segmentation() -> None:
    region = _region()
    rim = {"kind": "rim", "margin_mm": 2}
    prepared = prepare_region(region, _recipe(rim, resegment=(30, 50)))
    assert prepared.outline is not None
    np.testing.assert_array_equal(prepared.outline, prepare_region(region, _recipe(rim)).mask)
    assert prepared.mask.sum() < prepared.outline.sum()


def test_a_variant_without_voxels_is_rejected() -> None:
    with pytest.raises(Rejected, match="VARIANT_EMPTY"):
        prepare_region(_region(), _recipe({"kind": "core", "margin_mm": 30}))


def test_only_recipes_with_a_variant_have_another_address() -> None:
    shells = [{"kind": "shell", "thickness_mm": mm} for mm in (2, 3)]
    digests = [_recipe(roi).digest() for roi in ({"kind": "whole"}, *shells, {"kind": "largest_slice"})]
    assert len(set(digests)) == 4
    plain = _recipe().model_dump(mode="json")
    assert plain["roi"] == {"kind": "whole"}
    assert Recipe.model_validate(plain) == _recipe()
    assert _recipe().digest() == digest_json(
        {key: plain[key] for key in plain if key not in ("name", "extractors", "roi", "bias_correction")}
    )


def test_a_recipe_says_what_is_wrong_with_its_variant() -> None:
    with pytest.raises(ValueError, match=r"inner_mm 5\.0 is not below outer_mm 4\.0"):
        _recipe({"kind": "ring", "inner_mm": 5, "outer_mm": 4})
    with pytest.raises(ValueError, match=f'unknown kind "rnig"; allowed: {", ".join(VARIANTS.modules)}; did'):
        _recipe({"kind": "rnig"})
    with pytest.raises(ValueError, match=r'"ring" is a variant, not the word of a ROI; write \{kind: ring\}'):
        _recipe("ring")
    with pytest.raises(ValueError, match="body_hu goes with images in HU, the unit of this recipe is SUV"):
        _recipe({"kind": "shell", "thickness_mm": 3, "body_hu": -300}, modality="PT", unit="SUV")


@pytest.mark.parametrize("kind", sorted(VARIANTS.modules))
def test_variants_leave_the_mask_alone_and_say_what_they_are(kind: str) -> None:
    variant = VARIANTS.parse(settings_of(VARIANTS, kind))
    mask = _ball()
    before = mask.copy()
    first, second = (variant.select(mask, SPACING, None) for _ in range(2))
    np.testing.assert_array_equal(mask, before)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == bool


def test_padding_in_a_shell_is_left_out_of_its_intensities() -> None:
    region = _region()
    padding = np.zeros_like(region.mask)
    padding[:, :, 32:] = True  # beside the ROI, within the shell
    array = np.where(padding, -3000.0, region.volume.array)
    assert not (padding & region.mask).any()
    recipe = _recipe({"kind": "shell", "thickness_mm": 6.0}, spacing_mm=(1.0, 1.0, 2.0))
    plain = prepare_region(Region(Volume(array, SPACING), region.mask), recipe)
    found = prepare_region(Region(Volume(array, SPACING, padding=padding), region.mask), recipe)
    np.testing.assert_array_equal(found.shape_mask, plain.mask)
    assert 0 < found.mask.sum() < plain.mask.sum()
    assert plain.values.min() < -2000 < -100 < found.values.min()
