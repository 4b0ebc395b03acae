"""Gradient: magnitude of the gradient of the intensities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.filter import Filter, Source


class Gradient(Filter):
    """Magnitude of the central differences, per mm if `use_spacing`, per voxel otherwise.

    Beyond a border of the image its last voxel goes on, so that the difference there is half of the one-sided one. Values
    are ITK's to the bit: in single precision, whatever the image is in.
    """

    kind: Literal["gradient"] = "gradient"
    use_spacing: bool = Field(True, description="per mm; else per voxel")

    def names(self) -> list[str]:
        return ["gradient"]

    def single(self, image: np.dtype[np.generic]) -> bool:  # noqa: ARG002
        return True

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """One image, none of it negative."""
        array, inner = source.crop((1, 1, 1))
        spacings = source.spacing_mm[::-1] if self.use_spacing else (1.0, 1.0, 1.0)
        found = np.zeros([part.stop - part.start for part in inner])
        for axis, spacing in reversed(list(enumerate(spacings))):  # x first, as ITK adds them
            line = np.arange(inner[axis].start, inner[axis].stop)
            across = tuple(part if other != axis else slice(None) for other, part in enumerate(inner))
            rows = array[across]
            after = np.take(rows, line + 1, axis, mode="clip") * (0.5 / spacing)
            after -= np.take(rows, line - 1, axis, mode="clip") * (0.5 / spacing)
            found += after * after
        yield "gradient", np.sqrt(found).astype(np.float32).astype(np.float64)
