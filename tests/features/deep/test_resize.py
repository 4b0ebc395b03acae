"""Scaling in numpy: what torch gives, spans between pixels, and places between voxels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.deep.grid import Span
from features.deep.resize import along, beside, between, resized, weights

SIDES = st.integers(1, 60)


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


@given(SIDES, SIDES, SIDES, st.integers(2, 60), st.integers(0, 9))  # torch 2.13 scales no rows of one column
def test_pictures_are_scaled_as_torch_does(
    torch: Any, rows: int, columns: int, new_rows: int, new_columns: int, seed: int
) -> None:
    pixels = np.random.default_rng(seed).random((2, rows, columns), np.float32)
    exact = torch.nn.functional.interpolate(
        torch.from_numpy(pixels)[None].double(), (new_rows, new_columns), mode="bilinear", antialias=True
    )
    np.testing.assert_allclose(resized(pixels, (new_rows, new_columns)), exact[0].numpy(), atol=1e-5)


def test_volumes_are_scaled_axis_by_axis() -> None:
    ramp = np.arange(8, dtype=np.float32)[:, None, None] * np.ones((8, 4, 6), np.float32)
    np.testing.assert_allclose(
        resized(ramp, (4, 8, 3))[1:3], np.broadcast_to(np.array([2.5, 4.5])[:, None, None], (2, 8, 3)), atol=1e-6
    )


@given(st.floats(-5, 25), st.floats(0.5, 30), st.integers(1, 40))
def test_weights_of_a_span_are_shares(start: float, length: float, new: int) -> None:
    inside, by = weights(Span(start, length), 20, new)
    assert by.shape == (new, max(inside.stop - inside.start, 0))
    assert (by >= 0).all() and (by.sum(axis=1) <= 1 + 1e-5).all()
    if start >= 0 and start + length <= 20:
        np.testing.assert_allclose(by.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5])
def test_a_span_between_pixels_shows_a_ramp_where_it_is(shift: float) -> None:
    ramp = np.arange(40, dtype=np.float32)
    inside, by = weights(Span(10 + shift, 10), 40, 5)
    found = along(ramp[inside], by, 0)
    np.testing.assert_allclose(found[1:-1], 10 + shift + np.array([3, 5, 7]) - 0.5, atol=0.05)  # centres of the pixels


def test_what_lies_beyond_an_axis_counts_as_nothing() -> None:
    inside, by = weights(Span(-2, 4), 10, 4)
    np.testing.assert_array_equal(along(np.ones(10, np.float32)[inside], by, 0), [0, 0, 1, 1])


@given(st.integers(-30, 30), st.floats(0.2, 3), st.integers(0, 2))
def test_between_voxels_intensities_are_mixed_linearly(first: int, step: float, axis: int) -> None:
    pixels = np.moveaxis(np.arange(10, dtype=np.float32)[:, None, None] * np.ones((10, 2, 3), np.float32), 0, axis)
    places = first + step * np.arange(12)
    found = np.moveaxis(between(pixels, places, axis), axis, 0)[:, 0, 0]
    inside = (places >= -0.5) & (places <= 9.5)
    np.testing.assert_allclose(found, np.where(inside, np.clip(places, 0, 9), 0), atol=2e-6)


def test_rounding_does_not_move_whole_voxels() -> None:
    low, share = beside(np.array([2.9999999, 3.0000001, 4.5, -0.3, 99.0]), 10)
    assert low.tolist() == [3, 3, 4, 0, 9]
    assert share.tolist() == [0, 0, 0.5, 0, 0]


def test_a_place_that_rounding_put_just_below_a_voxel_needs_no_next_one() -> None:
    ramp = np.arange(4, 8, dtype=np.float32)  # voxels 4 to 7 of 20
    found = between(ramp, np.array([4.5, 5.7, 7 - 1e-9]), 0, start=4, count=20)
    np.testing.assert_allclose(found, [4.5, 5.7, 7.0], atol=1e-6)
