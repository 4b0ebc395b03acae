"""Square: intensities squared, scaled to the range of the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.filter import Filter, Source


class Square(Filter):
    """x² / m, where m is the largest |x| of the whole image; 0 in an image of zeros.

    Each operation rounds as in pyradiomics: what comes to lie on the edge of a bin is on the same side of it.
    """

    kind: Literal["square"] = "square"
    sees_all: ClassVar[bool] = True

    def names(self) -> list[str]:
        return ["square"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """One image, none of it negative."""
        largest = max(map(abs, source.extremes))
        array, _ = source.crop((0, 0, 0))
        yield "square", (array * (1 / np.sqrt(largest or 1.0))) ** 2
