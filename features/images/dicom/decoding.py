"""decoded: the stored values of compressed DICOM files, each by a decoder that survives damaged data."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import get_decoder

from features.core.quarantine import Rejected
from features.images.dicom import gdcm_child
from features.images.dicom.codestream import codestream_matrix
from features.images.dicom.dataset import BOMB_CEILING, BOMB_RATIO, quiet
from features.images.dicom.layout import Layout
from features.images.formats.silence import silent

_PLUGINS = {
    **dict.fromkeys((uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit), "pillow"),
    **dict.fromkeys(uid.JPEGLSTransferSyntaxes, "pyjpegls"),
    **dict.fromkeys(
        (uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K), "pylibjpeg"
    ),
    uid.RLELossless: "pydicom",
}
_BY_GDCM = (uid.JPEGLossless, uid.JPEGLosslessSV1)
_SECONDS = 5  # for a file, and again for the start; a damaged one must not be decoded for ever


def check_compressed(data: bytes, shape: Layout, syntax: uid.UID) -> None:
    """Raises Rejected: MISSING_DECODER, SEC_BOMB, DICOM_DECODE (a frame has another size than the header says)."""
    if shape.bytes > max(BOMB_CEILING, BOMB_RATIO * len(data)):
        raise Rejected("SEC_BOMB", bytes=len(data), expected_bytes=shape.bytes)
    if not _is_available(syntax, shape):
        raise Rejected("MISSING_DECODER", transfer_syntax=public(syntax))
    try:
        for frame in generate_frames(data, number_of_frames=shape.frames):
            matrix = codestream_matrix(frame)
            if matrix is not None and matrix != (shape.rows, shape.columns):
                raise Rejected("DICOM_DECODE", "a compressed frame has another size than the header says")
    except (Rejected, MemoryError):
        raise
    except Exception as error:  # fragments can be damaged in any way
        raise Rejected("DICOM_DECODE", transfer_syntax=str(syntax)) from error


def decoded(dataset: Dataset, syntax: uid.UID) -> NDArray[np.generic]:
    """Stored values of a file that pydicom's decoders read, or one without compression. Raises Rejected: DICOM_DECODE."""
    plugin = _PLUGINS.get(syntax, "")
    try:
        with quiet(), silent():
            array: NDArray[np.generic] = get_decoder(syntax).as_array(dataset, raw=True, decoding_plugin=plugin)[0]
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever their libraries raise
        raise Rejected("DICOM_DECODE", transfer_syntax=str(syntax)) from error
    return array


def needs_gdcm(syntax: uid.UID, shape: Layout) -> bool:
    """Whether GDCM alone decodes it: lossless JPEG, and JPEG of 12 bits."""
    return syntax in _BY_GDCM or (syntax == uid.JPEGExtended12Bit and shape.bits > 8)


def decoded_by_gdcm(paths: Sequence[str]) -> list[bytes]:
    """The bytes of the stored values of each file, decoded in a process of its own.

    Raises Rejected: DICOM_DECODE (one cannot be decoded, or the process ended or went on for too long).
    """
    names = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
    command = [sys.executable, "-I", str(Path(gdcm_child.__file__))]
    limit = _SECONDS * (len(paths) + 1)
    try:
        done = subprocess.run(command, input=names, capture_output=True, check=True, timeout=limit)
    except (subprocess.SubprocessError, OSError) as error:
        raise Rejected("DICOM_DECODE", "the decoder of lossless JPEG failed") from error
    found, at = [], 0
    for _ in paths:
        start = at + 8
        at = start + int.from_bytes(done.stdout[at:start], "little")
        found.append(done.stdout[start:at])
    return found


def public(syntax: uid.UID) -> str:
    """A UID that says nothing about who wrote the file."""
    return str(syntax) if str(syntax).startswith("1.2.840.10008.") and syntax.is_valid else "private"


def _is_available(syntax: uid.UID, shape: Layout) -> bool:
    if needs_gdcm(syntax, shape):
        return find_spec("gdcm") is not None
    try:
        return _PLUGINS.get(syntax, "none") in get_decoder(syntax).available_plugins
    except NotImplementedError:
        return False
