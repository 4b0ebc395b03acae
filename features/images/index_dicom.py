"""find_dicom: image series and their masks among the DICOM files of one folder."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from features.core.catalog import DicomSource
from features.core.quarantine import Rejected
from features.images.files import image_folder, list_files
from features.images.findings import Candidate, Findings, Refusal
from features.images.header import Header, read_header

Series = tuple[Header, ...]


def find_dicom(
    root: Path, path: str, sources: Sequence[DicomSource], first_timepoint: str, progress: Callable[[int, int], None]
) -> Findings:
    """Candidates and refusals of the sources that share one folder; each file's header is read once.

    An image series belongs to the source of its modality. Its masks reference the series, or only its frame of
    reference; among several masks those count that have an ROI which matches the catalog's pattern.
    Raises RadweaveError if the folder is absent.
    """
    centre, modality = sources[0].centre, sources[0].modality
    readable, refused = list_files(image_folder(root, path), root)
    findings = Findings(files={*readable, *refused})
    findings.refusals += [Refusal("UNREADABLE", centre, modality, (entry,)) for entry in refused]
    tags = tuple(sorted({source.timepoint.tag for source in sources if source.timepoint}))
    headers: list[Header] = []
    for done, file in enumerate(readable, start=1):
        try:
            header = read_header(file, tags)
            if header is not None:
                headers.append(header)
        except Rejected as rejected:
            refusal = Refusal(rejected.code, centre, modality, (file,), "", "", "", rejected.message, rejected.details)
            findings.refusals.append(refusal)
        progress(done, len(readable))
    groups: dict[tuple[str, str], list[Header]] = defaultdict(list)
    for header in headers:
        if header.kind == "image":
            groups[header.patient, header.series].append(header)
    series = [tuple(group) for _, group in sorted(groups.items())]
    masks = [header for header in headers if header.kind != "image"]
    for source in sources:
        _find_source(findings, source, first_timepoint, series, masks)
    _find_orphans(findings, sources, series, masks)
    return findings


def _find_source(
    findings: Findings, source: DicomSource, first_timepoint: str, series: list[Series], masks: list[Header]
) -> None:
    cases: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for one in series:
        if one[0].modality != source.modality:
            continue
        patient, timepoint = one[0].patient, _timepoint(source, one, first_timepoint)
        if timepoint is None:
            files = _files(one, _masks(source, one, masks))
            findings.refusals.append(Refusal("TIMEPOINT_UNKNOWN", source.centre, source.modality, files, patient))
        else:
            cases[patient, timepoint].append(one)
    for (patient, timepoint), found in cases.items():
        own = [_masks(source, one, masks) for one in found]
        files = tuple(file for one, some in zip(found, own, strict=True) for file in _files(one, some))
        code, details = "", {}
        if len(found) > 1:
            code, details = "SERIES_AMBIGUOUS", {"series": len(found)}
        elif not own[0]:
            code = "MASK_MISSING"
        elif len(own[0]) > 1:
            code, details = "MASK_AMBIGUOUS", {"masks": len(own[0])}
        if code:
            refusal = Refusal(code, source.centre, source.modality, files, patient, timepoint, "", "", dict(details))
            findings.refusals.append(refusal)
            continue
        images = tuple(header.path for header in found[0])
        findings.candidates.append(
            Candidate(
                patient=patient,
                timepoint=timepoint,
                lesion="",
                centre=source.centre,
                modality=source.modality,
                unit=source.unit,
                image_format="dicom",
                image=images,
                mask_format=source.mask.format,
                mask=(own[0][0].path,),
                roi=source.mask.roi,
            )
        )


def _timepoint(source: DicomSource, one: Series, first_timepoint: str) -> str | None:
    """The cohort's first time point if the source has no rule, None if a value is unknown or differs in the series."""
    if source.timepoint is None:
        return first_timepoint
    values = {header.values[source.timepoint.tag] for header in one}
    return source.timepoint.codes.get(values.pop()) if len(values) == 1 else None


def _masks(source: DicomSource, one: Series, masks: list[Header]) -> list[Header]:
    patient, uid, frame = one[0].patient, one[0].series, one[0].frame
    found = [
        mask
        for mask in masks
        if mask.kind == source.mask.format
        and mask.patient == patient
        and (uid in mask.references or (not mask.references and frame and mask.frame == frame))
    ]
    if len(found) < 2:
        return found
    pattern = re.compile(source.mask.roi, re.IGNORECASE)
    return [mask for mask in found if any(pattern.fullmatch(roi) for roi in mask.rois)] or found


def _files(one: Series, masks: list[Header]) -> tuple[Path, ...]:
    return tuple(header.path for header in (*one, *masks))


def _find_orphans(
    findings: Findings, sources: Sequence[DicomSource], series: list[Series], masks: list[Header]
) -> None:
    """Masks of a wanted format whose image is of no modality here at all."""
    known = {(one[0].patient, one[0].series) for one in series}
    frames = {(one[0].patient, one[0].frame) for one in series}
    for mask in masks:
        source = next((source for source in sources if source.mask.format == mask.kind), None)
        if mask.references:
            there = any((mask.patient, uid) in known for uid in mask.references)
        else:
            there = (mask.patient, mask.frame) in frames
        if source is not None and not there:
            findings.refusals.append(
                Refusal("IMAGE_MISSING", source.centre, source.modality, (mask.path,), mask.patient)
            )
