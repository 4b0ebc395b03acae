"""PetThreshold: ROIs of PET that are the voxels above a threshold, in a region or connected with one; what its kinds share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy import ndimage

from features.core.case import Scan, Segmentation
from features.core.kinds.mask import Mask, Opened
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.masks.computed import ComputedMask

NEIGHBOURS = np.ones((3, 3, 3), np.bool_)  # voxels that share a corner are connected


class Level(NamedTuple):
    """From which intensity on a voxel is of the ROI, and what that was computed from, for the warning."""

    value: float
    facts: dict[str, float | int | str]


class PetThreshold(ComputedMask):
    """Voxels of at least a threshold. `inside` a region the ROI stays within it; with `grows` the region only tells where
    its hottest voxel is, and the ROI is what is connected with that, wherever it lies.

    (Methods and their names: Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328; Foster et al., Comput Biol Med
    2014;50:76.)
    """

    modalities: ClassVar[tuple[str, ...]] = ("PT",)
    needs_region: ClassVar[bool] = True
    grows: bool = Field(
        False,
        description="the ROI may reach beyond the region, which is then a seed: the hottest voxel is looked for in it",
    )
    keeps: Literal["hottest", "all"] = Field(
        "hottest", description="of several connected parts that of the `hottest` voxel, or `all` in the region"
    )

    @model_validator(mode="after")
    def check_bounds(self) -> Self:
        if self.inside is None:
            raise ValueError("inside is missing: the region in which the ROI is looked for, such as a box, or whole")
        if self.grows and self.keeps == "all":
            raise ValueError(
                "grows takes what is connected with the hottest voxel; keeps: all is for ROIs inside a region"
            )
        return self

    @property
    def made(self) -> Segmentation:
        return "semiautomatic"

    @abstractmethod
    def level(self, image: Volume, values: NDArray[np.float64], hottest: float, region: Mask) -> Level:
        """The threshold. values: (z, y, x) of the image, -inf where it has none; hottest: the highest of the region.

        Raises Rejected(SEGMENTATION_FAILED) if the image gives none.
        """

    @classmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:
        """The voxels above the threshold, possibly none. Warns: SEGMENTED, SEGMENTED_BOUND.

        Raises Rejected: SEGMENTATION_FAILED (no voxel of the region, no uptake, no contrast), and the codes of the region.
        """
        own = cls.of_scan(scan)
        everywhere = np.ones(image.array.shape, np.bool_), ()
        region, noted = opened.mask(scan.inside, image) if scan.inside is not None else everywhere
        values = np.where(np.isfinite(image.array), image.array, -np.inf).astype(np.float64)
        if image.padding is not None:
            values[image.padding] = -np.inf
        if not region.any() or not np.isfinite(hottest := float(values[region].max())):
            raise Rejected("SEGMENTATION_FAILED", "the region in which the ROI is looked for holds no voxel")
        if hottest <= 0:
            raise Rejected("SEGMENTATION_FAILED", "no voxel of the region has any uptake", hottest=_short(hottest))
        level = own.level(image, values, hottest, region)
        above = np.asarray(values >= level.value)
        if not own.grows:
            above &= region
        found = above if own.keeps == "all" else hottest_part(above, values, region)
        facts: dict[str, float | int | str] = {"threshold": _short(level.value), "hottest": _short(hottest)}
        told = [*noted, own.told(**facts, **{name: _rounded(value) for name, value in level.facts.items()})]
        if found.any() and scan.inside is not None and not own.grows and (at_edge := _share_at_edge(found, region)):
            told.append(Warned("SEGMENTED_BOUND", "", {"share": at_edge}))
        return found, told


def hottest_part(above: Mask, values: NDArray[np.float64], region: Mask) -> Mask:
    """The connected part (26 neighbours) of the hottest voxel of a region; empty if that is not above."""
    first = int(np.argmax(np.where(region, values, -np.inf)))
    if not above.reshape(-1)[first]:
        return np.zeros(above.shape, np.bool_)
    parts, _ = ndimage.label(above, structure=NEIGHBOURS)
    return np.asarray(parts == parts.reshape(-1)[first])


def _share_at_edge(found: Mask, region: Mask) -> float:
    """Share of a ROI's voxels at the edge of its region, along axes of more than one voxel."""
    sides = ndimage.generate_binary_structure(3, 1)
    if flat := [axis for axis, length in enumerate(region.shape) if length == 1]:
        index: list[Any] = [slice(None)] * 3
        for axis in flat:
            index[axis] = slice(1, 2)
        sides = sides[tuple(index)]
    inner = ndimage.binary_erosion(region, structure=sides, border_value=1)
    return round(float(np.count_nonzero(found & ~inner) / np.count_nonzero(found)), 4)


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _rounded(value: float | int | str) -> float | int | str:
    return _short(value) if isinstance(value, float) else value
