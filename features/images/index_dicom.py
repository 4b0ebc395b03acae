"""find_dicom: image series and their masks among the DICOM files of one folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from features.core.catalog import DicomSource
from features.core.quarantine import Rejected
from features.images.file_cache import FileCache
from features.images.files import Listing
from features.images.findings import Candidate, Findings, Refusal
from features.images.header import Header, HeaderReader


class DicomFile(NamedTuple):
    """A file with its header."""

    path: Path
    header: Header


Series = list[DicomFile]
Masks = Mapping[str, list[DicomFile]]  # of each patient


def find_dicom(
    listing: Listing,
    sources: Sequence[DicomSource],
    first_timepoint: str,
    reader: HeaderReader,
    cache: FileCache,
    progress: Callable[[int, int], None],
) -> Findings:
    """Candidates and refusals of the sources that share one folder; headers that the cache knows are not read again.

    An image series belongs to the source of its modality. Its masks reference the series, or only its frame of
    reference; among several masks those count that have an ROI which matches the catalog's pattern.
    """
    centre, modality = sources[0].centre, sources[0].modality
    paths, refused = [file.path for file in listing[0]], listing[1]
    findings = Findings(files={*paths, *refused}, readable=set(paths))
    findings.refusals += [Refusal("UNREADABLE", centre, modality, (entry,)) for entry in refused]
    groups: dict[tuple[str, str], Series] = defaultdict(list)
    masks: dict[str, list[DicomFile]] = defaultdict(list)
    for path, text in cache.headers(paths, reader.read, reader.settings, progress):
        header = reader.parse(text)
        if isinstance(header, Rejected):
            refusal = Refusal(header.code, centre, modality, (path,), "", "", "", header.message, header.details)
            findings.refusals.append(refusal)
        elif header is not None and header.kind == "image":
            groups[header.patient, header.series].append(DicomFile(path, header))
        elif header is not None:
            masks[header.patient].append(DicomFile(path, header))
    series = [group for _, group in sorted(groups.items())]
    for source in sources:
        codes = _codes(source, reader)
        _find_source(findings, source, first_timepoint, codes, series, masks)
    _find_orphans(findings, sources, series, masks)
    return findings


def _codes(source: DicomSource, reader: HeaderReader) -> dict[str, str]:
    """What a header's value of the time point tag means; it is a keyed hash, so the catalog's codes are hashed too."""
    return {reader.names.word(code): word for code, word in source.timepoint.codes.items()} if source.timepoint else {}


def _find_source(
    findings: Findings,
    source: DicomSource,
    first_timepoint: str,
    codes: Mapping[str, str],
    series: list[Series],
    masks: Masks,
) -> None:
    cases: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for one in series:
        if one[0].header.modality != source.modality:
            continue
        patient, timepoint = one[0].header.patient, _timepoint(source, one, first_timepoint, codes)
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
        findings.candidates.append(
            Candidate(
                patient=patient,
                timepoint=timepoint,
                lesion="",
                centre=source.centre,
                modality=source.modality,
                unit=source.unit,
                image_format="dicom",
                image=tuple(file.path for file in found[0]),
                mask_format=source.mask.format,
                mask=(own[0][0].path,),
                roi=source.mask.roi,
                rule=source.rule,
            )
        )


def _timepoint(source: DicomSource, one: Series, first_timepoint: str, codes: Mapping[str, str]) -> str | None:
    """The cohort's first time point if the source has no rule, None if a value is unknown or differs in the series."""
    if source.timepoint is None:
        return first_timepoint
    values = {file.header.values[source.timepoint.tag] for file in one}
    return codes.get(values.pop()) if len(values) == 1 else None


def _masks(source: DicomSource, one: Series, masks: Masks) -> list[DicomFile]:
    image = one[0].header
    found = [
        mask
        for mask in masks.get(image.patient, [])
        if mask.header.kind == source.mask.format
        and (
            image.series in mask.header.references
            or (not mask.header.references and image.frame and mask.header.frame == image.frame)
        )
    ]
    if len(found) < 2:
        return found
    return [mask for mask in found if source.mask.roi in mask.header.rois] or found


def _files(one: Series, masks: list[DicomFile]) -> tuple[Path, ...]:
    return tuple(file.path for file in (*one, *masks))


def _find_orphans(findings: Findings, sources: Sequence[DicomSource], series: list[Series], masks: Masks) -> None:
    """Masks of a wanted format whose image is of no modality here at all."""
    known = {(one[0].header.patient, one[0].header.series) for one in series}
    frames = {(one[0].header.patient, one[0].header.frame) for one in series}
    for path, header in (mask for found in masks.values() for mask in found):
        source = next((source for source in sources if source.mask.format == header.kind), None)
        if header.references:
            there = any((header.patient, uid) in known for uid in header.references)
        else:
            there = (header.patient, header.frame) in frames
        if source is not None and not there:
            findings.refusals.append(Refusal("IMAGE_MISSING", source.centre, source.modality, (path,), header.patient))
