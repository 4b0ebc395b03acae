"""without_conflicts: cases that nobody else claims."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from features.core.case import Scan
from features.images.index.findings import Candidate, Refusal

Case = tuple[str, ...]
ONE_IMAGE = (
    "one image has several masks; lesions are told apart by {lesion} in the mask's path, or by lesions at the mask: "
    "by_label or {1: NAME}; ROIs by rois: {WORD: 1}"
)


def without_conflicts(
    candidates: Sequence[Candidate], refusals: Sequence[Refusal]
) -> tuple[list[Candidate], list[Refusal]]:
    """Candidates that are alone under their name, and all refusals.

    One patient and centre for each SeriesInstanceUID (else DICOM_UID_COLLISION for all), one centre for each patient
    (PATIENT_CONFLICT), one image for each case and word, one mask for each of its ROIs (SERIES_AMBIGUOUS).
    """
    every: list[Candidate | Refusal] = [*candidates, *refusals]
    collided = _collisions(every)
    told = [one for one in _without_other_folders(every, refusals) if one.series not in collided]
    for one in every:
        if one.series in collided:
            case = one.patient, one.timepoint, one.lesion
            refusal = Refusal("DICOM_UID_COLLISION", one.centre, one.modality, one.files, *case, series=one.series)
            told.append(replace(refusal, image_name=one.image_name, roi_name=one.roi_name))
    candidates = [one for one in candidates if one.series not in collided]
    centres: dict[str, set[str]] = defaultdict(set)
    for one in candidates:
        centres[one.patient].add(one.centre)
    count = Counter(map(_scan, candidates))
    images: dict[Case, set[tuple[Path, ...]]] = defaultdict(set)
    same: dict[Case, Counter[tuple[Path, ...]]] = defaultdict(Counter)
    for one in candidates:
        images[_image(one)].add(one.image)
        same[_scan(one)][one.image] += 1
    kept: list[Candidate] = []
    for one in candidates:
        if len(centres[one.patient]) > 1:
            told.append(refused(one, "PATIENT_CONFLICT"))
        elif count[_scan(one)] > 1 or len(images[_image(one)]) > 1:
            message = ONE_IMAGE if same[_scan(one)][one.image] > 1 else ""
            told.append(replace(refused(one, "SERIES_AMBIGUOUS"), message=message))
        else:
            kept.append(one)
    return kept, told


def _image(one: Candidate) -> Case:
    return one.patient, one.timepoint, one.lesion, one.image_name


def _scan(one: Candidate) -> Case:
    return *_image(one), one.roi_name


def set_apart(scans: Sequence[Scan]) -> list[Scan]:
    """The scans; those of one image and reader whose ROIs may not overlap know each other, by word and roi, and by mask."""
    beside: dict[tuple[object, ...], dict[str, str]] = defaultdict(dict)
    elsewhere: dict[tuple[object, ...], list[Scan]] = defaultdict(list)
    for one in scans:
        if one.rule.overlap == "reject" and one.mask.paths:
            beside[one.case, one.image, one.mask][one.roi_name] = one.roi
            elsewhere[one.case, one.image_name, one.reader].append(one)

    def apart(one: Scan) -> Scan:
        others = beside.get((one.case, one.image, one.mask), {})
        own = tuple((word, roi) for word, roi in others.items() if word != one.roi_name)
        there = (
            elsewhere[one.case, one.image_name, one.reader] if one.rule.overlap == "reject" and one.mask.paths else []
        )
        masks = tuple((other.roi_name, other.roi, other.mask, other.rule) for other in there if other.mask != one.mask)
        return replace(one, apart=own, apart_masks=masks) if own or masks else one

    return [replace(apart(one), readers=tuple(map(apart, one.readers))) if one.readers else apart(one) for one in scans]


def refused(one: Candidate, code: str) -> Refusal:
    """A candidate that cannot be used."""
    return Refusal(
        code,
        one.centre,
        one.modality,
        one.files,
        one.patient,
        one.timepoint,
        one.lesion,
        series=one.series,
        image_name=one.image_name,
        roi_name=one.roi_name,
        instead=one.instead,
    )


def _collisions(every: Sequence[Candidate | Refusal]) -> set[str]:
    """Series that stand for other files with another patient or centre.

    The same files under two centres are no collision: their sources share a folder.
    """
    owners: dict[str, dict[tuple[str, str], set[Path]]] = defaultdict(lambda: defaultdict(set))
    for one in every:
        if one.series:
            owners[one.series][one.centre, one.patient].update(one.files)
    found = set()
    for series, files in owners.items():
        if len(files) > 1 and sum(map(len, files.values())) == len(set[Path]().union(*files.values())):
            found.add(series)
    return found


def _without_other_folders(every: Sequence[Candidate | Refusal], refusals: Sequence[Refusal]) -> list[Refusal]:
    """Refusals without those of series that a source of an overlapping folder declares."""
    claimed = {file for one in every if getattr(one, "code", "") != "DICOM_MODALITY" for file in one.files}
    return [one for one in refusals if one.code != "DICOM_MODALITY" or claimed.isdisjoint(one.files)]
