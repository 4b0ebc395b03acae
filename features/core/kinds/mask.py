"""MaskSource: where the ROIs of an image come from: contours, segmentations, label maps, another image, or no mask at all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SerializeAsAny

from features.core.case import ROI, Scan, Segmentation
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
LabelArray = NDArray[np.uint16]  # (z, y, x) on the grid of the image
READERS_SAID = "each ROI is then their consensus, and `ROI_by_READER`"
CONSENSUS = (
    "what counts as the ROI: what more than half of the readers drew (`majority`), what STAPLE holds for likely (`staple`), "
    "or `none`: there are single readers' regions alone"
)
OVERLAP = "whether the ROIs of an image that say so may share voxels: `allow`, or `reject` those that do"
SEGMENTATION = (
    "how the masks were made, in the words of DICOM: `manual`, `semiautomatic`, `automatic`; `given`: nothing is known"
)
OTHERWISE = (
    "where the ROI of an image is that has no mask: a source that computes it, such as `{format: percent_of_max, …}`"
)
Made = Literal["given", "manual", "semiautomatic", "automatic"]
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

    def computed(self, scan: Scan, decided_by: Mapping[str, str], make: Callable[[], LabelArray]) -> LabelArray:
        """The label map of an image that is kept, or is made now and kept. Raises the Rejected that it ended with."""


class MaskSource(Kind):
    """Settings of where the ROIs of an image are, and how they are read.

    files: `dicom` where masks lie among the DICOM files of the image, `path` where a template tells their place, `none` where
    there are no files of their own. Behind the catalog a source has one ROI: `each` gives one for every word.
    modalities: those of the images that it can be of; none: any.
    """

    model_config = ConfigDict(serialize_by_alias=True)  # as it is written: `format`, not `kind`

    files: ClassVar[Literal["dicom", "path", "none"]]
    modalities: ClassVar[tuple[str, ...]] = ()
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

    @property
    def made(self) -> Segmentation:
        """How its ROIs were made."""
        found: Segmentation = getattr(self, "segmentation", "given")
        return found

    @property
    def base(self) -> MaskSource:
        """Whose files are looked for: of a source that computes, that of the region in which it does."""
        return self

    @property
    def steps(self) -> tuple[MaskSource, ...]:
        """What is computed from the mask of `base`, one after the other."""
        return ()

    @property
    def settings(self) -> str:
        """What decides the ROI of a source that computes it, as JSON; "" of one that reads it from files."""
        return ""

    def each(self) -> tuple[Self, ...]:
        """A source for each of its ROIs."""
        return (self,)

    def place(self, folder: Path) -> str:  # noqa: ARG002
        """What a source that computes needs besides and what decides nothing, as JSON. folder: that of the catalog."""
        return ""

    def resolved(self, folder: Path) -> Self:  # noqa: ARG002
        """The same with what decides its results beside the catalog, such as the version of a command.

        folder: that of the catalog. Raises MachineError if something that it needs is not there.
        """
        return self

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


def check_otherwise(otherwise: MaskSource | None, readers: Collection[str]) -> None:
    """Raises ValueError if a source cannot stand in for masks that are missing."""
    if otherwise is None:
        return
    if readers:
        raise ValueError("otherwise is for masks of one reader: a case that no reader drew stays without a consensus")
    if not otherwise.settings:
        raise ValueError(f'otherwise computes the ROI from the image; "{otherwise.kind}" does not')


MASKS: Registry[MaskSource] = Registry(MaskSource, "features.images.masks.kinds", "features.deep.masks", key="format")


AnyMask = Annotated[SerializeAsAny[MaskSource], BeforeValidator(MASKS.parse)]
