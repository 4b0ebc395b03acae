"""masks_of: which RTSTRUCT or SEG belongs to an image, and why none can be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from features.core.catalog.image_source import DicomSource
from features.images.index.dicom_series import Files, Image, Series
from features.images.index.header import DicomFile, Header
from features.images.index.series import XRAY, is_gapless

Details = dict[str, float | int | str]
Masks = Mapping[str, Files]  # of each patient


class Fault(NamedTuple):
    """Why a case cannot be used."""

    code: str
    message: str = ""
    details: Details = {}


def with_series(mask: DicomFile, series: Sequence[Series]) -> DicomFile:
    """A mask that references no series, or several, with those whose instances its contours or frames name, if there are any.

    Other series of their modalities are none of its own; of other modalities it keeps what it references, or what shares
    its frame of reference: contours that were drawn on a CT may be meant for its PET, too.
    """
    header = mask.header
    hit = [one.header for one in series if header.named & one.instances]
    if not hit:
        return mask
    told = header.references or {one.header.series: frozenset() for one in series if refers(header, one.header)}
    modalities = {one.modality for one in hit}
    alike = {one.header.series for one in series if one.header.modality in modalities}
    references = {word: instances for word, instances in told.items() if word not in alike}
    references |= {
        one.header.series: told.get(one.header.series) or header.named & one.instances
        for one in series
        if header.named & one.instances
    }
    return mask._replace(header=replace(header, references=references))


def named_by_masks(source: DicomSource, images: list[Image], masks: Masks) -> tuple[list[Image], list[Image]]:
    """Of images of several series the one that a mask names, and the others; all and none if no mask decides.

    A mask that only shares the frame of reference names none. Among several named images the one counts whose mask has an
    ROI that matches the catalog's pattern.
    """
    series = [id(image.series) for image in images]
    if len(set(series)) == 1 and images[0].series.header.modality not in XRAY:
        return images, []
    naming = [
        [mask for mask in masks_of(source, image, masks) if image.series.header.series in mask.header.references]
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


def mask_fault(source: DicomSource, image: Image, masks: Files) -> Fault | None:
    """Why the masks of an image do not give one that can be used, as far as headers tell."""
    if source.mask.files == "none":
        return None
    if not masks:
        return Fault("MASK_MISSING")
    if len(masks) > 1:
        if len({mask.instance for mask in masks}) < len(masks):
            return Fault("DICOM_DUP_UID_CONFLICT")
        absent = may_lack(source) and not any(source.mask.pattern in mask.header.rois for mask in masks)
        return None if absent else Fault("MASK_AMBIGUOUS", details={"masks": len(masks)})
    header = masks[0].header
    wanted = header.references.get(image.series.header.series, frozenset())
    missing: Details = {"instances": len(wanted), "missing": len(wanted - image.series.instances)}
    if not missing["missing"] or (missing["missing"] != len(wanted) and not is_gapless(image.files)):
        return None  # slices that are missing inside the stack are found, and counted, by the reader
    if header.kind == "seg":
        return Fault("SEG_REF", details=missing)
    return Fault("DICOM_MISSING_END" if missing["missing"] != len(wanted) else "IMAGE_MISSING", details=missing)


def may_lack(source: DicomSource) -> bool:
    """Whether a case need not have the ROI."""
    return getattr(source.mask, "absent", "") == "ignore"


def masks_of(source: DicomSource, image: Image, masks: Masks) -> Files:
    """The masks that belong to an image; of several those with an ROI that matches, if there are any."""
    header, series = image.series.header, image.series
    whole = len(image.files) == len(series.files)
    instances = series.instances if whole else {file.instance for file in image.files}
    found = [
        mask
        for mask in masks.get(header.patient, [])
        if mask.header.kind == source.mask.kind
        and refers(mask.header, header)
        and not _is_of_another(mask.header.references.get(header.series, frozenset()), instances, series.instances)
    ]
    if len(found) < 2:
        return found
    return [mask for mask in found if source.mask.pattern in mask.header.rois] or found


def refers(mask: Header, image: Header) -> bool:
    """Whether a mask references the series of an image, or, if it references none, has its frame of reference."""
    if mask.references:
        return image.series in mask.references
    return bool(image.frame) and mask.frame == image.frame


def _is_of_another(wanted: frozenset[str], own: Iterable[str], every: frozenset[str]) -> bool:
    """Whether a mask names instances of the series, but none of this image of it."""
    return bool(wanted & every) and wanted.isdisjoint(own)
