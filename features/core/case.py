"""Who and what: CaseId and Scan, frozen records without pixels."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

Modality = Literal["CT", "MR", "PT", "CR", "DX"]  # DICOM Modality (0008,0060)
# SUV: by body weight; SUL: by lean body mass; SUVbsa: by body surface; BQML: activity concentration in Bq/ml;
# um2/s: apparent diffusion coefficient in 1e-6 mm²/s.
Unit = Literal["HU", "SUV", "SUL", "SUVbsa", "BQML", "um2/s", "arbitrary"]


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
    """

    regrid: bool = False
    volume: int | None = None
    several: Literal["reject", "union", "largest"] = "reject"
    threshold: float = 0.5
    mask_grid: Literal["same", "nearest"] = "same"

    def facts(self) -> dict[str, bool | float | int | str]:
        """The settings that are not the default."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}


@dataclass(frozen=True, slots=True)
class Scan:
    """A Case's image of one modality with its mask: the unit that is checked, extracted or quarantined."""

    case: CaseId
    centre: str
    modality: Modality
    unit: Unit
    image: FileSet
    mask: FileSet
    roi: str  # ROI-name pattern (RTSTRUCT, SEG) or label value (label map)
    rule: ReadRule = field(default_factory=ReadRule)

    @property
    def sort_key(self) -> tuple[CaseId, str]:
        return self.case, self.modality
