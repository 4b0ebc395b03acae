"""merge_copies: files that stand there twice count once; those that only claim to be the same do not."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from features.core.quarantine import Rejected
from features.images.dicom.dataset import holds, quiet, read_dataset, text
from features.images.index.file_cache import FileCache
from features.images.index.header import DicomFile
from features.images.index.series import repeated

_PLACE = ("Rows", "Columns", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
_VALUES = ("NumberOfFrames", "BitsAllocated", "BitsStored", "PixelRepresentation", "RescaleSlope", "RescaleIntercept")
_RARE = ("PixelPaddingValue", "PixelPaddingRangeLimit", "LUTDescriptor", "LUTData")  # give stored values a meaning, too

Files = list[DicomFile]


class Merged(NamedTuple):
    """Files without copies, the copies, and whether files of one SOPInstanceUID differ."""

    files: Files
    copies: Files
    conflict: bool


def merge_copies(files: Files, cache: FileCache) -> Merged:
    """Of files with one SOPInstanceUID the first, if their bytes are equal or their pixels with geometry and rescale."""
    same: dict[str, Files] = defaultdict(list)
    for file in files:
        same[file.instance or str(file.path)].append(file)
    kept: Files = []
    copies: Files = []
    conflict = False
    for one in same.values():
        if len(one) == 1 or _are_equal(one, cache):
            kept.append(one[0])
            copies += one[1:]
        else:
            kept += one
            conflict = True
    return Merged(kept, copies, conflict)


def merge_slices(files: Files, cache: FileCache) -> Merged:
    """Of slices at one position the first, if their pixels, geometry and rescale are equal, whatever their UID says."""
    copies: Files = []
    for place in repeated(files):
        seen: set[str] = set()
        for file in place:
            pixels = cache.pixels(file.path, fingerprint)
            if pixels and pixels in seen:
                copies.append(file)
            seen.add(pixels)
    left_out = {file.path for file in copies}
    return Merged([file for file in files if file.path not in left_out], copies, False)


def fingerprint(path: Path) -> str:
    """A digest of an image's stored pixels, its geometry, rescale and padding; empty if it has none or cannot be read."""
    try:
        dataset = read_dataset(path)
        with quiet():
            pixels = dataset.get_item("PixelData")
            data = getattr(pixels, "value", None)
            if not isinstance(data, bytes):
                return ""
            told = [f"{keyword}={text(dataset, keyword)}" for keyword in (*_PLACE, *_VALUES)]
            places = [dataset, *(dataset.get("ModalityLUTSequence") or [])]
            told += [f"{word}={text(place, word)}" for place in places for word in _RARE if holds(place, word)]
            meta = getattr(dataset, "file_meta", None)
            syntax = getattr(meta, "TransferSyntaxUID", None)
    except Rejected:
        return ""
    compressed = str(syntax) if syntax is not None and syntax.is_compressed else ""
    digest = hashlib.sha256("\n".join([*told, compressed, ""]).encode())
    digest.update(data)
    return digest.hexdigest()


def _are_equal(files: Files, cache: FileCache) -> bool:
    digests = cache.digests(file.path for file in files)
    if len(set(map(str, digests))) == 1:
        return True
    if files[0].header.kind not in ("image", "localizer"):
        return False
    pixels = {cache.pixels(file.path, fingerprint) for file in files}
    return len(pixels) == 1 and "" not in pixels
