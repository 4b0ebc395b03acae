"""Who and what: CaseId and Scan, frozen records without pixels."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, NamedTuple

from features.core.kinds.calculation import Calculation
from features.core.registration import Registration

Modality = Literal["CT", "MR", "PT", "CR", "DX"]  # DICOM Modality (0008,0060)
# SUV: by body weight; SUL: by lean body mass; SUVbsa: by body surface; BQML: activity concentration in Bq/ml;
# um2/s: apparent diffusion coefficient in 1e-6 mm²/s.
Unit = Literal["HU", "SUV", "SUL", "SUVbsa", "BQML", "um2/s", "arbitrary"]
ROI = "roi"  # the word of a ROI that the catalog gives none
WHOLE_IMAGE = "whole"  # the ROI of an image without a mask: every voxel
# How a ROI was made, in the words of DICOM (SegmentAlgorithmType): given with the data, and nothing is said of how; drawn by a
# person; by a program inside what a person marked; by a program alone; none: the whole image.
Segmentation = Literal["given", "manual", "semiautomatic", "automatic", "none"]


@dataclass(frozen=True, slots=True, order=True)
class CaseId:
    """`cohort:patient[:timepoint][:lesion]`, pseudonymised.

    >>> str(CaseId("sts", "k3v9", "baseline"))
    'sts:k3v9:baseline'
    """

    cohort: str
    patient: str
    timepoint: str = "baseline"
    lesion: str = ""

    def __str__(self) -> str:
        return ":".join(part for part in (self.cohort, self.patient, self.timepoint, self.lesion) if part)


@dataclass(frozen=True, slots=True)
class FileSet:
    """Files that together are one image or one mask, and their size. Paths stay in memory: only the digest is ever stored."""

    format: str
    paths: tuple[Path, ...]
    digest: str
    bytes: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ReadRule:
    """How the catalog wants files read where the strict way would refuse them. The default is the strict way.

    regrid: resample a tilted or unevenly spaced stack of slices. volume: which volume of a 4D file. several: what is
    done where several ROIs match. threshold: share of a voxel from which on a fractional segmentation counts.
    mask_grid: a mask on another grid of the same space is refused, or brought to the image's by nearest neighbour.
    absent: a ROI that is not in a mask is a fault, or means that the patient has no such region. overlap: ROIs of one mask may
    share voxels, or not.
    """

    regrid: bool = False
    volume: int | None = None
    several: Literal["reject", "union", "largest"] = "reject"
    threshold: float = 0.5
    mask_grid: Literal["same", "nearest"] = "same"
    absent: Literal["reject", "ignore"] = "reject"
    overlap: Literal["allow", "reject"] = "allow"

    def facts(self) -> dict[str, bool | float | int | str]:
        """The settings that are not the default."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}


class Target(NamedTuple):
    """What columns are of: an image and a ROI of it, by their words, and which of the words stand in names of columns.

    is_of_reader: the ROI is one reader's, and measured only where a recipe names it.
    """

    image: str
    roi: str
    is_image_named: bool = False
    is_roi_named: bool = False
    is_of_reader: bool = False

    @property
    def infix(self) -> str:
        """What stands between the recipe and the feature in the name of a column: the words that the catalog declares.

        >>> Target("t1c", "tumour", True, True).infix, Target("CT", "roi").infix
        ('t1c__tumour__', '')
        """
        words = [self.image] * self.is_image_named + [self.roi] * self.is_roi_named
        return "".join(f"{word}__" for word in words)


def target_of(image: str, roi: str, modality: str, is_of_reader: bool = False) -> Target:
    """The target of an image and a ROI; words that the catalog declares stand in names of columns."""
    return Target(image, roi, image != modality, roi not in (ROI, WHOLE_IMAGE), is_of_reader)


@dataclass(frozen=True, slots=True)
class DrawnOn:
    """The image that a mask was drawn on, where it is another one than that which is measured, and how the two come together.

    registration: None where both are in one frame of reference. calculation: how the image is calculated from its files.
    drawn_on: of a mask that was not drawn on this image either, the next one, such as the template of an atlas.
    """

    image_name: str
    image: FileSet
    unit: Unit
    rule: ReadRule = field(default_factory=ReadRule)
    registration: Registration | None = None
    calculation: Calculation | None = None
    drawn_on: DrawnOn | None = None

    @property
    def images(self) -> tuple[FileSet, ...]:
        """The files of the image, and of those that come after it."""
        return (self.image, *(self.drawn_on.images if self.drawn_on else ()))


@dataclass(frozen=True, slots=True)
class Scan:
    """An image of a Case with one ROI: the unit that is checked, extracted or quarantined.

    image_name: the word of the image, its modality where the catalog gives none. roi_name: the word of the ROI. roi: the ROI's
    name in the mask as a pattern (RTSTRUCT, SEG), its label or labels, as `1+4` (label map). reader: whose mask it is, of
    several. drawn_on: where the mask belongs to another image. terms: of a region that a recipe makes of several ROIs. readers:
    of a consensus, the masks that it is made of, of those of `declared_readers`; `consensus` says how. apart: word and roi of the
    other ROIs of the mask, where they may not share voxels with it. calculation: how the image is calculated from its files.
    apart_masks: as `apart`, of ROIs of other masks of the image, with the mask and how it is read. segmentation: how the ROI was
    made. settings: of a ROI that is computed, what computes it, as JSON; inside: the region in which it is looked for; place:
    what that needs and what decides nothing, such as where weights lie, as JSON.
    """

    case: CaseId
    centre: str
    modality: Modality
    unit: Unit
    image: FileSet
    mask: FileSet
    roi: str
    rule: ReadRule = field(default_factory=ReadRule)
    image_name: str = ""
    roi_name: str = ROI
    reader: str = ""
    drawn_on: DrawnOn | None = None
    terms: tuple[Term, ...] = ()
    readers: tuple[Scan, ...] = ()
    consensus: str = ""
    declared_readers: tuple[str, ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    calculation: Calculation | None = None
    apart_masks: tuple[tuple[str, str, FileSet, ReadRule], ...] = ()
    segmentation: Segmentation = "given"
    settings: str = ""
    inside: Scan | None = None
    place: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.image_name:
            object.__setattr__(self, "image_name", self.modality)

    @property
    def target(self) -> Target:
        """Whose columns its values are."""
        return target_of(self.image_name, self.roi_name, self.modality, bool(self.reader))

    @property
    def key(self) -> tuple[str, str, str]:
        """Case, image and ROI: what a row of the table of scans is told by."""
        return str(self.case), self.image_name, self.roi_name

    @property
    def visit(self) -> tuple[str, str, str]:
        """Cohort, patient and time point, whose files are read together."""
        return self.case.cohort, self.case.patient, self.case.timepoint

    @property
    def sort_key(self) -> tuple[CaseId, str, str]:
        return self.case, self.image_name, self.roi_name

    @property
    def counted(self) -> Scan:
        """The scan of the index that it counts as: of a region of several ROIs the first of them."""
        return self.terms[0].scan if self.terms else self

    @property
    def file_sets(self) -> tuple[FileSet, ...]:
        """All files that its region is read from: image, masks, and the image that a mask was drawn on."""
        own = [self.image, *([self.mask] if self.mask.paths or not (self.terms or self.readers) else [])]
        own += [one for term in self.terms for one in term.scan.file_sets]
        own += [one for scan in self.readers for one in scan.file_sets]
        own += [one for one in (self.inside.file_sets if self.inside else ()) if one.paths]
        return tuple(dict.fromkeys([*own, *(self.drawn_on.images if self.drawn_on else ())]))


@dataclass(frozen=True, slots=True)
class Term:
    """A ROI that is added to a region, or taken away from it."""

    sign: Literal["+", "-"]
    scan: Scan
