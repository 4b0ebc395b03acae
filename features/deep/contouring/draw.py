"""draw: what a network says of every voxel of a picture, patch by patch."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.core.region import Volume
from features.deep.contouring.picture import SHOWN, Picture, contour_of, picture_of
from features.deep.contouring.settings import Contouring
from features.deep.device import chosen_device, repeatable

if TYPE_CHECKING:
    import torch


def draw(network: torch.nn.Module, image: Volume, settings: Contouring) -> NDArray[np.bool_]:
    """The contour (z, y, x) on the image's grid, possibly empty. Raises Rejected as `picture_of`."""
    picture = picture_of(image, settings)
    return contour_of(probabilities(network, picture, settings), picture, image, settings)


def probabilities(network: torch.nn.Module, picture: Picture, settings: Contouring) -> NDArray[np.float32]:
    """Of each voxel of a picture, in patches that overlap by half; the middle of a patch weighs more than its edge."""
    import torch

    size, shape = settings.size, picture.pixels.shape
    wide = np.zeros([max(size, length) for length in shape], np.float32)
    wide[tuple(slice(0, length) for length in shape)] = picture.pixels / np.float32(SHOWN)
    line = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / (size / 8)) ** 2)
    weight = np.maximum(np.einsum("i,j,k->ijk", line, line, line), 1e-3).astype(np.float32)
    found, weighed = np.zeros_like(wide), np.zeros_like(wide)
    device = torch.device(chosen_device())
    network = network.to(device).eval()
    with repeatable(), torch.inference_mode():
        for start in product(*(_starts(length, size) for length in wide.shape)):
            place = tuple(slice(at, at + size) for at in start)
            logits = network(torch.from_numpy(wide[place].copy())[None, None].to(device))
            found[place] += torch.sigmoid(logits)[0, 0].float().cpu().numpy() * weight
            weighed[place] += weight
    return np.asarray(found / weighed)[tuple(slice(0, length) for length in shape)]


def _starts(length: int, size: int) -> list[int]:
    """Where patches begin: every half of their side, the last one at the end."""
    return sorted({*range(0, length - size, size // 2), length - size})
