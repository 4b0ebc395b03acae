"""layout: how the values of a DICOM file are stored, as its header describes it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from features.core.quarantine import Rejected
from features.images.dicom.dataset import quiet
from features.images.dicom.frames import frame_count, required


class Layout(NamedTuple):
    """frames × rows × columns values of `bits` bits, each in `allocated` bits."""

    frames: int
    rows: int
    columns: int
    allocated: int
    bits: int
    signed: bool

    @property
    def bytes(self) -> int:
        """Of all values, without compression."""
        return self.frames * self.rows * self.columns * self.allocated // 8

    @property
    def limits(self) -> tuple[int, int]:
        """Lowest and highest value that can be stored."""
        return (-(1 << self.bits - 1), (1 << self.bits - 1) - 1) if self.signed else (0, (1 << self.bits) - 1)

    def dtype(self, *, big_endian: bool = False) -> np.dtype[np.generic]:
        """The type of values that fill bytes."""
        return np.dtype(f"{'>' if big_endian else '<'}{'i' if self.signed else 'u'}{self.allocated // 8}")


def layout(dataset: Dataset) -> Layout:
    """The layout that a header describes. Raises Rejected: DICOM_BAD_VR, DICOM_DECODE (not complete, not possible)."""
    found = [required(dataset, keyword, 1) for keyword in ("Rows", "Columns", "BitsAllocated")]
    if None in found:
        raise Rejected("DICOM_DECODE", "the pixel description is not complete")
    rows, columns, allocated = (int(value[0]) for value in found if value)
    bits = int((required(dataset, "BitsStored", 1) or (allocated,))[0])
    if allocated not in (1, 8, 16, 32) or not 0 < bits <= allocated:
        raise Rejected("DICOM_DECODE", "the pixel description is not possible", bits_allocated=allocated)
    signed = (required(dataset, "PixelRepresentation", 1) or (0.0,))[0] == 1
    return Layout(frame_count(dataset), rows, columns, allocated, bits, signed)


def transfer_syntax(dataset: Dataset) -> UID:
    """The transfer syntax; of a file without meta information, what pydicom found out."""
    meta = getattr(dataset, "file_meta", None)
    syntax = getattr(meta, "TransferSyntaxUID", None)
    if not syntax:
        implicit, little = dataset.original_encoding
        syntax = ImplicitVRLittleEndian if implicit is not False else ExplicitVRLittleEndian
        syntax = ExplicitVRBigEndian if little is False else syntax
        if meta is not None:
            meta.TransferSyntaxUID = syntax
    with quiet():
        return UID(str(syntax))
