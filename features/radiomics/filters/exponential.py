"""Exponential: e to the intensities, scaled to the range of the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.filter import Filter, Source


class Exponential(Filter):
    """exp(x log(m) / m), where m is the largest |x| of the whole image; 1 in an image of zeros."""

    kind: Literal["exponential"] = "exponential"
    sees_all: ClassVar[bool] = True

    def names(self) -> list[str]:
        return ["exponential"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """One image, all of it positive."""
        largest = max(map(abs, source.extremes))
        scale = np.log(largest) / largest if largest else 0.0
        array, _ = source.crop((0, 0, 0))
        yield "exponential", np.exp(array * scale)
