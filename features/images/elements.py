"""read_elements: wanted top-level attributes of a plain DICOM file as text, without building a data set of them.

pydicom makes objects of all that it passes; for thousands of slices that is most of the time. Plain: with a preamble, little
endian, ASCII values. For everything else the caller asks pydicom.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from features.core.quarantine import Rejected

MAX_DEPTH = 64  # of nested sequences; real files have fewer than ten
SYNTAX = 0x00020010
_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
_OTHER = ("1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")  # big endian, deflated
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_TEXT = frozenset(
    {
        b"AE",
        b"AS",
        b"CS",
        b"DA",
        b"DS",
        b"DT",
        b"IS",
        b"LO",
        b"LT",
        b"PN",
        b"SH",
        b"ST",
        b"TM",
        b"UC",
        b"UI",
        b"UR",
        b"UT",
    }
)
_NUMBERS = {b"US": "<H", b"SS": "<h", b"UL": "<L", b"SL": "<l", b"FL": "<f", b"FD": "<d"}
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_read_element = struct.Struct("<HH2sH").unpack_from
_read_implicit = struct.Struct("<HHL").unpack_from
_read_length = struct.Struct("<L").unpack_from


class _Unusual(Exception):
    """Something that this reader leaves to pydicom."""


def is_dicom(head: bytes) -> bool:
    """Whether the first bytes of a file have the DICM mark, or begin like DICOM without a preamble."""
    return head[128:132] == b"DICM" or head[:2] in (b"\x02\0", b"\x08\0")


def read_elements(head: bytes, wanted: Mapping[int, str]) -> dict[int, str] | None:
    """Tag → stripped text of the wanted attributes that are there, several values joined by a slash.

    `head`: the first bytes of a file. `wanted`: tag → VR, which implicit files do not tell. None if the file is not plain,
    or its wanted part goes on behind the head. Raises Rejected: SEC_DOS (sequences nested deeper than 64).
    """
    if head[128:132] != b"DICM":
        return None
    found: dict[int, str] = {}
    try:
        start = _walk(head, 132, False, wanted, found, 0x00030000)
        syntax = found.get(SYNTAX)
        if syntax is None or syntax in _OTHER:
            return None
        _walk(head, start, syntax == _IMPLICIT, wanted, found, max(wanted) + 1)
    except (struct.error, _Unusual):  # struct.error: the head ends
        return None
    return found


def _walk(
    head: bytes, position: int, implicit: bool, wanted: Mapping[int, str], found: dict[int, str], end: int
) -> int:
    """Read attributes with tags below `end`; gives the position of the first that is not."""
    size = len(head)
    while True:
        if position == size and end > 0x00030000:
            raise _Unusual
        if implicit:
            group, element, length = _read_implicit(head, position)
            tag = group << 16 | element
            vr = b""
            start = position + 8
        else:
            group, element, vr, length = _read_element(head, position)
            tag = group << 16 | element
            start = position + 8
            if vr in _LONG:
                length = _read_length(head, start)[0]
                start += 4
        if tag >= end:
            return position
        if length == _UNDEFINED:
            if tag in wanted or vr == b"UN":
                raise _Unusual
            position = _skip(head, start, implicit)
            continue
        position = start + length
        if tag in wanted:
            if position > size:
                raise _Unusual
            found[tag] = _text(vr or wanted[tag].encode(), head[start:position])
        elif not implicit and not vr.isalpha():
            raise _Unusual


def _skip(head: bytes, position: int, implicit: bool) -> int:
    """The position behind a sequence of undefined length, without recursion."""
    inside = [_SEQUENCE_END]  # what ends each level
    while inside:
        group, element, length = _read_implicit(head, position)
        tag = group << 16 | element
        if tag == inside[-1]:
            inside.pop()
            position += 8
        elif tag == _ITEM and inside[-1] == _SEQUENCE_END:
            position += 8
            if length == _UNDEFINED:
                inside.append(_ITEM_END)
            else:
                position += length
        elif group == 0xFFFE or inside[-1] == _SEQUENCE_END:
            raise _Unusual
        else:
            start = position + 8
            if not implicit:
                _, _, vr, length = _read_element(head, position)
                if vr in _LONG:
                    length = _read_length(head, start)[0]
                    start += 4
                if length == _UNDEFINED and vr != b"SQ":
                    raise _Unusual
            position = start
            if length == _UNDEFINED:
                inside.append(_SEQUENCE_END)
            else:
                position += length
        if len(inside) > 2 * MAX_DEPTH:
            raise Rejected("SEC_DOS")
    return position


def _text(vr: bytes, raw: bytes) -> str:
    if vr in _TEXT:
        if not raw.isascii() or b"\x1b" in raw:  # its character set matters
            raise _Unusual
        return "/".join(part.strip(" \0") for part in raw.decode("ascii").split("\\"))
    number = _NUMBERS.get(vr)
    if number is None or len(raw) != struct.calcsize(number):
        raise _Unusual
    return str(struct.unpack(number, raw)[0])
