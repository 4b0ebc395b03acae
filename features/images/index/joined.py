"""join_images: images whose ROIs were drawn on another image of the same case, brought together with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from features.core.kinds.mask import MaskSource
from features.core.quarantine import REASONS
from features.images.index.conflicts import refused
from features.images.index.findings import Candidate, Refusal


def rois_of(mask: MaskSource) -> tuple[str, tuple[str, ...]] | None:
    """The word of the image whose ROIs serve, and which of them, of such a mask."""
    return (str(getattr(mask, "image")), tuple(getattr(mask, "rois"))) if mask.kind == "of" else None  # noqa: B009


def join_images(
    candidates: Sequence[Candidate], refusals: Sequence[Refusal] = ()
) -> tuple[list[Candidate], list[Refusal]]:
    """Candidates with masks; those that take the ROIs of another image have become one for each ROI of it.

    Refusals: MASK_MISSING, where the case has no such image with a mask, or not one of the ROIs that are named;
    FRAME_OF_REFERENCE, where two DICOM images do not tell that they are in one frame, and no registration is declared; of a ROI
    that was refused on the other image while others of it serve, the code of that. refusals: those of the search.
    """
    drawn: dict[tuple[str, str, str, str], list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.of is None:
            drawn[one.centre, one.patient, one.timepoint, one.image_name.lower()].append(one)
    lost: dict[tuple[str, str, str, str], dict[str, Refusal]] = defaultdict(dict)
    for refusal in refusals:
        place = refusal.centre, refusal.patient, refusal.timepoint, refusal.image_name.lower()
        lost[place].setdefault(refusal.roi_name, refusal)
    found = [one for one in candidates if one.of is None]
    told: list[Refusal] = []
    for one in candidates:
        if one.of is None:
            continue
        image, words = one.of
        place = one.centre, one.patient, one.timepoint, image.lower()
        there = drawn[place]
        own = [other for other in there if not words or other.roi_name in words]
        if own and one.registration is None and _is_elsewhere(one, own[0]):
            what = f'{REASONS["FRAME_OF_REFERENCE"].means}: its ROIs were drawn on the image "{image}"'
            message = f"{what}; allowed: one frame of reference, or registration: {{to: {image}, kind: rigid}}"
            told += [replace(refused(_joined(one, other), "FRAME_OF_REFERENCE"), message=message) for other in own]
            continue
        found += [_joined(one, other) for other in own]
        for word in [word for word in words if word not in {other.roi_name for other in own}] or (
            [""] if not own else []
        ):
            what = f'the ROI "{word}" of its image "{image}"' if word else f'a ROI of its image "{image}"'
            message = f"{REASONS['MASK_MISSING'].means}: the case has not {what}"
            told.append(replace(refused(one, "MASK_MISSING"), message=message, roi_name=word or one.roi_name))
        for word, refusal in lost[place].items() if own and not words else ():
            if word and word not in {other.roi_name for other in own}:
                message = f'of its image "{image}": {refusal.message or REASONS[refusal.code].means}'
                again = replace(refused(one, refusal.code), message=message, details=refusal.details, roi_name=word)
                told.append(again)
    return found, told


def _is_elsewhere(one: Candidate, other: Candidate) -> bool:
    """Whether two images are of different frames of reference, as far as their files can tell them: DICOM must."""
    told = {one.image_format, other.image_format} == {"dicom"}
    return told and (one.frame != other.frame or not one.frame)


def _joined(one: Candidate, other: Candidate) -> Candidate:
    """An image with the mask of another one."""
    return replace(
        one,
        lesion=other.lesion,
        mask_format=other.mask_format,
        mask=other.mask,
        roi=other.roi,
        roi_name=one.roi_name if one.steps else other.roi_name,
        lesions=other.lesions,
        reader=other.reader,
        readers=other.readers,
        consensus=other.consensus,
        declared_readers=other.declared_readers,
        segmentation=other.segmentation,
        rule=replace(other.rule, regrid=one.rule.regrid, volume=one.rule.volume),
        of=None,
        drawn_on=other,
    )
