"""Findings: what the search through one image source brings to light, before case ids and digests are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from features.core.case import Modality, Unit


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image with its mask. `patient` is the site's id: it never leaves the index."""

    patient: str
    timepoint: str
    lesion: str
    centre: str
    modality: Modality
    unit: Unit
    image_format: str
    image: tuple[Path, ...]
    mask_format: str
    mask: tuple[Path, ...]
    roi: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that cannot become a scan, and the files that are lost by it. `patient` is empty if unknown."""

    code: str
    centre: str
    modality: str
    files: tuple[Path, ...]
    patient: str = ""
    timepoint: str = ""
    lesion: str = ""
    message: str = ""
    details: dict[str, float | int | str] = field(default_factory=dict)


@dataclass(slots=True)
class Findings:
    """Everything that was found; `files` are all files that were looked at, used or not."""

    candidates: list[Candidate] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    files: set[Path] = field(default_factory=set)

    def add(self, other: Findings) -> None:
        """Take over what another search found."""
        self.candidates += other.candidates
        self.refusals += other.refusals
        self.files |= other.files
