"""PrivateB: the b-values that scanners write into attributes of their own, from the first bytes of a file."""

from __future__ import annotations

from collections.abc import Mapping

from pydicom.dataset import Dataset

from features.images.dicom.b_value import PRIVATE, b_value, plain_b_value
from features.images.index.elements import element_text, read_elements

_BLOCKS = range(0x10, 0x20)  # that a creator may reserve; real files use the first few
_TYPES = {0x0019: b"IS", 0x0043: b"IS", 0x2001: b"FL"}
_NEAR = 0x0019  # the group that lies before the geometry, so that it costs nothing to read


class PrivateB:
    """Where private b-values stand. is_read: whether the catalog asks for b-values at all; if not, nothing is looked for.

    near: tag → VR of those before the geometry. tags: all, for pydicom.
    """

    def __init__(self, is_read: bool) -> None:
        self.is_read = is_read
        wanted = {group: _wanted(group) for group in _TYPES} if is_read else {}
        self.near: dict[int, bytes] = wanted.pop(_NEAR, {})
        self._far: dict[int, bytes] = {tag: vr for one in wanted.values() for tag, vr in one.items()}
        self.tags = (*self.near, *self._far)

    def in_head(self, fields: Mapping[int, bytes], head: bytes) -> str | None:
        """The b-value as text, empty if there is none; None if pydicom has to look.

        fields: what was read of the head up to the geometry.
        """
        if found := _in_fields(fields, _NEAR):
            return found
        far = read_elements(head, self._far)
        if far is None:
            return None
        return _in_fields(far, 0x0043) or _in_fields(far, 0x2001)

    def in_dataset(self, dataset: Dataset) -> str:
        """The b-value as text, empty if there is none."""
        found = b_value(dataset)
        return "" if found is None else repr(found)


def _wanted(group: int) -> dict[int, bytes]:
    creators = {group << 16 | block: b"LO" for block in _BLOCKS}
    elements = {one.element for one in PRIVATE if one.group == group}
    return creators | {group << 16 | block << 8 | element: _TYPES[group] for block in _BLOCKS for element in elements}


def _in_fields(fields: Mapping[int, bytes], group: int) -> str:
    (one,) = (one for one in PRIVATE if one.group == group)
    for block in _BLOCKS:
        if element_text(b"LO", fields.get(group << 16 | block, b"")) == one.creator:
            told = element_text(_TYPES[group], fields.get(group << 16 | block << 8 | one.element, b"")) or ""
            try:
                number = float(told.split("/")[0])
            except ValueError:
                return ""
            return repr(plain_b_value(number) if group == 0x0043 else number)
    return ""
