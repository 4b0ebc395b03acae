"""Outlines give masks back under the rule that a pixel belongs if its centre is inside, even-odd over all outlines."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from features.simulate.outline import trace_outlines


def fill(outlines: list[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Even-odd scan conversion at pixel centres, written apart from the code under test."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    inside = np.zeros(shape, dtype=bool)
    for outline in outlines:
        for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
            if y0 != y1:
                crosses = (np.minimum(y0, y1) <= rows) & (rows < np.maximum(y0, y1))
                inside ^= crosses & (x0 + (rows - y0) * (x1 - x0) / (y1 - y0) > columns)
    return inside


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.95])
def test_any_mask_comes_back_pixel_for_pixel(share: float) -> None:
    mask = np.random.default_rng(7).random((23, 31)) < share
    assert (fill(trace_outlines(mask), mask.shape) == mask).all()


def test_a_hole_is_an_outline_of_its_own() -> None:
    mask = np.ones((5, 5), dtype=bool)
    mask[2, 2] = False
    outlines = trace_outlines(mask)
    assert len(outlines) == 2
    assert (fill(outlines, mask.shape) == mask).all()


def test_pieces_that_touch_at_a_corner_stay_apart() -> None:
    assert len(trace_outlines(np.eye(3, dtype=bool))) == 3


def test_an_empty_mask_has_no_outline() -> None:
    assert trace_outlines(np.zeros((4, 4), dtype=bool)) == []
