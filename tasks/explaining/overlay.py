"""overlay_png: what a network was shown, and the same with a map over it, as a picture."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tasks.explaining.explained_map import Explained

RAISES, LOWERS, OUTLINE = (
    (255, 120, 40),
    (70, 150, 255),
    (0, 200, 140),
)  # told apart by people who see red and green alike
STRONGEST = 0.995  # the quantile of a map's size that has the full colour
COVER = 0.75  # of the picture by the full colour
LEAST = 192  # pixels of a side of a picture
MOST_VIEWS = 3
GAP = 4


def overlay_png(one: Explained) -> bytes:
    """Columns: the views of which the map says most, or the three slices through the place of a patch of which it says most.

    Above as the network was shown it, the ROI outlined; below with the map: orange raises the score, blue lowers it.
    """
    values, pixels, roi = one.values.mean(axis=1), _middle(one.views.pixels), one.views.roi.max(axis=1)
    strongest = float(np.quantile(np.abs(values), STRONGEST)) or float(np.abs(values).max()) or 1.0
    columns = []
    for plane in _planes(values, pixels, roi):
        grey, own, outline = plane
        times = max(1, -(-LEAST // min(grey.shape)))
        grey, own, outline = (np.kron(part, np.ones((times, times))) for part in (grey, own, outline > 0.5))
        edge = (outline > 0.5) & ~ndimage.binary_erosion(outline > 0.5, iterations=1 if times == 1 else 2)
        plain = np.repeat(255 * grey[..., None], 3, axis=2)
        covered = _covered(plain, own / strongest)
        for picture in (plain, covered):
            picture[edge] = OUTLINE
        columns.append(np.concatenate([plain, np.full((GAP, *plain.shape[1:]), 255.0), covered]))
    height = max(len(column) for column in columns)
    parts = []
    for column in columns:
        below = np.full((height - len(column), *column.shape[1:]), 255.0)
        parts += [np.concatenate([column, below]), np.full((height, GAP, 3), 255.0)]
    return _png(np.concatenate(parts[:-1], axis=1))


def _planes(
    values: NDArray[np.float32], pixels: NDArray[np.float32], roi: NDArray[np.float32]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
    """Grey, map and ROI of each picture (rows, columns)."""
    order = np.argsort(-np.abs(values).reshape(len(values), -1).sum(axis=1), kind="stable")
    if values.ndim == 3:
        return [(pixels[view], values[view], roi[view]) for view in sorted(order[:MOST_VIEWS])]
    view = order[0]
    peak = np.unravel_index(int(ndimage.uniform_filter(np.abs(values[view]), 3).argmax()), values.shape[1:])
    return [
        (np.take(pixels[view], at, axis), np.take(values[view], at, axis), np.take(roi[view], at, axis))
        for axis, at in enumerate(peak)
    ]


def _middle(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(views, *size): of several channels the middle one."""
    return pixels[:, pixels.shape[1] // 2]


def _covered(plain: NDArray[np.floating], values: NDArray[np.floating]) -> NDArray[np.float64]:
    share = (COVER * np.clip(np.abs(values), 0, 1))[..., None]
    colour = np.where(values[..., None] > 0, np.array(RAISES, float), np.array(LOWERS, float))
    found: NDArray[np.float64] = (1 - share) * plain + share * colour
    return found


def _png(picture: NDArray[np.float64]) -> bytes:
    from matplotlib.image import imsave

    data = io.BytesIO()
    imsave(data, np.clip(np.rint(picture), 0, 255).astype(np.uint8), format="png")
    return data.getvalue()
