"""stored_planes: the stored values of slices, decoded, after their sizes were checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import get_decoder
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGExtended12Bit

from features.core.quarantine import Rejected, Warned
from features.images.codestream import codestream_matrix
from features.images.dataset import BOMB_CEILING, BOMB_RATIO, quiet, text
from features.images.frames import Frame, frame_count, required
from features.images.silence import silent

_LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81")  # JPEG, JPEG-LS near-lossless
_PERHAPS_LOSSY = ("1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203")  # JPEG 2000, HTJ2K


class Layout(NamedTuple):
    """How the values of a file are stored."""

    frames: int
    rows: int
    columns: int
    allocated: int
    bits: int
    signed: bool

    @property
    def bytes(self) -> int:
        return self.frames * self.rows * self.columns * self.allocated // 8

    @property
    def limits(self) -> tuple[int, int]:
        """Lowest and highest value that can be stored."""
        return (-(1 << self.bits - 1), (1 << self.bits - 1) - 1) if self.signed else (0, (1 << self.bits) - 1)


def stored_planes(frames: Sequence[Frame]) -> list[NDArray[np.generic]]:
    """Stored values (rows, columns) of each slice; views of the bytes of the files where they are not compressed.

    Raises Rejected: DICOM_BAD_VR, DICOM_SHORT_PIXELS, SEC_BOMB (over 2 GiB, packed to less than a hundredth),
    MISSING_DECODER, DICOM_DECODE (also a compressed frame of another size than the header says).
    """
    files: dict[int, NDArray[np.generic]] = {}
    for frame in frames:
        if id(frame.dataset) not in files:
            files[id(frame.dataset)] = _stored(frame.dataset)
    return [files[id(frame.dataset)][frame.index] for frame in frames]


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


def lossy_warnings(dataset: Dataset) -> tuple[Warned, ...]:
    """LOSSY, with the ratio, if pixels were compressed and lost something by it."""
    syntax, flag = str(_syntax(dataset)), text(dataset, "LossyImageCompression")
    if flag != "01" and syntax not in _LOSSY and (syntax not in _PERHAPS_LOSSY or flag == "00"):
        return ()
    told = (text(dataset, "LossyImageCompressionRatio").split("/") or [""])[-1]
    try:
        ratio = float(told)
    except ValueError:
        ratio = layout(dataset).bytes / max(1, len(dataset.PixelData))
    return (Warned("LOSSY", details={"ratio": round(ratio, 2), "transfer_syntax": syntax}),)


def _syntax(dataset: Dataset) -> UID:
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


def _stored(dataset: Dataset) -> NDArray[np.generic]:
    """Stored values (frames, rows, columns)."""
    shape, syntax, data = layout(dataset), _syntax(dataset), dataset.get_item("PixelData").value
    if not isinstance(data, bytes):
        raise Rejected("DICOM_DECODE", "the pixel data are no bytes")
    if syntax.is_private or not syntax.is_transfer_syntax:
        raise Rejected("MISSING_DECODER", transfer_syntax=_public(syntax))
    if syntax.is_compressed:
        array = _decoded(dataset, shape, syntax, data)
    elif len(data) < shape.bytes:
        raise Rejected("DICOM_SHORT_PIXELS", bytes=len(data), expected_bytes=shape.bytes)
    elif shape.allocated == 1 or (shape.allocated == 8 and syntax == ExplicitVRBigEndian):
        array = _by_pydicom(dataset, syntax)
    else:
        kind = np.dtype(
            f"{'>' if syntax == ExplicitVRBigEndian else '<'}{'i' if shape.signed else 'u'}{shape.allocated // 8}"
        )
        array = np.frombuffer(data, kind, shape.bytes // kind.itemsize)
    if array.size != shape.frames * shape.rows * shape.columns:
        raise Rejected("DICOM_DECODE", "there are not as many values as the header says")
    return _without_unused_bits(array.reshape(shape.frames, shape.rows, shape.columns), shape)


def _without_unused_bits(array: NDArray[np.generic], shape: Layout) -> NDArray[np.generic]:
    """Bits above BitsStored may hold anything, such as an overlay; few files use them."""
    low, high = shape.limits
    if shape.bits == array.dtype.itemsize * 8 or (array.min() >= low and array.max() <= high):
        return array
    unused = array.dtype.itemsize * 8 - shape.bits
    whole: NDArray[np.signedinteger] = array.astype(array.dtype.newbyteorder("="))
    return (whole << unused) >> unused


def _decoded(dataset: Dataset, shape: Layout, syntax: UID, data: bytes) -> NDArray[np.generic]:
    if shape.bytes > max(BOMB_CEILING, BOMB_RATIO * len(data)):
        raise Rejected("SEC_BOMB", bytes=len(data), expected_bytes=shape.bytes)
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise Rejected("MISSING_DECODER", transfer_syntax=_public(syntax))
    try:
        for frame in generate_frames(data, number_of_frames=shape.frames):
            matrix = codestream_matrix(frame)
            if matrix is not None and matrix != (shape.rows, shape.columns):
                raise Rejected("DICOM_DECODE", "a compressed frame has another size than the header says")
    except (Rejected, MemoryError):
        raise
    except Exception as error:  # fragments can be damaged in any way
        raise Rejected("DICOM_DECODE", transfer_syntax=str(syntax)) from error
    twelve_bits = syntax == JPEGExtended12Bit and shape.bits > 8
    return _by_gdcm(dataset, shape, syntax) if twelve_bits else _by_pydicom(dataset, syntax)


def _by_pydicom(dataset: Dataset, syntax: UID) -> NDArray[np.generic]:
    try:
        with quiet(), silent():
            array: NDArray[np.generic] = dataset.pixel_array
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever their libraries raise
        raise Rejected("DICOM_DECODE", transfer_syntax=str(syntax)) from error
    return array


def _by_gdcm(dataset: Dataset, shape: Layout, syntax: UID) -> NDArray[np.generic]:
    """JPEG with 12 bits, which GDCM decodes only as a whole file."""
    try:
        import gdcm
    except ImportError as error:
        raise Rejected("MISSING_DECODER", transfer_syntax=str(syntax)) from error
    reader = gdcm.ImageReader()
    reader.SetFileName(dataset.filename)
    with silent():
        data = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape") if reader.Read() else b""
    if len(data) != shape.bytes:
        raise Rejected("DICOM_DECODE", transfer_syntax=str(syntax))
    return np.frombuffer(data, f"<{'i' if shape.signed else 'u'}{shape.allocated // 8}")


def _public(syntax: UID) -> str:
    """A UID that says nothing about who wrote the file."""
    return str(syntax) if str(syntax).startswith("1.2.840.10008.") and syntax.is_valid else "private"
