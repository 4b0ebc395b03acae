"""Square root: root of the absolute intensities with their sign, scaled to the range of the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.filter import Filter, Source


class SquareRoot(Filter):
    """sign(x) √(m |x|), where m is the largest |x| of the whole image."""

    kind: Literal["squareroot"] = "squareroot"
    sees_all: ClassVar[bool] = True

    def names(self) -> list[str]:
        return ["squareroot"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """One image, of the sign of the intensities."""
        largest = max(map(abs, source.extremes))
        array, _ = source.crop((0, 0, 0))
        yield "squareroot", np.copysign(np.sqrt(np.abs(array) * largest), array)
