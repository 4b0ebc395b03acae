"""find_dicom: image series and their masks among the DICOM files of one folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from features.core.case import ROI
from features.core.catalog.image_source import DicomSource
from features.core.quarantine import REASONS, Rejected
from features.images.index.agreed import agree_readers, split_consensus
from features.images.index.dicom_masks import (
    Fault,
    Masks,
    mask_fault,
    masks_of,
    may_lack,
    named_by_masks,
    refers,
    with_series,
)
from features.images.index.dicom_series import Files, Image, Series, chosen_images, series_of, takes
from features.images.index.duplicates import merge_copies
from features.images.index.file_cache import FileCache
from features.images.index.files import Listing
from features.images.index.findings import Candidate, Findings, Ignored, Refusal
from features.images.index.header import DicomFile, HeaderReader
from features.images.index.joined import rois_of
from features.images.index.series import XRAY, repeated
from features.images.index.series_facts import MOST, facts_of
from features.images.index.visit_days import day_of, timepoint_of, why_no_timepoint

ENDINGS = (".dcm", ".dicom", ".ima")


def find_dicom(
    listing: Listing,
    sources: Sequence[DicomSource],
    first_timepoint: str,
    reader: HeaderReader,
    cache: FileCache,
    progress: Callable[[int, int], None],
    seen: list[DicomFile] | None = None,
) -> Findings:
    """Candidates and refusals of the sources that share one folder; headers that the cache knows are not read again.

    A series belongs to the sources of its modality whose `select` and `ignore` take it; one of a modality that none
    declares is refused. Its masks reference the series or its instances, or only its frame of reference; among several
    masks those count that have an ROI which matches the catalog's pattern. Of several series of a case the one counts
    that a mask names, if masks name one. A series that several words take is none of theirs (SERIES_SHARED), unless images are
    calculated from it. seen: a list that the images and localizers are added to, with their headers.
    """
    agreed, sources = split_consensus(sources)
    centre, modality = sources[0].centre, sources[0].modality
    paths, refused = [file.path for file in listing[0]], listing[1]
    findings = Findings(files={*paths, *refused}, readable=set(paths))
    findings.refusals += [Refusal("UNREADABLE", centre, modality, (entry,)) for entry in refused]
    groups: dict[tuple[str, str], Files] = defaultdict(list)
    masks: dict[str, Files] = defaultdict(list)
    for path, text in cache.headers(paths, reader.read, reader.settings, progress):
        found = reader.parse(path, text)
        if isinstance(found, Rejected):
            refusal = Refusal(found.code, centre, modality, (path,), "", "", "", found.message, found.details)
            findings.refusals.append(refusal)
        elif isinstance(found, str):
            findings.ignored[path] = found
        elif found.header.kind in ("image", "localizer"):
            groups[found.header.patient, found.header.series].append(found)
            if seen is not None:
                seen.append(found)
        else:
            masks[found.header.patient].append(found)
    for path in _empty(listing, findings):
        del findings.ignored[path]
        refusal = Refusal(
            "DICOM_TRUNC", centre, modality, (path,), message="a DICOM file is empty", details={"bytes": 0}
        )
        findings.refusals.append(refusal)
    for patient, several in masks.items():
        masks[patient], copies, _ = merge_copies(several, cache)
        findings.merged.update(file.path for file in copies)
    volumes = [source for source in sources if source.calculate is not None]
    series: list[Series] = []
    for _, group in sorted(groups.items()):
        has_volumes = any(takes(source, file, reader) for source in volumes for file in group)
        if one := series_of(group, findings, cache, has_volumes=has_volumes):
            series.append(one)
    for patient, several in masks.items():
        own = [one for one in series if one.header.patient == patient]
        masks[patient] = [with_series(mask, own) for mask in several]
    for source, images in _unshared([(source, _chosen(source, series, reader)) for source in sources]):
        _find_source(findings, source, first_timepoint, reader, images, masks)
    _find_rest(findings, sources, reader, series, masks)
    agree_readers(findings, agreed)
    return findings


def _empty(listing: Listing, findings: Findings) -> list[Path]:
    """Files without a byte that were DICOM files once: by their endings, or as all others in their folder are."""
    empty = [file.path for file in listing[0] if not file.size and findings.ignored.get(file.path) == "not_dicom"]
    if not empty:
        return []
    others = {file.path for file in listing[0]} - set(empty)
    strange = {path.parent for path in others if findings.ignored.get(path) == "not_dicom"}
    folders = {path.parent for path in others} - strange
    return [
        path
        for path in empty
        if path.suffix.lower() in ENDINGS or (path.parent in folders and not path.name.startswith("."))
    ]


def _chosen(source: DicomSource, series: Sequence[Series], reader: HeaderReader) -> list[Image]:
    own = [one for one in series if one.header.modality == source.modality]
    return [image for one in own for image in chosen_images(one, source, reader)]


def _unshared(chosen: Sequence[tuple[DicomSource, list[Image]]]) -> Iterator[tuple[DicomSource, list[Image]]]:
    """The images of each source; those that another word takes as well are refused."""
    words: dict[Path, set[str]] = defaultdict(set)
    for source, images in chosen:
        for image in images if source.calculate is None else ():
            for file in image.files:
                words[file.path].add(source.image_name)
    for source, images in chosen:
        found = []
        for image in images:
            several = sorted(words[image.files[0].path]) if source.calculate is None else []
            if len(several) > 1 and not image.code:
                what = f"{REASONS['SERIES_SHARED'].means}: {', '.join(several)}; it has {facts_of(image.files).words()}"
                image = image._replace(code="SERIES_SHARED", message=what)
            found.append(image)
        yield source, found


def _find_source(
    findings: Findings,
    source: DicomSource,
    first_timepoint: str,
    reader: HeaderReader,
    chosen: Sequence[Image],
    masks: Masks,
) -> None:
    refuse = partial(_refuse, findings, source)
    cases: dict[tuple[str, str], list[Image]] = defaultdict(list)
    for image in chosen:
        patient = image.series.header.patient
        timepoint = timepoint_of(source, image.files, first_timepoint, reader)
        if timepoint is None:
            fault = (
                Fault(image.code, image.message) if image.code else Fault("TIMEPOINT_UNKNOWN", why_no_timepoint(source))
            )
            refuse(fault, image, masks_of(source, image, masks), "")
        else:
            cases[patient, timepoint].append(image)
            keyword = source.timepoint.date if source.timepoint else ""
            if (day := day_of(image.files, keyword)) is not None:
                findings.see_day(patient, timepoint, day)
    for (patient, timepoint), several in cases.items():
        images, unnamed = (several, []) if source.calculate else named_by_masks(source, several, masks)
        for image in unnamed:
            _ignore(findings, image.files, "not_named")
        if shared := next((image for image in images if image.code == "SERIES_SHARED"), None):
            images = [
                image._replace(code=image.code or shared.code, message=image.message or shared.message)
                for image in images
            ]
        for image in (image for image in images if image.code):
            refuse(Fault(image.code, image.message), image, masks_of(source, image, masks), timepoint)
        images = [image for image in images if not image.code]
        if not images:
            continue
        own = [masks_of(source, image, masks) for image in images]
        wrong = _several(source, images)
        if not wrong and source.calculate is not None:
            images, own = _joined(images, own)
        wrong = wrong or mask_fault(source, images[0], own[0])
        if wrong:
            every = {mask.path: mask for found in own for mask in found}
            files = [file for image in images for file in image.files]
            refuse(wrong, images[0]._replace(files=files), every.values(), timepoint)
            continue
        image, mask = images[0], own[0][0] if own[0] else None
        if mask and source.roi_name == ROI and may_lack(source) and source.mask.pattern not in mask.header.rois:
            _ignore(findings, [*image.files, *own[0]], "no_roi")
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
                image=tuple(file.path for file in image.files),
                mask_format=source.mask.kind,
                mask=(mask.path,) if mask else (),
                roi=source.mask.pattern,
                rule=source.rule,
                series=image.series.header.series,
                image_name=source.image_name,
                roi_name=source.roi_name,
                reader=source.mask.reader,
                of=rois_of(source.mask),
                registration=source.registration,
                frame=image.series.header.frame,
                calculation=source.calculate,
                segmentation=source.mask.made,
                steps=source.steps,
                instead=source.stands_in,
            )
        )


def _several(source: DicomSource, images: Sequence[Image]) -> Fault | None:
    """Why several images cannot be the one that a word means, with what tells them apart."""
    if len(images) == 1:
        return None
    word = f'the image "{source.image_name}"'
    hint = "choose one by `select` or `ignore`, also by SeriesDescription or SeriesNumber"
    if source.calculate is not None:
        alike = [image for image in images if repeated(image.files)]
        if len(alike) < 2:
            return None  # each series is one b-value or phase, or those of one beside an image before contrast agent
        what = f"{word} could be calculated from each of {len(alike)} series: {_facts(alike)}; {hint}"
        return Fault("SERIES_AMBIGUOUS", what, {"series": len(alike)})
    if len({id(image.series) for image in images}) > 1 or images[0].series.header.modality in XRAY:
        what = (
            f"{len(images)} series could be {word}, and masks do not name one of them alone: {_facts(images)}; {hint}"
        )
        return Fault("SERIES_AMBIGUOUS", what, {"series": len(images)})
    what = f"{REASONS['DICOM_MIXED_PHASES'].means}: {_facts(images)}; `select` chooses among them for {word}"
    return Fault("DICOM_MIXED_PHASES", what, {"images": len(images)})


def _facts(images: Sequence[Image]) -> str:
    """What tells images apart, in words."""
    return "; ".join(sorted(facts_of(image.files).words() for image in images[:MOST]))


def _joined(images: Sequence[Image], masks: Sequence[Files]) -> tuple[list[Image], list[Files]]:
    """The slices of all series that an image is calculated from, as one image of the series that a mask belongs to."""
    first = next((n for n, own in enumerate(masks) if own), 0)
    every = {mask.path: mask for own in masks for mask in own}
    files = [file for image in images for file in image.files]
    return [images[first]._replace(files=files)], [list(every.values())]


def _refuse(
    findings: Findings, source: DicomSource, fault: Fault, image: Image, masks: Iterable[DicomFile], timepoint: str
) -> None:
    header, paths = image.series.header, tuple(file.path for file in (*image.files, *masks))
    case = header.patient, timepoint, ""
    told = fault.message, dict(fault.details), header.series
    refusal = Refusal(fault.code, source.centre, source.modality, paths, *case, *told)
    refusal = replace(refusal, image_name=source.image_name, roi_name=source.roi_name)
    findings.refusals.append(replace(refusal, instead=source.stands_in))


def _find_rest(
    findings: Findings, sources: Sequence[DicomSource], reader: HeaderReader, series: list[Series], masks: Masks
) -> None:
    """Series of modalities that nobody declares, series that nobody selects, and masks without an image."""
    declared = {source.modality for source in sources}
    claimed = {file for candidate in findings.candidates for file in candidate.files}
    claimed |= {file for refusal in findings.refusals for file in refusal.files}
    for one in series:
        if one.header.modality in declared or any(_sorts_out(source, one, reader) for source in sources):
            _ignore(findings, one.files, "not_selected")
            continue
        own = [mask for mask in masks.get(one.header.patient, []) if refers(mask.header, one.header)]
        own = [mask for mask in own if mask.path not in claimed]
        claimed.update(mask.path for mask in own)
        source = sources[0].model_copy(update={"modality": one.header.modality, "image": None})
        _refuse(findings, source, Fault("DICOM_MODALITY"), Image(one, one.files), own, "")
    formats = {source.mask.kind: source for source in reversed(sources)}
    for patient, found in masks.items():
        known = {one.header.series for one in series if one.header.patient == patient}
        frames = {one.header.frame for one in series if one.header.patient == patient}
        for path, header, *_ in found:
            there = not known.isdisjoint(header.references) if header.references else header.frame in frames
            own_source = formats.get(str(header.kind))
            if path in claimed or there or own_source is None:
                findings.ignored.setdefault(path, "mask")
            else:
                centre, modality = own_source.centre, own_source.modality
                words = own_source.image_name, own_source.roi_name
                refusal = Refusal("IMAGE_MISSING", centre, modality, (path,), patient)
                findings.refusals.append(replace(refusal, image_name=words[0], roi_name=words[1]))


def _sorts_out(source: DicomSource, one: Series, reader: HeaderReader) -> bool:
    """Whether a source says that it does not want a series of another modality."""
    fits = one.header.fits
    wanted = {keyword: pattern for keyword, pattern in source.select.items() if keyword == "Modality"}
    return bool(reader.choices(source.ignore) & fits) or not reader.choices(wanted) <= fits


def _ignore(findings: Findings, files: Iterable[DicomFile], reason: Ignored) -> None:
    for file in files:
        findings.ignored.setdefault(file.path, reason)
