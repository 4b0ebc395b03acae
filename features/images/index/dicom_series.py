"""Series, Image: what the DICOM files of one SeriesInstanceUID are, and which of their images a source takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from features.core.catalog.image_source import DicomSource
from features.images.index.duplicates import merge_copies, merge_slices
from features.images.index.file_cache import FileCache
from features.images.index.findings import Findings
from features.images.index.header import DicomFile, Header, HeaderReader
from features.images.index.series import is_mixed, repeated, set_aside, split_series

Files = list[DicomFile]


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


def series_of(group: Files, findings: Findings, cache: FileCache, *, has_volumes: bool = False) -> Series | None:
    """A series without copies and localizers; None if nothing but localizers is left.

    has_volumes: an image is calculated from it, so that slices at one position are those of b-values or phases, and none is a
    copy of another, empty as both may be.
    """
    instances = frozenset(file.instance for file in group if file.instance)
    group, copies, conflict = merge_copies(group, cache)
    files, localizers = set_aside(group)
    for file in localizers:
        findings.ignored.setdefault(file.path, "localizer")
    images = split_series(files) if files else []
    if images is None and not has_volumes:
        files, more, _ = merge_slices(files, cache)
        copies, images = copies + more, split_series(files)
    findings.merged.update(file.path for file in copies)
    code = "DICOM_DUP_UID_CONFLICT" if conflict else ""
    if images is None:
        code = code or ("DICOM_MIXED_PHASES" if is_mixed(files) else "DICOM_DUP_SLICE")
    return Series(files, images or [], code, instances) if files else None


def takes(source: DicomSource, file: DicomFile, reader: HeaderReader) -> bool:
    """Whether `select` and `ignore` of a source take a slice of its modality."""
    header = file.header
    wanted, left = reader.choices(source.select), reader.choices(source.ignore)
    return header.modality == source.modality and wanted <= header.fits and not left & header.fits


def chosen_images(one: Series, source: DicomSource, reader: HeaderReader) -> list[Image]:
    """The images of a series that `select` and `ignore` take.

    They choose among images, never among the slices of one, unless the images of a series can be told apart by nothing else.
    Where the image is calculated, all slices that they take are one.
    """
    select, ignore = reader.choices(source.select), reader.choices(source.ignore)

    def fits(file: DicomFile) -> bool:
        return select <= file.header.fits and not ignore & file.header.fits

    fitting = [file for file in one.files if fits(file)]
    if not fitting:
        return []
    if source.calculate is not None and one.code != "DICOM_DUP_UID_CONFLICT":
        return [Image(one, fitting)]
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
