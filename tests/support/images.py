"""Images of cases in memory, as networks are shown them, some of which carry a signal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.images import Images, Positions
from features.core.kinds.sampling import LEVELS


@dataclass(frozen=True, eq=False)
class ArrayImages:
    """pixels: (n, views, channels, *size)."""

    pixels: NDArray[np.uint16]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.pixels.shape[1:])

    @property
    def addresses(self) -> NDArray[np.str_]:
        return np.array([hashlib.sha256(one.tobytes()).hexdigest() for one in self.pixels], dtype="<U64")

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, rows: Positions) -> Images:
        return ArrayImages(self.pixels[rows])

    def read(self, rows: NDArray[np.intp]) -> NDArray[np.uint16]:
        return self.pixels[rows]


def make_images(risk: NDArray[np.float64], shape: tuple[int, ...], *, noise: float = 0.1, seed: int = 0) -> ArrayImages:
    """A box in the middle of each image, (views, channels, *size), brighter the higher the risk of its case, (n,)."""
    rng = np.random.default_rng(seed)
    grey = 0.4 + noise * rng.standard_normal((len(risk), *shape))
    middle = tuple(slice(side // 4, side - side // 4) for side in shape[2:])
    bright = 0.4 / (1 + np.exp(-risk))
    grey[(slice(None), slice(None), slice(None), *middle)] += bright.reshape(-1, *[1] * len(shape))
    return ArrayImages(np.rint(np.clip(grey, 0, 1) * LEVELS).astype(np.uint16))


def make_textures(risk: NDArray[np.float64], shape: tuple[int, ...], *, seed: int = 0) -> ArrayImages:
    """Noise that is the finer the higher the risk of its case, (n,); all images have one mean and one spread."""
    rng = np.random.default_rng(seed)
    size = shape[2:]
    fine = rng.standard_normal((len(risk), *shape))
    coarse = rng.standard_normal((len(risk), *shape[:2], *[-(-side // 4) for side in size]))
    for axis, side in enumerate(size, start=3):
        coarse = np.repeat(coarse, 4, axis=axis).take(np.arange(side), axis=axis)
    share = (1 / (1 + np.exp(-6 * risk))).reshape(-1, *[1] * len(shape))
    grey = np.sqrt(share) * fine + np.sqrt(1 - share) * coarse
    inside = tuple(range(3, grey.ndim))
    grey = (grey - grey.mean(axis=inside, keepdims=True)) / grey.std(axis=inside, keepdims=True)
    return ArrayImages(np.rint(np.clip(0.5 + 0.15 * grey, 0, 1) * LEVELS).astype(np.uint16))
