"""read_again: a series that was read and checked before, by a note of where its pixels lie, without parsing its headers.

A file is known by the digest of every byte before its pixels: what those bytes say was checked when the note was made. Files
of one uncompressed slice each have a note, which is by far the most common; all others are read as for the first time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from features.core.memory import claim_memory
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.dicom.dataset import read_dataset, text
from features.images.dicom.frames import Frame
from features.images.dicom.intensities import Rescale, rescaled
from features.images.dicom.layout import Layout, layout, transfer_syntax
from features.images.dicom.pixels import stored_of_bytes

VERSION = "1"  # raise it when the same note gives another volume: older ones are then left alone
_PLAIN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)
_UNDEFINED = 0xFFFFFFFF  # a length that only the end of the data tells
_FRAME = "FrameOfReferenceUID"


def note_of(volume: Volume, frames: Sequence[Frame], rescale: Rescale, modality: str) -> str:
    """What `read_again` needs, as JSON without UIDs; "" of files that are not read again so.

    volume: what the frames, in its order, became by `rescaled` alone.
    """
    shapes = {layout(frame.dataset) for frame in frames}
    if len(shapes) > 1 or (shape := shapes.pop()).frames > 1 or shape.allocated == 1:
        return ""
    slices: list[tuple[str, int]] = []
    for frame in frames:
        pixels = frame.dataset.get_item("PixelData")
        if (
            frame.groups
            or transfer_syntax(frame.dataset) not in _PLAIN
            or not isinstance(pixels, RawDataElement)
            or pixels.length == _UNDEFINED
        ):
            return ""
        try:
            with Path(str(frame.dataset.filename)).open("rb") as file:
                slices.append((_digest(file.read(pixels.value_tell)), pixels.value_tell))
        except OSError:
            return ""
    if len({digest for digest, _ in slices}) < len(slices):
        return ""
    same = (rescale == rescale[0]).all()
    told = {
        "version": VERSION,
        "layout": shape,
        "slices": slices,
        "modality": modality,
        "rescale": rescale[:1].tolist() if same else rescale.tolist(),
        "place": [volume.spacing_mm, volume.origin_mm, volume.direction],
        "facts": volume.facts,
        "warnings": [asdict(one) for one in volume.warnings],
    }
    return json.dumps(told, separators=(",", ":"))


def read_again(paths: Sequence[Path], note: str, *, per_voxel: int = 0) -> Volume | None:
    """The volume that `read_dicom_series` gives of these files, equal in every bit; None if they are not those of the note.

    per_voxel: bytes of memory for each voxel that are claimed before pixels are read. Raises TooLarge.
    """
    told = json.loads(note)
    if told["version"] != VERSION or len(paths) != len(told["slices"]):
        return None
    shape = Layout(*told["layout"])
    claim_memory(per_voxel * len(paths) * shape.rows * shape.columns)
    places = {(digest, length): place for place, (digest, length) in enumerate(told["slices"])}
    lengths = {length for _, length in places}
    files: dict[int, Path] = {}
    planes: dict[int, NDArray[np.generic]] = {}
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError:
            return None  # reading it as for the first time says why
        found = ((length, places.get((_digest(data[:length]), length))) for length in lengths)
        length, place = next(((length, place) for length, place in found if place is not None), (0, None))
        if place is None or place in planes or len(data) - length < shape.bytes:
            return None
        files[place], planes[place] = path, stored_of_bytes(memoryview(data)[length:], shape).values[0]
    pairs = np.array(told["rescale"], np.float64)
    rescale = np.broadcast_to(pairs, (len(paths), 2))
    array = rescaled([planes[place] for place in range(len(paths))], rescale, told["modality"])
    try:
        frame = text(read_dataset(files[0], tags=[_FRAME]), _FRAME)
    except Rejected:
        return None
    spacing, origin, direction = (tuple(one) for one in told["place"])
    warnings = tuple(Warned(**one) for one in told["warnings"])
    return Volume(array, spacing, origin, direction, told["facts"], warnings, frame=frame, note=note)


def _digest(head: bytes) -> str:
    return blake2b(head, digest_size=16).hexdigest()
