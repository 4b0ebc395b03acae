"""MaskSource: where the ROIs of an image come from: contours, segmentations, label maps, another image, or no mask at all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict, Field

from features.core.case import ROI, Scan
from features.core.kinds.registry import Kind, Registry
from features.core.quarantine import Warned
from features.core.region import Volume
from features.core.roi_expression import check_region_word

RoiWord = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=40), AfterValidator(check_region_word)
]
Mask = NDArray[np.bool_]
OVERLAP = "whether ROIs of one mask may share voxels: `allow`, or `reject` those that do"
ROIS = "word of each ROI → how the mask names it; a column says its ROI's word. Without it there is one ROI, without a word"


class Opened(Protocol):
    """What is read of the files of a visit: each of them once."""

    def image(self, scan: Scan) -> Volume:
        """The image of a scan in its unit."""

    def mask(self, scan: Scan, image: Volume) -> tuple[Mask, Sequence[Warned]]:
        """The mask of a scan on the grid of an image."""

    def labels(self, path: Path) -> Any:
        """A label map, and where each label lies."""

    def dataset(self, path: Path) -> Any:
        """A DICOM file that holds contours or segments."""


class MaskSource(Kind):
    """Settings of where the ROIs of an image are, and how they are read.

    files: `dicom` where masks lie among the DICOM files of the image, `path` where a template tells their place, `none` where
    there are no files of their own. Behind the catalog a source has one ROI: `each` gives one for every word.
    """

    model_config = ConfigDict(serialize_by_alias=True)  # as it is written: `format`, not `kind`

    files: ClassVar[Literal["dicom", "path", "none"]]
    kind: str = Field(alias="format")

    def __hash__(self) -> int:
        return hash(self.model_dump_json())  # mappings have no hash of their own

    @property
    def roi_name(self) -> str:
        """The word of its ROI, of a source of one."""
        return ROI

    @property
    def reader(self) -> str:
        """Whose mask it is, of a source of one of several readers."""
        return ""

    @property
    def pattern(self) -> str:
        """What tells the ROI in the mask: a pattern of names, labels, or nothing."""
        return ""

    @property
    def rule(self) -> dict[str, Any]:
        """Its settings of a ReadRule that are not the default."""
        return {}

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its ROIs."""
        return tuple(one.roi_name for one in self.each())

    def each(self) -> tuple[Self, ...]:
        """A source for each of its ROIs."""
        return (self,)

    @classmethod
    @abstractmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:
        """The mask of a scan, bool (z, y, x) on the grid of its image, possibly empty, and what is to be said about it.

        Raises Rejected with the codes of the reader.
        """


MASKS: Registry[MaskSource] = Registry(MaskSource, "features.images.masks.kinds", key="format")
