"""modality_luts: look-up tables in place of rescale values (DICOM PS3.3 C.11.1); looked_up: the values that they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from features.core.quarantine import Rejected
from features.images.dicom.dataset import holds, numbers, quiet
from features.images.dicom.frames import Frame
from features.images.dicom.layout import layout, transfer_syntax

_BITS = range(8, 17)  # of an entry; 8 and 16 today, between them in older editions of the standard


class ModalityLut(NamedTuple):
    """first: the stored value that the first entry is of. entries (n,): the real values, 0 to 2**bits - 1."""

    first: int
    entries: NDArray[np.uint16]
    bits: int


def modality_luts(frames: Sequence[Frame]) -> list[ModalityLut] | None:
    """The table of each slice; None if none has one.

    Raises Rejected: DICOM_LUT, if only some have one, it stands beside rescale values, or it is not whole.
    """
    having = {id(frame.dataset): frame.dataset for frame in frames if holds(frame.dataset, "ModalityLUTSequence")}
    if not having:
        return None
    if any(id(frame.dataset) not in having for frame in frames):
        raise Rejected("DICOM_LUT", "only some slices have a Modality LUT Sequence")
    if any(frame.slope is not None or frame.intercept is not None for frame in frames):
        raise Rejected("DICOM_LUT", "a Modality LUT Sequence stands beside RescaleSlope or RescaleIntercept")
    tables = {key: _table(dataset) for key, dataset in having.items()}
    return [tables[id(frame.dataset)] for frame in frames]


def looked_up(
    planes: Sequence[NDArray[np.generic]], luts: Sequence[ModalityLut], *, inverse: bool = False
) -> NDArray[np.float32]:
    """The series (z, y, x) of stored planes. Values below the first entry are the first, those beyond the last the last.

    inverse: bright and dark are exchanged, within what the bits of an entry can hold.
    """
    found = np.empty((len(planes), *planes[0].shape), np.float32)
    for plane, lut, out in zip(planes, luts, found, strict=True):
        places = np.clip(plane.astype(np.int64) - lut.first, 0, len(lut.entries) - 1)
        out[:] = lut.entries[places]
        if inverse:
            out[:] = (1 << lut.bits) - 1 - out
    return found


def _table(dataset: Dataset) -> ModalityLut:
    """The one table of a file. Raises Rejected: DICOM_LUT."""
    try:
        with quiet():
            items = list(dataset["ModalityLUTSequence"].value)
            descriptor = numbers(items[0], "LUTDescriptor", 3)
            element = items[0]["LUTData"]
            data = _words(element.value, big_endian=transfer_syntax(dataset) == ExplicitVRBigEndian)
    except Exception as error:  # a damaged sequence can raise anything
        raise Rejected("DICOM_LUT", "the Modality LUT Sequence cannot be read") from error
    if len(items) != 1 or descriptor is None:
        raise Rejected("DICOM_LUT", "the Modality LUT Sequence has no descriptor, or more than one item")
    count, first, bits = (int(value) % 65536 for value in descriptor)  # some are written as signed
    count = count or 65536
    if layout(dataset).signed and first >= 32768:
        first -= 65536
    if bits not in _BITS:
        raise Rejected("DICOM_LUT", "the entries of the Modality LUT have a number of bits that cannot be", bits=bits)
    if bits == 8 and len(data) in (count, count + 1):  # one more where bytes are filled up to an even number
        entries = np.frombuffer(data, np.uint8, count).astype(np.uint16)
    elif len(data) == 2 * count:
        entries = np.frombuffer(data, "<u2", count).astype(np.uint16)
    else:
        raise Rejected("DICOM_LUT", "the Modality LUT is not as long as it says", bytes=len(data), entries=count)
    if int(entries.max()) >> bits:
        raise Rejected("DICOM_LUT", "entries of the Modality LUT need more bits than it says", bits=bits)
    return ModalityLut(first, entries, bits)


def _words(value: object, *, big_endian: bool) -> bytes:
    """LUTData as the bytes of little-endian words, whichever of its representations (US, OW) a file has."""
    if isinstance(value, bytes):
        return np.frombuffer(value, ">u2").astype("<u2").tobytes() if big_endian else value
    return np.atleast_1d(np.asarray(value)).astype("<u2").tobytes()
