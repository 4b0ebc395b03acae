"""Sampling: what a network is shown of a region. It is made once, by numpy alone, and kept; networks read it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.preparation import Preparation
from features.core.kinds.registry import Kind, Registry
from features.core.quarantine import Warned
from features.core.region import Region, Vector

LEVELS = 65535  # steps between the floor and the ceiling of the window, as views are kept
Pixels = NDArray[np.float32] | NDArray[np.uint16]  # of views: in [0, 1], or as they are kept


def to_unit(views: Pixels, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Views in [0, 1]: whole numbers are steps of LEVELS; others are it already. out: where they go.

    >>> to_unit(np.array([0, LEVELS], np.uint16))
    array([0., 1.], dtype=float32)
    """
    if views.dtype == np.uint16:
        return np.divide(views, np.float32(LEVELS), out=out, dtype=np.float32, casting="unsafe")
    if out is None:
        return np.asarray(views, np.float32)
    out[...] = views
    return out


@dataclass(frozen=True)
class Shape:
    """What a network takes.

    size: (rows, columns) or (slices, rows, columns). channels: of the network; a view of one channel is repeated. spacing_mm:
    (x, y, z) of a patch; None: a patch is scaled to the size. orientation: letters of the axes (x, y, z) of a patch, such as
    LPS; "": as acquired.
    """

    size: tuple[int, ...]
    channels: int = 3
    spacing_mm: Vector | None = None
    orientation: str = ""


class Sampling(Kind):
    """Makes views of a prepared region: arrays of one size, which a network turns into features.

    dimensions: of a view. version: raise it when the same region gives another view.
    """

    dimensions: ClassVar[Literal[2, 3]]
    version: ClassVar[str]

    @property
    @abstractmethod
    def views(self) -> tuple[str, ...]:
        """Words of the views in their order, as they stand in names of columns."""

    @abstractmethod
    def channels(self, images: int) -> int:
        """Of each view of a region on so many images: 1 where a network of any number of channels can be shown it."""

    @abstractmethod
    def reach_mm(self, extent_mm: Vector, spacing_mm: Vector, shape: Shape) -> Vector:
        """How far beyond the box of a ROI it looks along each axis, at most. All are (x, y, z) of the image as acquired.

        extent_mm: of the box. spacing_mm: of the prepared region.
        """

    @abstractmethod
    def sample(self, regions: Sequence[Region], preparation: Preparation, shape: Shape) -> NDArray[np.float32]:
        """(views, channels, *shape.size) in [0, 1] of the window of the preparation.

        regions: the ROI on each image, usually one. Raises Rejected. A sampling that overrides `joined` may give any number of
        views.
        """

    def joined(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors of the views that have columns, (views, width), of those of the views that `sample` gave for one region."""
        return vectors

    def bare(self) -> Sampling:
        """The same views with nothing hidden, and each channel in the window of the preparation: which voxels they are made of."""
        return self

    def noticed(self, regions: Sequence[Region], shape: Shape) -> tuple[Warned, ...]:  # noqa: ARG002
        """What a user should know of these views, and does not forbid their use; it is kept with them."""
        return ()

    def fault(self, shape: Shape) -> str | None:
        """Why it cannot be shown to a network of this shape, or what of it the network does not allow; None if all is well."""
        if self.dimensions != len(shape.size):
            return f"{self.kind} has {self.dimensions} dimensions, and the network takes {len(shape.size)}"
        return None


class Shown(NamedTuple):
    """What a network is shown: a sampling and the size of its views."""

    sampling: Sampling
    shape: Shape


SAMPLINGS: Registry[Sampling] = Registry(Sampling, "features.deep.samplings")
