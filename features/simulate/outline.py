"""Outlines: closed polygons along pixel edges, so that "its centre is inside, even-odd" gives the mask back exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # right, down, left, up on the screen: (column, row)


def trace_outlines(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Polygons (n, 2) of one slice's mask (y, x), as (column, row) in pixels, corners at halves; pixel centres are whole.

    Each 4-connected piece is one polygon and each hole another one, run the other way. Only corners are kept. An empty mask
    gives no polygon.

    >>> trace_outlines(np.array([[True, True]]))[0].tolist()
    [[-0.5, -0.5], [1.5, -0.5], [1.5, 0.5], [-0.5, 0.5]]
    """
    padded = np.pad(mask, 1)
    inner, left, right = padded[1:-1, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    above, below = padded[:-2, 1:-1], padded[2:, 1:-1]
    edges: list[set[tuple[int, int]]] = [
        _corners(inner & ~above, 0, 0),
        _corners(inner & ~right, 1, 0),
        _corners(inner & ~below, 1, 1),
        _corners(inner & ~left, 0, 1),
    ]
    outlines = []
    for start in sorted(edges[0]):
        if start in edges[0]:
            outlines.append(np.array(_walk(edges, start), dtype=np.float64) - 0.5)
    return outlines


def _corners(pixels: NDArray[np.bool_], right: int, down: int) -> set[tuple[int, int]]:
    """Corners (column, row) where an edge of these pixels begins, walking clockwise."""
    rows, columns = np.nonzero(pixels)
    return set(zip((columns + right).tolist(), (rows + down).tolist(), strict=True))


def _walk(edges: list[set[tuple[int, int]]], start: tuple[int, int]) -> list[tuple[int, int]]:
    """Follow and use up the edges from `start` until the outline closes; where two ways are open, stay with the same pixel."""
    corners: list[tuple[int, int]] = []
    here, direction, before = start, 0, -1
    while here in edges[direction]:
        edges[direction].remove(here)
        if direction != before:
            corners.append(here)
        before = direction
        here = (here[0] + STEPS[direction][0], here[1] + STEPS[direction][1])
        for turn in (1, 0, 3):
            if here in edges[(direction + turn) % 4]:
                direction = (direction + turn) % 4
                break
    return corners
