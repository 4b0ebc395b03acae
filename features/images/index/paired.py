"""pair_files: images with the masks that belong to them, of files whose paths fit the templates of a source."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from features.core.case import ReadRule
from features.core.catalog.image_source import FileSource
from features.core.quarantine import REASONS, Rejected
from features.images.formats.detached import read_header
from features.images.formats.pair import is_pair, pair_of
from features.images.index.agreed import consensus_of
from features.images.index.findings import Candidate, Fields, Findings, Refusal
from features.images.index.joined import rois_of

TEMPLATE = "template"  # the word of the image that an atlas was drawn on
FEW = 2  # so many images and masks without one pair are incomplete cases, more a fault of the templates
DETACHED = (".nhdr", ".mhd")  # headers whose voxels lie in files of their own


class _Place(NamedTuple):
    """Where files are: those that can be read, those in archives, and what a template without a time point means."""

    readable: Container[Path]
    packed: Container[Path]
    first_timepoint: str


def pair_files(
    findings: Findings,
    sources: Sequence[FileSource],
    images: Sequence[tuple[Fields, Path]],
    masks: Sequence[tuple[Fields, Path]],
    atlas_images: Sequence[Path],
    first_timepoint: str,
    packed: Container[Path],
) -> None:
    """Add a candidate for each image and ROI, or say why there is none. sources: differ in their ROIs alone.

    Doubts: ROI_ABSENT, of a reader who did not draw what others drew. Refusals: MASK_MISSING, IMAGE_MISSING, UNREADABLE,
    READERS_FEW (one reader alone drew what is to be a consensus), SERIES_AMBIGUOUS (a reader with two masks).
    """
    source, place = sources[0], _Place(findings.readable, packed, first_timepoint)
    shared = _words(source.path) & _words(source.mask_path)
    partners: dict[frozenset[tuple[str, str]], list[tuple[Fields, Path]]] = defaultdict(list)
    for fields, path in masks:
        partners[_part(fields, shared)].append((fields, path))
    used: set[Path] = set()
    may_lack = source.mask.reader and getattr(source.mask, "consensus", "none") != "none"
    for fields, path in images:
        own = partners.get(_part(fields, shared), [])
        used |= {mask for _, mask in own}
        if not source.mask_path:
            _add(findings, sources, fields, path, [], place)
        elif not own and may_lack:  # whom a reader did not draw, others may have
            absent = [refusal_of("ROI_ABSENT", one, fields, path, first_timepoint) for one in sources]
            what = f'the reader "{source.mask.reader}" did not draw the region'
            findings.doubts += [replace(one, files=(), message=what) for one in absent]
        elif not own:
            findings.refusals += [_missing("MASK_MISSING", one, fields, path, place) for one in sources]
        elif source.atlas_image and len(atlas_images) != 1:
            what = f'{REASONS["MASK_MISSING"].means}: there is no file "{source.atlas_image}", on which the atlas was drawn'
            refusals = [refusal_of("MASK_MISSING", one, fields, path, first_timepoint) for one in sources]
            findings.refusals += [replace(one, message=what) for one in refusals]
        elif _is_consensus(source):
            _agree(findings, sources, fields, path, own, place)
        else:
            for other, mask in own:
                _add(findings, sources, {**other, **fields}, path, [mask, *atlas_images], place)
    for fields, path in masks:
        if path not in used and "patient" in fields and not _is_consensus(source):
            missing = _missing("IMAGE_MISSING", source, fields, path, place)
            findings.refusals.append(missing if len(sources) == 1 else replace(missing, roi_name=""))
    if min(len(images), len(masks)) > FEW and not used:
        what = (
            f'no file of "{source.path}" has its mask at "{source.mask_path}": the placeholders stand for other words'
        )
        findings.doubts.append(doubt_about(source, what))


def _is_consensus(source: FileSource) -> bool:
    return bool(source.mask.declared_readers)


def _agree(
    findings: Findings,
    sources: Sequence[FileSource],
    fields: Fields,
    image: Path,
    masks: Sequence[tuple[Fields, Path]],
    place: _Place,
) -> None:
    """Add the consensus of readers, of each lesion that they drew."""
    lesions: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    for other, mask in masks:
        lesions[other.get("lesion", "")].append((other["reader"], mask))
    for lesion, drawn in lesions.items():
        both = {**fields, **({"lesion": lesion} if lesion else {})}
        files = (image, *(mask for _, mask in drawn))
        for source in sources:
            refusal = replace(refusal_of("READERS_FEW", source, both, image, place.first_timepoint), files=files)
            declared = source.mask.declared_readers
            if len({reader for reader, _ in drawn}) < len(drawn):
                what = "a reader has several masks of one image"
                findings.refusals.append(replace(refusal, code="SERIES_AMBIGUOUS", message=what))
            elif len(drawn) == 1:
                findings.refusals.append(replace(refusal, details={"readers": 1, "of": len(declared)}))
            else:
                _add_consensus(findings, source, both, image, drawn, place)


def _add_consensus(
    findings: Findings,
    source: FileSource,
    fields: Fields,
    image: Path,
    drawn: Sequence[tuple[str, Path]],
    place: _Place,
) -> None:
    own = Findings()
    word = source.roi_name
    for _, mask in drawn:
        _add(own, [source], fields, image, [mask], place)
    findings.refusals += own.refusals
    if own.refusals:
        return
    readers = [
        replace(one, reader=reader, roi_name=f"{word}_by_{reader}")
        for one, (reader, _) in zip(own.candidates, drawn, strict=True)
    ]
    findings.candidates.append(consensus_of(source, readers))


def _add(
    findings: Findings,
    sources: Sequence[FileSource],
    fields: Fields,
    image: Path,
    masks: Sequence[Path],
    place: _Place,
) -> None:
    """Add an image with a ROI of each source as candidates, or say why it is none. masks: the mask, and of an atlas the
    image that it was drawn on; none if masks have no files of their own."""
    source = sources[0]
    try:
        image_files, *others = (with_data(path, place.readable, place.packed) for path in (image, *masks))
    except Rejected as error:
        for one in sources:
            refusal = refusal_of(error.code, one, fields, image, place.first_timepoint)
            findings.refusals.append(replace(refusal, files=(image, *masks), message=error.message))
        return
    if source.calculate is not None and source.calculate.parts == "b_values":
        image_files = (*image_files, *_b_values(image, place.readable))
    candidate = Candidate(
        patient=fields["patient"],
        timepoint=fields.get("timepoint", place.first_timepoint),
        lesion=fields.get("lesion", ""),
        centre=source.centre,
        modality=source.modality,
        unit=source.unit,
        image_format=source.format,
        image=image_files,
        mask_format=source.mask.kind,
        mask=others[0] if others else (),
        roi=source.mask.pattern,
        rule=source.rule,
        image_name=source.image_name,
        registration=source.registration,
        calculation=source.calculate,
    )
    if len(others) > 1:
        drawn = replace(candidate, unit="arbitrary", image=others[1], image_format=source.mask.kind, rule=ReadRule())
        candidate = replace(candidate, drawn_on=replace(drawn, image_name=TEMPLATE))
    findings.candidates += [
        replace(
            candidate,
            roi=one.mask.pattern,
            rule=one.rule,
            lesions=getattr(one.mask, "lesions", None),
            roi_name=one.roi_name,
            reader=one.mask.reader,
            of=rois_of(one.mask),
            segmentation=one.mask.made,
            steps=one.steps,
            instead=one.stands_in,
        )
        for one in sources
    ]


def _b_values(image: Path, readable: Container[Path]) -> tuple[Path, ...]:
    """The file of b-values that stands beside a NIfTI file, by its name with .bval in place of its ending, if there is one."""
    stem = image.name.removesuffix(".gz").removesuffix(".nii")
    beside = image.with_name(f"{stem}.bval")
    return (beside,) if beside in readable else ()


def with_data(path: Path, readable: Container[Path], packed: Container[Path]) -> tuple[Path, ...]:
    """A file, and those that belong to it: the other half of a pair, the voxels that a header names.

    Of a header that is damaged, it alone: its reader says why. Raises Rejected(UNREADABLE) if half of a pair is absent or
    may not be read, or a header in an archive names files: there they have lost their names.
    """
    if is_pair(path):
        others = tuple(file for file in pair_of(path) if file != path)
        if any(file not in readable for file in others):
            raise Rejected("UNREADABLE", "one half of a pair of .hdr and .img may not be read")
        return (path, *others)
    if path.suffix.lower() not in DETACHED:
        return (path,)
    try:
        named = read_header(path).data_files
    except Rejected:
        return (path,)
    if named and path in packed:
        raise Rejected(
            "UNREADABLE", "a header in an archive has its voxels in other files; unpack the archive yourself"
        )
    return (path, *(file for file in named if file in readable))


def _words(template: str) -> set[str]:
    return set(re.findall(r"{(.*?)}", template))


def _part(fields: Fields, words: set[str]) -> frozenset[tuple[str, str]]:
    return frozenset((word, fields[word]) for word in words)


def _missing(code: str, source: FileSource, fields: Fields, path: Path, place: _Place) -> Refusal:
    """An image without its mask, or a mask without its image, and where that would be."""
    template = source.mask_path if code == "MASK_MISSING" else source.path
    message = f'{REASONS[code].means}: there is no file "{template}" for it'
    return replace(refusal_of(code, source, fields, path, place.first_timepoint), message=message)


def doubt_about(source: FileSource, what: str) -> Refusal:
    """The warning that the templates of a source hardly mean what lies there."""
    return Refusal(
        "SOURCE_UNMATCHED",
        source.centre,
        source.modality,
        (),
        message=what,
        image_name=source.image_name,
        roi_name=source.roi_name,
        instead=source.stands_in,
    )


def refusal_of(code: str, source: FileSource, fields: Fields, path: Path, first_timepoint: str) -> Refusal:
    """Why a file becomes no scan."""
    timepoint = fields.get("timepoint", first_timepoint)
    patient, lesion = fields["patient"], fields.get("lesion", "")
    message = "" if patient else "a file's path names no patient"
    return Refusal(
        code,
        source.centre,
        source.modality,
        (path,),
        patient,
        timepoint,
        lesion,
        message,
        image_name=source.image_name,
        roi_name=source.roi_name,
        instead=source.stands_in,
    )
