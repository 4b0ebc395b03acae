"""Perturbations: what each of them does to image and mask, and that equal generators give equal regions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.images.prepare import prepare_region
from features.radiomics.perturb import PERTURBATIONS, Perturbation, margin_of, perturb
from features.radiomics.perturbations.noise import noise_sd
from features.radiomics.supervoxels import supervoxels
from tests.support.kinds import one_of_each, settings_of

SPACING = (1.0, 1.0, 2.0)
PLAIN = {
    "name": "plain",
    "modality": "MR",
    "unit": "arbitrary",
    "discretise": {"bin_count": 16},
    "extractors": [{"kind": "radweave"}],
}
ONE_OF_EACH = [*one_of_each(PERTURBATIONS), {"kind": "volume", "change": -0.1}]


def _region(noise: float = 5.0) -> Region:
    z, y, x = np.indices((20, 44, 48))
    away = np.sqrt(((z - 10) * 2.0) ** 2 + (y - 21) ** 2 + (x - 24) ** 2)
    image = 100.0 / (1 + np.exp(away - 11)) + np.random.default_rng(0).normal(0, noise, away.shape)
    return Region(Volume(image, SPACING), away <= 11)


def _apply(settings: dict[str, Any], region: Region, seed: int = 0) -> Region:
    return perturb(region, [PERTURBATIONS.parse(settings)], np.random.default_rng(seed))


@pytest.mark.parametrize("settings", ONE_OF_EACH, ids=lambda settings: settings["kind"])
def test_padding_is_not_moved_into_the_roi(settings: dict[str, Any]) -> None:
    region = _region()
    padding = np.zeros_like(region.mask)
    padding[:, :, :15] = padding[:, :3] = True
    array = np.where(padding, -9000.0, region.volume.array)
    volume = replace(region.volume, array=array, padding=padding)
    found = _apply(settings, Region(volume, region.mask & ~padding, region.mask))
    assert found.values.min() > -200
    prepared = prepare_region(found, Recipe.model_validate({**PLAIN, "spacing_mm": (0.7, 0.7, 1.3)}))
    assert prepared.volume.array.min() > -200


@pytest.mark.parametrize("settings", ONE_OF_EACH, ids=lambda settings: settings["kind"])
def test_equal_generators_give_equal_regions_and_the_given_one_stays(settings: dict[str, Any]) -> None:
    region = _region()
    array, mask = region.volume.array.copy(), region.mask.copy()
    first, second = (_apply(settings, region) for _ in range(2))
    np.testing.assert_array_equal(first.volume.array, second.volume.array)
    np.testing.assert_array_equal(first.mask, second.mask)
    np.testing.assert_array_equal(region.volume.array, array)
    np.testing.assert_array_equal(region.mask, mask)
    assert first.volume.spacing_mm == SPACING
    assert not np.array_equal(first.volume.array, array) or not np.array_equal(first.mask, mask)
    overlap = 2 * (first.mask & mask).sum() / (first.mask.sum() + mask.sum())
    assert overlap > 0.85


@pytest.mark.parametrize("settings", ONE_OF_EACH, ids=lambda settings: settings["kind"])
def test_the_outline_is_perturbed_and_what_was_left_out_of_it_stays_left_out(settings: dict[str, Any]) -> None:
    region = _region()
    left_out = np.zeros_like(region.mask)
    left_out[6:10, 15:19, 20:26] = True
    found = _apply(settings, replace(region, mask=region.mask & ~left_out, outline=region.mask))
    plain = _apply(settings, region)
    assert found.outline is not None and plain.outline is None
    assert not (found.mask & ~found.outline).any()
    if settings["kind"] == "contour":  # intensities are scaled by the mask, which is another
        assert 2 * (found.outline & plain.mask).sum() / (found.outline.sum() + plain.mask.sum()) > 0.95
    else:
        np.testing.assert_array_equal(found.outline, plain.mask)
    gone = found.outline & ~found.mask
    if settings["kind"] in ("translation", "rotation"):  # they move it, too
        assert 2 * (gone & left_out).sum() / (gone.sum() + left_out.sum()) > 0.8
    else:
        np.testing.assert_array_equal(gone, found.outline & left_out)


def test_shape_under_noise_is_that_of_the_region_as_it_is() -> None:
    region = _region()
    mask = region.mask.copy()
    mask[8:12, 10:16, 20:26] = False
    region = replace(region, mask=mask, outline=region.mask)
    base = {"name": "ct", "modality": "CT", "unit": "HU", "discretise": {"bin_count": 8}, "extractors": ["pyradiomics"]}
    recipe = Recipe.model_validate({**base, "spacing_mm": [1, 1, 1], "resegment": [0, 200]})
    found = [prepare_region(one, recipe) for one in (region, _apply({"kind": "noise", "sd": 20.0}, region))]
    np.testing.assert_array_equal(found[0].shape_mask, found[1].shape_mask)
    assert not np.array_equal(found[0].mask, found[1].mask)


def test_a_shift_by_whole_voxels_is_a_shift_of_the_arrays() -> None:
    region = _region()
    found = _apply({"kind": "translation", "voxels": [2, -1, 1]}, region)
    shifted = np.roll(region.mask, (1, -1, 2), axis=(0, 1, 2))
    np.testing.assert_array_equal(found.mask, shifted)
    wanted = np.roll(region.volume.array, (1, -1, 2), axis=(0, 1, 2))
    np.testing.assert_allclose(found.volume.array[shifted], wanted[shifted], atol=1e-8)


def test_a_quarter_turn_is_a_turn_of_the_arrays() -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros((3, 21, 21), bool)
    mask[:, 6:15, 8:13] = True
    region = Region(Volume(rng.random(mask.shape), (1.0, 1.0, 3.0)), mask)
    found = _apply({"kind": "rotation", "degrees": 90}, region)
    turned = np.rot90(mask, -1, axes=(1, 2))
    np.testing.assert_array_equal(found.mask, turned)
    wanted = np.rot90(region.volume.array, -1, axes=(1, 2))
    np.testing.assert_allclose(found.volume.array[turned], wanted[turned], atol=1e-6)


def test_a_turn_is_in_millimetres() -> None:
    mask = np.zeros((3, 30, 60), bool)
    mask[:, 12:18, 15:45] = True  # 6 × 2 mm by 30 × 1 mm
    region = Region(Volume(np.zeros(mask.shape), (1.0, 2.0, 3.0)), mask)
    turned = _apply({"kind": "rotation", "degrees": 90}, region).mask[1]
    rows, columns = (np.flatnonzero(turned.any(axis=axis)) for axis in (1, 0))
    assert (len(rows), len(columns)) == pytest.approx((15, 12), abs=1)


@pytest.mark.parametrize("change", [0.2, 0.05, -0.05, -0.3])
def test_volume_changes_by_the_share_and_evenly(change: float) -> None:
    region = _region()
    found = _apply({"kind": "volume", "change": change}, region).mask
    assert found.sum() == region.mask.sum() + round(change * region.mask.sum())
    assert (found & region.mask).sum() == min(found.sum(), region.mask.sum())  # one holds the other


@pytest.mark.parametrize("sd", [2.0, 10.0])
def test_noise_is_estimated_beside_structure(sd: float) -> None:
    assert noise_sd(np.asarray(_region(sd).volume.array)) == pytest.approx(sd, rel=0.05)
    found = _apply({"kind": "noise"}, _region(sd))
    added = found.volume.array - _region(sd).volume.array
    assert added.std() == pytest.approx(sd, rel=0.05)
    given = _apply({"kind": "noise", "sd": 3.0}, _region(sd)).volume.array - _region(sd).volume.array
    assert given.std() == pytest.approx(3.0, rel=0.03)


def test_contours_differ_from_draw_to_draw_and_keep_to_the_image() -> None:
    region = _region(30.0)
    masks = [_apply({"kind": "contour"}, region, seed).mask for seed in range(6)]
    assert len({mask.tobytes() for mask in masks}) > 3
    sizes = [mask.sum() / region.mask.sum() for mask in masks]
    assert min(sizes) > 0.75 and max(sizes) < 1.3
    deep = _region(0.0).volume.array > 95
    assert all((mask & deep).sum() > 0.9 * (region.mask & deep).sum() for mask in masks)


def test_a_contour_along_a_clear_edge_stays_there() -> None:
    region = _region(5.0)
    for seed in range(4):
        found = _apply({"kind": "contour"}, region, seed).mask
        assert 2 * (found & region.mask).sum() / (found.sum() + region.mask.sum()) > 0.95


def test_supervoxels_fill_the_image_and_follow_edges() -> None:
    image = np.zeros((8, 24, 24))
    image[:, :, 11:] = 1.0
    labels = supervoxels(image, (1.0, 1.0, 1.0), 6.0, 0.05, 10)
    sizes = np.bincount(labels.reshape(-1))
    assert sizes[sizes > 0].mean() == pytest.approx(6.0**3, rel=0.5)
    left, right = set(np.unique(labels[:, :, :11])), set(np.unique(labels[:, :, 11:]))
    assert not left & right


def test_a_chain_is_applied_in_turn_and_an_empty_one_changes_nothing() -> None:
    region = _region()
    chain: list[Perturbation] = [
        PERTURBATIONS.parse(settings_of(PERTURBATIONS, kind)) for kind in ("translation", "volume")
    ]
    found = perturb(region, chain, np.random.default_rng(0))
    moved = chain[0].apply(region, np.random.default_rng(0))
    assert found.mask.sum() == moved.mask.sum() + round(0.1 * moved.mask.sum())
    assert perturb(region, [], np.random.default_rng(0)) is region


def test_far_pixels_stay_and_damaged_ones_are_told() -> None:
    region = _region()
    region.volume.array[0, 0, 0] = np.nan
    near = perturb(region, [PERTURBATIONS.parse({"kind": "noise"})], np.random.default_rng(0), margin_mm=3)
    assert np.isnan(near.volume.array[0, 0, 0])
    np.testing.assert_array_equal(near.volume.array[:, :4], region.volume.array[:, :4])
    with pytest.raises(Rejected, match="NAN_IN_ROI: the ROI's surroundings"):
        _apply({"kind": "noise"}, region)
    with pytest.raises(Rejected, match="MASK_EMPTY: no voxel is left after the perturbation volume"):
        _apply({"kind": "volume", "change": -0.99999}, _region())


def test_the_margin_covers_what_a_recipe_looks_at() -> None:
    base = {"name": "ct", "modality": "CT", "unit": "HU", "discretise": {"bin_count": 8}, "extractors": ["pyradiomics"]}
    plain = Recipe.model_validate(base)
    assert margin_of(plain, (1.0, 1.0, 5.0)) == 5 * 5 + 30
    wide = Recipe.model_validate({**base, "spacing_mm": [2, 2, 2], "filters": ["wavelet"]})
    assert margin_of(wide, (1.0, 1.0, 5.0)) == 30 * 2 + 30


def test_a_filter_that_sees_all_has_the_whole_image_perturbed() -> None:
    recipe = {"name": "ct", "modality": "CT", "unit": "HU", "discretise": {"bin_count": 8}, "extractors": ["radweave"]}
    margin = margin_of(Recipe.model_validate({**recipe, "filters": ["square"]}), SPACING)
    region = _region()
    found = perturb(region, [PERTURBATIONS.parse({"kind": "noise"})], np.random.default_rng(0), margin_mm=margin)
    assert (found.volume.array != region.volume.array).all()
