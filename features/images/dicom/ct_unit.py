"""check_ct_unit: whether the numbers of a CT are HU, by what its headers say of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from features.core.quarantine import Rejected, Warned
from features.images.dicom.dataset import numbers, quiet, text
from features.images.dicom.frames import Frame, functional_group

_HU = {"HU", "H.U.", "HOUNSFIELD", "HOUNSFIELD UNIT", "HOUNSFIELD UNITS"}
_UNSPECIFIED = "US"
# Defined terms of (0028,1054) that may be quoted: any other word may be anything.
_TERMS = {"OD", "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT", "CM", "MM"}
# Words of ImageType for what a CT of several energies was turned into, if it is no attenuation; HU_MOD tells the others.
_IMAGE_TYPES = {"MAT_SPECIFIC", "MAT_FRACTIONAL", "MAT_VALUE_BASED", "EFF_ATOMIC_NUM", "ELECTRON_DENSITY", "Z_EFF"}
# What scanners and workstations of several energies, and perfusion programs, write there in words of their own. Virtual
# monoenergetic, virtual non-contrast, images from which a material was removed, and those for calcium scoring are HU.
_MATERIAL = "IODINE|CALCIUM|XENON|KRYPTON|GADOLINIUM|BARIUM|GOLD|MATERIAL|URIC"
_OTHER_WORD = re.compile(
    rf"{_MATERIAL}|Z_?EFF|EFF\w*_Z|ELECTRON|DENSITY|CONCENTRATION|FRACTION|OVERLAY|BLOOD_?(FLOW|VOLUME)"
    r"|(?<![A-Z])(ATOMIC\w*|MAT|MD|FAT|WATER|HAP|IRON|RHO|RHO_?Z|PBV|PBF|CBV|CBF|MTT|TTP|TMAX|IRF|PERMEABILITY"
    r"|DIVISION|MULTIPLICATION|SUBTRACTION|STD_?DEV(IATION)?|QUANTITY)(?![A-Z])"
)
_HU_WORD = re.compile(
    rf"MONO|VMI|VNC|VUE|UNENHANCED|(NO|NON|MINUS|WITHOUT)_?({_MATERIAL}|CONTRAST)|REMOV|SUPPRESS|FREE|SCOR"
)
_HU_CODES = {"HNSF'U", "[HNSF'U]"}  # UCUM
_SAME = 1e-6  # of a slope


def check_ct_unit(frames: Sequence[Frame], *, wanted: bool) -> tuple[bool, tuple[Warned, ...]]:
    """Whether the rescaled values of the slices claim to be HU, and what is doubtful about that.

    RescaleType, ImageType and the Real World Value Mapping of every slice are looked at; a file that says nothing means
    HU, as the standard has it. wanted: the catalog declares HU.

    Raises Rejected: CT_UNIT, if HU are wanted and a slice says something else. Warns, if HU are wanted: CT_UNIT_UNTOLD, if
    RescaleType is US (unspecified); UNIT_DOUBTFUL, if ImageType has a maker's word for something else than attenuation.
    """
    found = {id(place): place for frame in frames for place in _places(frame)}
    unspecified, other, doubt = False, "", ""
    for place in found.values():
        kind = text(place, "RescaleType").upper()
        unspecified |= kind == _UNSPECIFIED
        if kind and kind not in _HU and kind != _UNSPECIFIED:
            other = other or f"RescaleType is {kind if kind in _TERMS else 'another word'}, not HU"
        words = {*text(place, "ImageType").upper().split("/"), *text(place, "FrameType").upper().split("/")}
        if named := sorted(words & _IMAGE_TYPES):
            other = other or f"ImageType is {named[0]}"
        doubt = doubt or next(filter(None, map(_other_word, sorted(words))), "")
    other = other or _mapped_otherwise(frames)
    if other and wanted:
        raise Rejected("CT_UNIT", f"a CT holds no HU: {other}")
    told: tuple[Warned, ...] = (Warned("CT_UNIT_UNTOLD"),) if wanted and unspecified else ()
    if wanted and doubt:
        told += (Warned("UNIT_DOUBTFUL", f"ImageType has the word {doubt}: the values may be no attenuation in HU"),)
    return not other and (wanted or not unspecified), told


def _other_word(word: str) -> str:
    """What a word of ImageType says that the image shows, if that is no attenuation; of the word only what is known is quoted.

    >>> [_other_word(word) for word in ("IODINE_DENSITY", "IODINE_REMOVED", "VMI", "AXIAL")]
    ['IODINE', '', '', '']
    """
    word = re.sub(r"[^A-Z0-9]+", "_", word)
    found = None if _HU_WORD.search(word) else _OTHER_WORD.search(word)
    return found[0].strip("_") if found else ""


def _places(frame: Frame) -> Iterator[Dataset]:
    """Where a slice says what its numbers are."""
    yield frame.dataset
    if frame.groups:
        yield functional_group(frame.groups, "PixelValueTransformationSequence")
        yield functional_group(frame.groups, "CTImageFrameTypeSequence")


def _mapped_otherwise(frames: Sequence[Frame]) -> str:
    """Why the real-world values of a slice are not its rescaled ones in HU; empty if they are, or none are told."""
    for frame in frames:
        maps = _maps(frame)
        units = {text(unit, "CodeValue").upper() for _, unit in maps}
        if not maps or not any(units):
            continue
        if not units & _HU_CODES:
            return "its RealWorldValueMappingSequence has another unit"
        lines = [
            (numbers(one, "RealWorldValueSlope", 1), numbers(one, "RealWorldValueIntercept", 1))
            for one, unit in maps
            if text(unit, "CodeValue").upper() in _HU_CODES
        ]
        own = frame.slope, frame.intercept
        if not any(_are_same(line, own) for line in lines if None not in line):
            if all(None in line for line in lines):
                continue  # a table: it is not compared
            return "its RealWorldValueMappingSequence and its rescale values differ"
    return ""


def _are_same(line: Sequence[tuple[float, ...] | None], own: tuple[float | None, float | None]) -> bool:
    return all(
        told is not None and here is not None and abs(told[0] - here) <= _SAME * max(1.0, abs(here))
        for told, here in zip(line, own, strict=True)
    )


def _maps(frame: Frame) -> list[tuple[Dataset, Dataset]]:
    """Each real-world value mapping of a slice, with its unit."""
    found = []
    try:
        with quiet():
            for place in (*frame.groups, frame.dataset):
                for one in place.get("RealWorldValueMappingSequence") or []:
                    unit = (one.get("MeasurementUnitsCodeSequence") or [Dataset()])[0]
                    found.append((one, unit))
    except Exception as error:  # a damaged sequence can raise anything
        raise Rejected("DICOM_TRUNC") from error
    return found
