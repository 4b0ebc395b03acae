"""find_dicom: image series and their masks among the DICOM files of one folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from features.core.catalog.image_source import DicomSource
from features.core.quarantine import Rejected
from features.images.index.duplicates import merge_copies, merge_slices
from features.images.index.file_cache import FileCache
from features.images.index.files import Listing
from features.images.index.findings import Candidate, Findings, Ignored, Refusal
from features.images.index.header import DicomFile, Header, HeaderReader
from features.images.index.joined import rois_of
from features.images.index.series import XRAY, is_gapless, is_mixed, repeated, set_aside, split_series
from features.images.index.visit_days import day_of, timepoint_of, why_no_timepoint

Files = list[DicomFile]
Details = dict[str, float | int | str]
Masks = Mapping[str, Files]  # of each patient
ENDINGS = (".dcm", ".dicom", ".ima")


@dataclass(frozen=True, slots=True)
class Series:
    """The slices of a series, without copies and localizers, and the images they are.

    `code`: why they are no images, else empty. `instances`: keyed hashes of all its UIDs, those of copies and localizers too.
    """

    files: Files
    images: list[Files]
    code: str
    instances: frozenset[str]

    @property
    def header(self) -> Header:
        """The header of its first slice."""
        return self.files[0].header


class Image(NamedTuple):
    """One image of a series, and why it cannot be used, if that is so."""

    series: Series
    files: Files
    code: str = ""
    message: str = ""


class Fault(NamedTuple):
    """Why a case cannot be used."""

    code: str
    message: str = ""
    details: Details = {}


def find_dicom(
    listing: Listing,
    sources: Sequence[DicomSource],
    first_timepoint: str,
    reader: HeaderReader,
    cache: FileCache,
    progress: Callable[[int, int], None],
) -> Findings:
    """Candidates and refusals of the sources that share one folder; headers that the cache knows are not read again.

    A series belongs to the sources of its modality whose `select` and `ignore` take it; one of a modality that none
    declares is refused. Its masks reference the series or its instances, or only its frame of reference; among several
    masks those count that have an ROI which matches the catalog's pattern. Of several series of a case the one counts
    that a mask names, if masks name one.
    """
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
    series = [one for _, group in sorted(groups.items()) if (one := _series(group, findings, cache))]
    for patient, several in masks.items():
        own = [one for one in series if one.header.patient == patient]
        masks[patient] = [_with_series(mask, own) for mask in several]
    for source in sources:
        _find_source(findings, source, first_timepoint, reader, series, masks)
    _find_rest(findings, sources, reader, series, masks)
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


def _series(group: Files, findings: Findings, cache: FileCache) -> Series | None:
    """A series without copies and localizers; None if nothing but localizers is left."""
    instances = frozenset(file.instance for file in group if file.instance)
    group, copies, conflict = merge_copies(group, cache)
    files, localizers = set_aside(group)
    _ignore(findings, localizers, "localizer")
    images = split_series(files) if files else []
    if images is None:
        files, more, _ = merge_slices(files, cache)
        copies, images = copies + more, split_series(files)
    findings.merged.update(file.path for file in copies)
    code = "DICOM_DUP_UID_CONFLICT" if conflict else ""
    if images is None:
        code = code or ("DICOM_MIXED_PHASES" if is_mixed(files) else "DICOM_DUP_SLICE")
    return Series(files, images or [], code, instances) if files else None


def _find_source(
    findings: Findings,
    source: DicomSource,
    first_timepoint: str,
    reader: HeaderReader,
    series: list[Series],
    masks: Masks,
) -> None:
    refuse = partial(_refuse, findings, source)
    cases: dict[tuple[str, str], list[Image]] = defaultdict(list)
    for one in series:
        if one.header.modality != source.modality:
            continue
        for image in _chosen(one, source, reader):
            timepoint = timepoint_of(source, image.files, first_timepoint, reader)
            if timepoint is None:
                fault = (
                    Fault(image.code, image.message)
                    if image.code
                    else Fault("TIMEPOINT_UNKNOWN", why_no_timepoint(source))
                )
                refuse(fault, image, _masks(source, image, masks), "")
            else:
                cases[one.header.patient, timepoint].append(image)
                keyword = source.timepoint.date if source.timepoint else ""
                if (day := day_of(image.files, keyword)) is not None:
                    findings.see_day(one.header.patient, timepoint, day)
    for (patient, timepoint), several in cases.items():
        images, unnamed = _named(source, several, masks)
        for image in unnamed:
            _ignore(findings, image.files, "not_named")
        for image in (image for image in images if image.code):
            refuse(Fault(image.code, image.message), image, _masks(source, image, masks), timepoint)
        images = [image for image in images if not image.code]
        if not images:
            continue
        own = [_masks(source, image, masks) for image in images]
        wrong = _several(images) or _mask_fault(source, images[0], own[0])
        if wrong:
            every = {mask.path: mask for found in own for mask in found}
            files = [file for image in images for file in image.files]
            refuse(wrong, images[0]._replace(files=files), every.values(), timepoint)
            continue
        image, mask = images[0], own[0][0] if own[0] else None
        if mask and _may_lack(source) and source.mask.pattern not in mask.header.rois:
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
                roi_name=source.mask.roi_name,
                of=rois_of(source.mask),
                registration=source.registration,
                frame=image.series.header.frame,
            )
        )


def _refuse(
    findings: Findings, source: DicomSource, fault: Fault, image: Image, masks: Iterable[DicomFile], timepoint: str
) -> None:
    header, paths = image.series.header, tuple(file.path for file in (*image.files, *masks))
    case = header.patient, timepoint, ""
    told = fault.message, dict(fault.details), header.series
    refusal = Refusal(fault.code, source.centre, source.modality, paths, *case, *told)
    findings.refusals.append(replace(refusal, image_name=source.image_name, roi_name=source.mask.roi_name))


def _chosen(one: Series, source: DicomSource, reader: HeaderReader) -> list[Image]:
    """The images of a series that `select` and `ignore` take.

    They choose among images, never among the slices of one, unless the images of a series can be told apart by nothing else.
    """
    select, ignore = reader.choices(source.select), reader.choices(source.ignore)

    def fits(file: DicomFile) -> bool:
        return select <= file.header.fits and not ignore & file.header.fits

    fitting = [file for file in one.files if fits(file)]
    if not fitting:
        return []
    if len(fitting) < len(one.files):
        if one.code == "DICOM_MIXED_PHASES" and not repeated(fitting):
            return [Image(one, fitting)]
        if not one.code:
            parts = [(image, sum(map(fits, image))) for image in one.images]
            message = "select and ignore of the catalog take only some slices of an image"
            return [
                Image(one, image) if count == len(image) else Image(one, image, "SERIES_AMBIGUOUS", message)
                for image, count in parts
                if count
            ]
    if one.code:
        return [Image(one, one.files, one.code)]
    return [Image(one, image) for image in one.images]


def _with_series(mask: DicomFile, series: Sequence[Series]) -> DicomFile:
    """A mask that references no series, or several, with those whose instances its contours or frames name, if there are any.

    Other series of their modalities are none of its own; of other modalities it keeps what it references, or what shares
    its frame of reference: contours that were drawn on a CT may be meant for its PET, too.
    """
    header = mask.header
    hit = [one.header for one in series if header.named & one.instances]
    if not hit:
        return mask
    told = header.references or {one.header.series: frozenset() for one in series if _refers(header, one.header)}
    modalities = {one.modality for one in hit}
    alike = {one.header.series for one in series if one.header.modality in modalities}
    references = {word: instances for word, instances in told.items() if word not in alike}
    references |= {
        one.header.series: told.get(one.header.series) or header.named & one.instances
        for one in series
        if header.named & one.instances
    }
    return mask._replace(header=replace(header, references=references))


def _named(source: DicomSource, images: list[Image], masks: Masks) -> tuple[list[Image], list[Image]]:
    """Of images of several series the one that a mask names, and the others; all and none if no mask decides.

    A mask that only shares the frame of reference names none. Among several named images the one counts whose mask has an
    ROI that matches the catalog's pattern.
    """
    series = [id(image.series) for image in images]
    if len(set(series)) == 1 and images[0].series.header.modality not in XRAY:
        return images, []
    naming = [
        [mask for mask in _masks(source, image, masks) if image.series.header.series in mask.header.references]
        for image in images
    ]
    found = [k for k, own in enumerate(naming) if own]
    with_roi = [k for k in found if any(source.mask.pattern in mask.header.rois for mask in naming[k])]
    found = with_roi or found
    if len(found) != 1:
        return images, []
    chosen = images[found[0]]
    if series.count(id(chosen.series)) > 1 and chosen.series.header.modality not in XRAY:
        return images, []
    return [chosen], [image for image in images if image is not chosen]


def _several(images: list[Image]) -> Fault | None:
    if len(images) == 1:
        return None
    if len({id(image.series) for image in images}) > 1 or images[0].series.header.modality in XRAY:
        return Fault("SERIES_AMBIGUOUS", details={"series": len(images)})
    return Fault("DICOM_MIXED_PHASES", details={"images": len(images)})


def _mask_fault(source: DicomSource, image: Image, masks: Files) -> Fault | None:
    """Why the masks of an image do not give one that can be used, as far as headers tell."""
    if source.mask.files == "none":
        return None
    if not masks:
        return Fault("MASK_MISSING")
    if len(masks) > 1:
        if len({mask.instance for mask in masks}) < len(masks):
            return Fault("DICOM_DUP_UID_CONFLICT")
        absent = _may_lack(source) and not any(source.mask.pattern in mask.header.rois for mask in masks)
        return None if absent else Fault("MASK_AMBIGUOUS", details={"masks": len(masks)})
    header = masks[0].header
    wanted = header.references.get(image.series.header.series, frozenset())
    missing: Details = {"instances": len(wanted), "missing": len(wanted - image.series.instances)}
    if not missing["missing"] or (missing["missing"] != len(wanted) and not is_gapless(image.files)):
        return None  # slices that are missing inside the stack are found, and counted, by the reader
    if header.kind == "seg":
        return Fault("SEG_REF", details=missing)
    return Fault("DICOM_MISSING_END" if missing["missing"] != len(wanted) else "IMAGE_MISSING", details=missing)


def _may_lack(source: DicomSource) -> bool:
    """Whether a case without the ROI is ignored."""
    return getattr(source.mask, "absent", "") == "ignore"


def _masks(source: DicomSource, image: Image, masks: Masks) -> Files:
    header, series = image.series.header, image.series
    whole = len(image.files) == len(series.files)
    instances = series.instances if whole else {file.instance for file in image.files}
    found = [
        mask
        for mask in masks.get(header.patient, [])
        if mask.header.kind == source.mask.kind
        and _refers(mask.header, header)
        and not _is_of_another(mask.header.references.get(header.series, frozenset()), instances, series.instances)
    ]
    if len(found) < 2:
        return found
    return [mask for mask in found if source.mask.pattern in mask.header.rois] or found


def _refers(mask: Header, image: Header) -> bool:
    if mask.references:
        return image.series in mask.references
    return bool(image.frame) and mask.frame == image.frame


def _is_of_another(wanted: frozenset[str], own: Iterable[str], every: frozenset[str]) -> bool:
    """Whether a mask names instances of the series, but none of this image of it."""
    return bool(wanted & every) and wanted.isdisjoint(own)


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
        own = [mask for mask in masks.get(one.header.patient, []) if _refers(mask.header, one.header)]
        own = [mask for mask in own if mask.path not in claimed]
        claimed.update(mask.path for mask in own)
        source = sources[0].model_copy(update={"modality": one.header.modality})
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
                words = own_source.image_name, own_source.mask.roi_name
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
