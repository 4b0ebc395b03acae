"""read_elements: wanted top-level attributes of a plain DICOM file, without building a data set of them.

pydicom makes objects of all that it passes; for thousands of slices that is most of the time. Plain: with a preamble, little
endian. For everything else the caller asks pydicom.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from features.core.quarantine import Rejected

MAX_DEPTH = 64  # of nested sequences; real files have fewer than ten
_IMPLICIT, _EXPLICIT, _ENCAPSULATED = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.4."
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


def read_elements(head: bytes, wanted: Mapping[int, bytes]) -> dict[int, bytes] | None:
    """Tag → value as it stands in the file, of the wanted attributes that are there.

    `head`: the first bytes of a file. `wanted`: tag → VR. None if the file is not plain, has another VR for one of them, or
    its wanted part goes on behind the head. Raises Rejected: SEC_DOS (sequences nested deeper than 64).
    """
    if head[128:132] != b"DICM":
        return None
    found: dict[int, bytes] = {}
    try:
        syntax, start = _meta(head)
        if syntax not in (_IMPLICIT, _EXPLICIT) and not syntax.startswith(_ENCAPSULATED):
            return None
        _walk(head, start, syntax == _IMPLICIT, wanted, found, max(wanted) + 1)
    except (struct.error, _Unusual):  # struct.error: the head ends
        return None
    return found


def element_text(vr: bytes, raw: bytes) -> str | None:
    """A value as stripped text, several joined by a slash; None if its character set or its VR need more knowledge."""
    if vr in _TEXT:
        if not raw.isascii() or b"\x1b" in raw:
            return None
        told = raw.decode("ascii")
        return "/".join([part.strip(" \0") for part in told.split("\\")]) if "\\" in told else told.strip(" \0")
    number = _NUMBERS.get(vr)
    if number is None or len(raw) != struct.calcsize(number):
        return "" if not raw else None
    return str(struct.unpack(number, raw)[0])


def _meta(head: bytes) -> tuple[bytes, int]:
    """The transfer syntax that the file meta information names, and where it ends."""
    syntax, position = b"", 132
    while True:
        group, element, vr, length = _read_element(head, position)
        if group != 2:
            return syntax.rstrip(b"\0 "), position
        start = position + 8
        if vr in _LONG:
            length = _read_length(head, start)[0]
            start += 4
        position = start + length
        if element == 0x0010:
            syntax = head[start:position]


def _walk(
    head: bytes, position: int, implicit: bool, wanted: Mapping[int, bytes], found: dict[int, bytes], end: int
) -> None:
    """Read attributes with tags below `end`."""
    size = len(head)
    while True:
        if implicit:
            group, element, length = _read_implicit(head, position)
            vr = b""
        else:
            group, element, vr, length = _read_element(head, position)
        tag = group << 16 | element
        if tag >= end:
            return
        start = position + 8
        if vr in _LONG:
            length = _read_length(head, start)[0]
            start += 4
        if length == _UNDEFINED:
            if tag in wanted or vr == b"UN":
                raise _Unusual
            position = _skip(head, start, implicit)
            continue
        position = start + length
        if tag in wanted:
            if position > size or (vr and vr != wanted[tag]):
                raise _Unusual
            found[tag] = head[start:position]


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
