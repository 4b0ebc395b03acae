"""stored_planes: the stored values of slices, decoded, after their sizes were checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from features.core.memory import claim_honest
from features.core.quarantine import Rejected, Warned
from features.images.dicom.dataset import pixel_data, text
from features.images.dicom.decoding import check_compressed, decoded, decoded_by_gdcm, needs_gdcm, public
from features.images.dicom.frames import Frame
from features.images.dicom.layout import Layout, layout, transfer_syntax

_COPIES = 2  # of all slices in memory, at least: as they are stored, and as intensities
_LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81")  # JPEG, JPEG-LS near-lossless
_PERHAPS_LOSSY = ("1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203")  # JPEG 2000, HTJ2K


class Stored(NamedTuple):
    """Stored values of a slice or a file, and the same before the bits above BitsStored were cut off."""

    values: NDArray[np.generic]
    words: NDArray[np.generic]


def stored_planes(frames: Sequence[Frame]) -> list[Stored]:
    """Stored values (rows, columns) of each slice; views of the bytes of the files where they are not compressed.

    Raises Rejected: DICOM_BAD_VR, DICOM_SHORT_PIXELS, SEC_BOMB (over 2 GiB, packed to less than a hundredth),
    MISSING_DECODER, DICOM_DECODE (also a compressed frame of another size than the header says). Raises TooLarge as
    `claim_honest`.
    """
    values = stored_values(list({id(frame.dataset): frame.dataset for frame in frames}.values()))
    return [Stored(*(part[frame.index] for part in values[id(frame.dataset)])) for frame in frames]


def stored_values(datasets: Sequence[Dataset]) -> dict[int, Stored]:
    """Stored values (frames, rows, columns) of files, by the id of each. Raises as `stored_planes`."""
    found: dict[int, Stored] = {}
    left: dict[int, tuple[str, Layout]] = {}
    claimed = 0
    for dataset in datasets:
        shape, syntax, data = layout(dataset), transfer_syntax(dataset), pixel_data(dataset)
        if syntax.is_private or not syntax.is_transfer_syntax:
            raise Rejected("MISSING_DECODER", transfer_syntax=public(syntax))
        if syntax.is_compressed:
            check_compressed(data, shape, syntax)
        elif len(data) < shape.bytes:
            raise Rejected("DICOM_SHORT_PIXELS", bytes=len(data), expected_bytes=shape.bytes)
        claimed += _COPIES * shape.bytes
        claim_honest(claimed)
        if syntax.is_compressed and needs_gdcm(syntax, shape):
            left[id(dataset)] = str(dataset.filename), shape
        elif syntax.is_compressed or shape.allocated == 1 or (shape.allocated == 8 and syntax == ExplicitVRBigEndian):
            found[id(dataset)] = _shaped(decoded(dataset, syntax), shape)
        else:
            found[id(dataset)] = stored_of_bytes(data, shape, big_endian=syntax == ExplicitVRBigEndian)
    if left:
        buffers = decoded_by_gdcm([path for path, _ in left.values()])
        for (key, (_, shape)), data in zip(left.items(), buffers, strict=True):
            if len(data) != shape.bytes:
                raise Rejected("DICOM_DECODE")
            found[key] = stored_of_bytes(data, shape)
    return found


def lossy_warnings(dataset: Dataset) -> tuple[Warned, ...]:
    """LOSSY, with the ratio, if pixels were compressed and lost something by it."""
    syntax, flag = str(transfer_syntax(dataset)), text(dataset, "LossyImageCompression")
    if flag != "01" and syntax not in _LOSSY and (syntax not in _PERHAPS_LOSSY or flag == "00"):
        return ()
    told = (text(dataset, "LossyImageCompressionRatio").split("/") or [""])[-1]
    try:
        ratio = float(told)
    except ValueError:
        ratio = layout(dataset).bytes / max(1, len(pixel_data(dataset)))
    return (Warned("LOSSY", details={"ratio": round(ratio, 2), "transfer_syntax": syntax}),)


def stored_of_bytes(data: bytes | memoryview, shape: Layout, *, big_endian: bool = False) -> Stored:
    """Stored values (frames, rows, columns) of bytes that begin with them, which are not copied."""
    kind = shape.dtype(big_endian=big_endian)
    return _shaped(np.frombuffer(data, kind, shape.bytes // kind.itemsize), shape)


def _shaped(array: NDArray[np.generic], shape: Layout) -> Stored:
    """Values (frames, rows, columns); bits above BitsStored may hold anything, such as an overlay, and are ignored."""
    if array.size != shape.frames * shape.rows * shape.columns:
        raise Rejected("DICOM_DECODE", "there are not as many values as the header says")
    array = array.reshape(shape.frames, shape.rows, shape.columns)
    low, high = shape.limits
    unused = array.dtype.itemsize * 8 - shape.bits
    if unused <= 0 or (array.min() >= low and array.max() <= high):
        return Stored(array, array)
    whole: NDArray[np.signedinteger] = array.astype(array.dtype.newbyteorder("="))
    return Stored((whole << unused) >> unused, array)
