"""read_headers: the series, masks and patients among the DICOM files of a folder, by their headers alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np

from features.core.progress import tell
from features.core.pseudonym import pseudonym
from features.core.quarantine import Rejected
from features.core.region import Vector
from features.images.dicom.dataset import quiet, read_dataset, text
from features.images.index.file_cache import FileCache
from features.images.index.files import FoundFile
from features.images.index.findings import Listener
from features.images.index.header import DicomFile, HeaderReader
from features.images.masks.rtstruct import roi_names
from features.images.masks.seg import segment_labels

MaskFormat = Literal["rtstruct", "seg"]
_FACTS = (
    "Units", "PatientWeight", "ClinicalTrialTimePointID", "ClinicalTrialTimePointDescription", "StudyInstanceUID", "StudyDate",
    "SeriesDescription", "ProtocolName", "ContrastBolusAgent", "ImageType", "EchoTime", "RepetitionTime", "InversionTime",
    "DiffusionBValue",
)  # fmt: skip
_THREADS = 8


@dataclass(frozen=True)
class Series:
    """An image series: whose it is (pseudonym), and what a header of it says. Nothing of it is ever printed.

    key, frame: keyed hashes of the series and its frame of reference. phases: how many of its slices
    lie at one place, as those of b-values, echoes or times do.
    """

    patient: str
    key: str
    modality: str
    spacing_mm: Vector
    name: str
    facts: dict[str, str]
    frame: str = ""
    phases: int = 1


@dataclass(frozen=True)
class Mask:
    """A structure set or a segmentation: whose it is (pseudonym), the names of its ROIs, the series that it references."""

    patient: str
    format: MaskFormat
    names: tuple[str, ...]
    series: frozenset[str] = frozenset()


@dataclass
class Headers:
    """What the headers say. ids: the patients' ids, to compare with tables; they are never printed or written.

    not_read: how many files begin like DICOM and cannot be read. other: how many are of another kind, or no DICOM.
    """

    series: list[Series] = field(default_factory=list)
    masks: list[Mask] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    not_read: int = 0
    other: int = 0

    @property
    def places(self) -> dict[str, set[str]]:
        """The path of a file of each series, by the patient's id."""
        found: dict[str, set[str]] = defaultdict(set)
        for one in self.series:
            found[self.ids.get(one.patient, "")].add(one.name)
        return found

    @property
    def modalities(self) -> Counter[str]:
        """How many series there are of each modality."""
        return Counter(one.modality for one in self.series)


def read_headers(files: Sequence[FoundFile], names: Listener, cache: FileCache) -> Headers:
    """The headers of DICOM files, read side by side; a file of each series is read once more for its facts."""
    found = Headers()
    reader = HeaderReader(names, [])
    groups: dict[tuple[str, str], list[DicomFile]] = defaultdict(list)
    masks: list[DicomFile] = []
    paths = [file.path for file in files]
    for path, told in cache.headers(
        paths, reader.read, reader.settings, lambda done, total: tell("headers", done, total)
    ):
        parsed = reader.parse(path, told)
        if isinstance(parsed, Rejected):
            found.not_read += 1
        elif isinstance(parsed, str):
            found.other += 1
        elif parsed.header.kind == "image":
            groups[parsed.header.patient, parsed.header.series].append(parsed)
        elif parsed.header.kind != "localizer":
            masks.append(parsed)
    found.ids = {pseudonym(names.key, names.cohort, raw): raw for raw in names.ids}
    place = {file.path: file.name for file in files}
    with ThreadPoolExecutor(_THREADS) as pool:
        facts = list(pool.map(_facts, [group[0].path for group in groups.values()]))
        rois = list(pool.map(_rois, [mask.path for mask in masks]))
    for ((patient, key), group), own in zip(groups.items(), facts, strict=True):
        first = group[0]
        phases = max(Counter(file.position_mm for file in group if file.position_mm).values(), default=1)
        modality, where, frame = first.header.modality, place[first.path], first.header.frame
        found.series.append(Series(patient, key, modality, _spacing(group), where, own, frame, phases))
    for mask, own_names in zip(masks, rois, strict=True):
        kind: MaskFormat = "rtstruct" if mask.header.kind == "rtstruct" else "seg"
        found.masks.append(Mask(mask.header.patient, kind, own_names, frozenset(mask.header.references)))
    return found


def _facts(path: Path) -> dict[str, str]:
    try:
        dataset = read_dataset(path, tags=_FACTS)
    except Rejected:
        return {}
    return {keyword: text(dataset, keyword) for keyword in _FACTS}


def _rois(path: Path) -> tuple[str, ...]:
    try:
        with quiet():
            dataset = read_dataset(path, tags=["StructureSetROISequence", "SegmentSequence"])
            return tuple({*roi_names(dataset).values(), *segment_labels(dataset).values()} - {""})
    except Exception:  # a damaged sequence can raise anything; the index says what is wrong with the file
        return ()


def _spacing(group: Sequence[DicomFile]) -> Vector:
    """Of the pixels and between slices, mm; 0 where the headers do not tell."""
    header = group[0].header
    row, column = header.grid[2:4] if len(header.grid) == 4 else (0.0, 0.0)
    depths: list[float] = []
    if len(group) > 1 and len(header.orientation) == 6 and all(file.position_mm for file in group):
        normal = np.cross(header.orientation[:3], header.orientation[3:])
        depths = sorted({round(float(np.dot(file.position_mm, normal)), 3) for file in group})
    steps = [b - a for a, b in pairwise(depths)]
    return column, row, float(median(steps)) if steps else 0.0
