"""Filter: makes derived images of an image around a region of interest. A recipe names the filters that it applies."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.registry import Kind, Registry
from features.core.region import Box, Vector


@dataclass(frozen=True, eq=False)
class Source:
    """An image and the box of its ROI. image: (z, y, x), whole, any real dtype; spacing_mm: (x, y, z).

    flat: the image has two axes, and is one slice of no known thickness.
    """

    image: NDArray[np.generic]
    spacing_mm: Vector
    box: Box
    flat: bool = False

    def crop(self, padding: tuple[int, int, int]) -> tuple[NDArray[np.float64], Box]:
        """The box and `padding` (z, y, x) voxels around it as far as the image goes, and where the box lies in that."""
        sizes = self.image.shape
        starts = [max(axis.start - pad, 0) for axis, pad in zip(self.box, padding, strict=True)]
        stops = [min(axis.stop + pad, n) for axis, pad, n in zip(self.box, padding, sizes, strict=True)]
        z, y, x = (slice(start, stop) for start, stop in zip(starts, stops, strict=True))
        inner = [slice(axis.start - start, axis.stop - start) for axis, start in zip(self.box, starts, strict=True)]
        array = np.ascontiguousarray(self.image[z, y, x], np.float64)
        return array, (inner[0], inner[1], inner[2])

    @cached_property
    def extremes(self) -> tuple[float, float]:
        """Lowest and highest intensity of the whole image."""
        return float(np.min(self.image)), float(np.max(self.image))


class Filter(Kind):
    """Turns an image into derived images. Frozen settings; the same source gives the same arrays.

    sees_all: what lies far from the ROI counts too, so that the image must not be cropped.
    """

    sees_all: ClassVar[bool] = False

    def single(self, image: np.dtype[np.generic]) -> bool:  # noqa: ARG002
        """Whether values derived of an image of this type are in single precision, so that their bins are those of such."""
        return False

    @abstractmethod
    def names(self) -> list[str]:
        """Names of the derived images in their order, as they stand in names of features, such as `wavelet-LLH`."""

    @abstractmethod
    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Each name with the derived image on the source's box: float64 (z, y, x), C-contiguous.

        Raises Rejected if the image cannot be filtered, FILTER_SIZE for one that is too small.
        """


FILTERS: Registry[Filter] = Registry(Filter, "features.radiomics.filters")
