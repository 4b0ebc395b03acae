"""Who and what: CaseId and Scan, frozen records without pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Modality = Literal["CT", "MR", "PT"]  # DICOM Modality (0008,0060)
Unit = Literal["HU", "SUV", "arbitrary"]


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
    """Files that together are one image or one mask. Paths stay in memory: only the digest is ever stored."""

    format: str
    paths: tuple[Path, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Scan:
    """A Case's image of one modality with its mask: the unit that is checked, extracted or quarantined."""

    case: CaseId
    centre: str
    modality: Modality
    unit: Unit
    image: FileSet
    mask: FileSet
    roi: str  # ROI-name pattern (RTSTRUCT, SEG) or label value (NIfTI)

    @property
    def sort_key(self) -> tuple[CaseId, str]:
        return self.case, self.modality
