"""draw_pair: two images before and after registration, so that a person sees whether they fit."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.region import Volume
from features.images.masks.carried import centre_of_mask
from features.images.masks.grid import to_index
from features.images.registration.ready import CONTENT, Ready, make_ready
from features.images.registration.transform import Transform
from features.images.thumbnail import LEVELS, encode_png

SIDE, GAP = 144, 3  # pixels of a panel, and between panels
GREYS = 22  # fewer than there are in the palette: what is looked at are edges, and bytes are saved
EDGE_SD = 1.2  # blur in pixels of the image whose edges are drawn
STEEP = 0.02  # of the image's range for a pixel: less is noise, no edge
SPECK = 12  # pixels: outlines of fewer are noise
ROI, EDGES = LEVELS, LEVELS + 1  # places in the palette: orange and blue
# What a step to the right and a step down does in patient coordinates: axial, coronal, as a radiologist sees them.
PLANES = (((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)))


def draw_pair(moving: Volume, fixed: Volume, mask: NDArray[np.bool_], transform: Transform) -> bytes:
    """A PNG of two rows, axial and coronal through the middle of the ROI: the fixed image with the ROI; the moving image where
    the files put it; the moving image after registration. Over the moving image lie the edges of the fixed one.

    mask: the ROI on the grid of `fixed`, not empty. transform: from points of the moving image to those of the fixed one.
    The patient's left is on the right, anterior and superior above. Raises Rejected as `make_ready`.
    """
    ready = make_ready(fixed, 2.0)
    corners = ready.places(np.array(list(product(*((0.0, length - 1.0) for length in ready.array.shape[::-1])))))
    low, high = corners.min(axis=0), corners.max(axis=0)
    pixel = float((high - low).max()) / SIDE
    shown, other = ready.coarser(pixel), make_ready(moving, max(pixel, 2.0))
    centre, roi = (low + high) / 2, np.array(centre_of_mask(mask, fixed))
    rows = []
    for right, down in PLANES:
        points = _plane(centre, roi, np.array(right), np.array(down), pixel)
        own, inside = _seen(shown, points), _mask_at(mask, fixed, points)
        edges, outline = _edges(own), inside & ~ndimage.binary_erosion(inside)
        panels = []
        for image, over in (
            (own, None),
            (_seen(other, points), edges),
            (_seen(other, transform.inverse()(points)), edges),
        ):
            panel = (np.rint(image * (GREYS - 1)) * ((LEVELS - 1) // (GREYS - 1))).astype(np.uint8)
            if over is not None:
                panel[over] = EDGES
            panel[outline] = ROI
            panels += [panel, np.zeros((SIDE, GAP), np.uint8)]
        rows += [np.hstack(panels[:-1]), np.zeros((GAP, 3 * SIDE + 2 * GAP), np.uint8)]
    return encode_png(np.vstack(rows[:-1]), 2)


def _plane(
    centre: NDArray[np.float64],
    roi: NDArray[np.float64],
    right: NDArray[np.float64],
    down: NDArray[np.float64],
    pixel: float,
) -> NDArray[np.float64]:
    """Places of the pixels of a plane through the ROI, over the middle of the image, (SIDE * SIDE, 3)."""
    across = np.cross(right, down)
    middle = centre + across * float(across @ (roi - centre))
    steps = (np.arange(SIDE) - (SIDE - 1) / 2) * pixel
    return np.asarray((middle + steps[:, None, None] * down + steps[None, :, None] * right).reshape(-1, 3))


def _seen(image: Ready, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Brightness, 0 to 1, of the pixels of a panel; black outside the image."""
    return np.asarray(np.nan_to_num(np.clip(image.values(points), 0.0, 1.0), nan=0.0).reshape(SIDE, SIDE))


def _mask_at(mask: NDArray[np.bool_], grid: Volume, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    index = np.rint(to_index(points, grid)).astype(np.intp)
    inside = ((index >= 0) & (index < np.array(mask.shape[::-1]))).all(axis=1)
    found = np.zeros(len(points), np.bool_)
    x, y, z = index[inside].T
    found[inside] = mask[z, y, x]
    return found.reshape(SIDE, SIDE)


def _edges(image: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Outlines of what is above air, and of what is brighter than most of it."""
    smooth = ndimage.gaussian_filter(image, EDGE_SD)
    steep = ndimage.gaussian_gradient_magnitude(image, EDGE_SD) > STEEP
    content = smooth[smooth > CONTENT]
    found = np.zeros(image.shape, np.bool_)
    for level in (1.5 * CONTENT, 0.4, *(np.quantile(content, [0.65]) if content.size else ())):
        above = smooth > level
        line = above & ~ndimage.binary_erosion(above) & steep
        parts, _ = ndimage.label(line, np.ones((3, 3)))
        found |= line & (np.bincount(parts.ravel())[parts] >= SPECK)
    return found
