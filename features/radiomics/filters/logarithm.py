"""Logarithm: logarithm of the absolute intensities with their sign, scaled to the range of the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.filter import Filter, Source


class Logarithm(Filter):
    """sign(x) m log(|x| + 1) / log(m + 1), where m is the largest |x| of the whole image; 0 in an image of zeros."""

    kind: Literal["logarithm"] = "logarithm"
    sees_all: ClassVar[bool] = True

    def names(self) -> list[str]:
        return ["logarithm"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """One image, of the sign of the intensities."""
        largest = max(map(abs, source.extremes))
        array, _ = source.crop((0, 0, 0))
        scale = largest / np.log(np.array([largest + 1]))[0] if largest else 1.0
        yield "logarithm", np.copysign(np.log(np.abs(array) + 1) * scale, array)
