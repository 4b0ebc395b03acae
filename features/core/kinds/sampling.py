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
from features.core.region import Region, Vector


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
    def reach_mm(self, extent_mm: Vector, shape: Shape) -> float:
        """How far beyond the box of a ROI of this extent (x, y, z) it looks, at most."""

    @abstractmethod
    def sample(self, regions: Sequence[Region], preparation: Preparation, shape: Shape) -> NDArray[np.float32]:
        """(views, channels, *shape.size) in [0, 1] of the window of the preparation.

        regions: the ROI on each image, usually one. Raises Rejected.
        """


class Shown(NamedTuple):
    """What a network is shown: a sampling and the size of its views."""

    sampling: Sampling
    shape: Shape


SAMPLINGS: Registry[Sampling] = Registry(Sampling, "features.deep.samplings")
