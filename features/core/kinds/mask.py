"""MaskSource: where the ROIs of an image come from: contours, segmentations, label maps, another image, or no mask at all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
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
Reader = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=40)]
ConsensusWord = Literal["majority", "staple", "none"]
Mask = NDArray[np.bool_]
READERS_SAID = "each ROI is then their consensus, and `ROI_by_READER`"
CONSENSUS = (
    "what counts as the ROI: what more than half of the readers drew (`majority`), what STAPLE holds for likely (`staple`), "
    "or `none`: there are single readers' regions alone"
)
OVERLAP = "whether the ROIs of an image that say so may share voxels: `allow`, or `reject` those that do"
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
    def declared_readers(self) -> tuple[str, ...]:
        """The words of the readers whose consensus it is; none of every other source."""
        return ()

    @property
    def agreed_by(self) -> str:
        """What counts as the consensus of the readers."""
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


def check_readers(readers: Collection[str], consensus: str) -> None:
    """Raises ValueError if readers and consensus do not go together."""
    if len(set(readers)) < len(readers):
        raise ValueError(f"readers names one twice: {', '.join(readers)}")
    if consensus != "majority" and not readers:
        raise ValueError("consensus is of several readers; name them: readers: [anna, ben]")
    if len(readers) == 1 and consensus != "none":
        raise ValueError("a consensus needs two readers or more; of one reader say consensus: none")


MASKS: Registry[MaskSource] = Registry(MaskSource, "features.images.masks.kinds", key="format")
