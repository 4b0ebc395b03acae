"""Preparation of the IBSI mode: its grid, its two masks, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.radiomics.ibsi1.prepare import prepare
from features.radiomics.ibsi1.settings import PrepareSettings


def _volume(shape: tuple[int, int, int] = (5, 8, 9), spacing: tuple[float, float, float] = (1.0, 1.5, 3.0)) -> Volume:
    return Volume(np.random.default_rng(0).normal(0, 100, shape), spacing, (10.0, -20.0, 30.0))


def _mask(shape: tuple[int, int, int] = (5, 8, 9)) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[1:4, 2:6, 2:7] = True
    return mask


def test_without_settings_nothing_changes() -> None:
    volume, mask = _volume(), _mask()
    found = prepare(volume, mask, PrepareSettings())
    np.testing.assert_array_equal(found.volume.array, volume.array)
    np.testing.assert_array_equal(found.mask, mask)
    np.testing.assert_array_equal(found.shape_mask, mask)
    assert found.volume.matches(volume)


def test_the_grid_covers_the_image_and_shares_its_centre() -> None:
    volume = _volume()
    found = prepare(volume, _mask(), PrepareSettings(spacing_mm=(2, 2, 2))).volume
    assert found.array.shape == (8, 6, 5)  # 15, 12 and 9 mm
    centres = [
        np.array(v.origin_mm) + (np.array(v.array.shape[::-1]) - 1) * np.array(v.spacing_mm) / 2
        for v in (volume, found)
    ]
    np.testing.assert_allclose(*centres, atol=1e-9)


def test_a_spacing_of_zero_keeps_an_axis() -> None:
    found = prepare(_volume(), _mask(), PrepareSettings(spacing_mm=(2, 2, 0))).volume
    assert found.spacing_mm == (2, 2, 3.0)
    assert found.array.shape == (5, 6, 5)


def test_intensities_are_rounded_half_up() -> None:
    array = np.array([[[-1.5, -0.5, 0.5, 1.4]]])
    found = prepare(Volume(array, (1, 1, 1)), np.ones((1, 1, 4), bool), PrepareSettings(round_intensities=True))
    assert found.volume.array.tolist() == [[[-1, 0, 1, 1]]]


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"resegment": (0, 10)}, [0, 10, 4, 5, 6]),
        ({"resegment": (None, 0)}, [-50, 0]),
        ({"resegment": (5, None)}, [10, 5, 6, 300]),
        ({"outlier_sigma": 2}, [-50, 0, 10, 4, 5, 6]),
        ({"resegment": (-100, 10), "outlier_sigma": 2}, [0, 10, 4, 5, 6]),  # 300 is gone before −50 is judged
    ],
)
def test_resegmentation_leaves_the_morphological_mask_alone(settings: dict, kept: list[float]) -> None:
    array = np.array([[[-50.0, 0, 10, 4, 5, 6, 300]]])
    mask = np.ones(array.shape, bool)
    found = prepare(Volume(array, (1, 1, 1)), mask, PrepareSettings(**settings))
    assert found.volume.array[found.mask].tolist() == kept
    assert found.shape_mask.all()


def test_what_cannot_be_prepared_is_rejected_with_its_reason() -> None:
    volume, mask = _volume(), _mask()
    damaged = volume.array.copy()
    damaged[2, 3, 3] = np.nan
    for given, inside, settings, code in [
        (volume, mask[1:], {}, "GEOMETRY"),
        (volume, np.zeros_like(mask), {}, "MASK_EMPTY"),
        (Volume(damaged, volume.spacing_mm), mask, {}, "NAN_IN_ROI"),
        (volume, mask, {"resegment": (1e6, None)}, "RESEGMENTED_EMPTY"),
    ]:
        with pytest.raises(Rejected) as caught:
            prepare(given, inside, PrepareSettings(**settings))
        assert caught.value.code == code


def test_bounds_stand_in_their_order() -> None:
    with pytest.raises(ValueError, match="lower bound"):
        PrepareSettings(resegment=(400, -500))
