"""codestream_matrix: rows and columns of a JPEG, JPEG-LS or JPEG 2000 frame by its own header, before it is decoded."""

from __future__ import annotations

import struct

_J2K = b"\xff\x4f\xff\x51"  # start of codestream, size
_JPEG = b"\xff\xd8"
_STARTS_OF_FRAME = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # JPEG and JPEG-LS
_END_OF_HEADER = 0xDA


def codestream_matrix(frame: bytes) -> tuple[int, int] | None:
    """(rows, columns), None if the frame is none of these (RLE), or is damaged."""
    try:
        return _jpeg(frame) if frame.startswith(_JPEG) else _jpeg2000(frame)
    except (struct.error, IndexError):
        return None


def _jpeg2000(frame: bytes) -> tuple[int, int] | None:
    start = frame.find(_J2K, 0, 4096)  # a JP2 file has boxes before its codestream
    if start < 0:
        return None
    width, height, left, top = struct.unpack_from(">4I", frame, start + 8)
    return height - top, width - left


def _jpeg(frame: bytes) -> tuple[int, int] | None:
    at = 2
    while frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker in _STARTS_OF_FRAME:
            rows, columns = struct.unpack_from(">2H", frame, at + 5)
            return rows, columns
        if marker == _END_OF_HEADER:
            return None
        at += 2 + int(struct.unpack_from(">H", frame, at + 2)[0])
    return None
