"""Safe private attributes: numbers that the intensities or the grouping of images need, known by creator and element.

After the vendors' conformance statements and DICOM PS3.15 E.3.10, which asks for such a list. Values that are not of the
expected kind go.
"""

from __future__ import annotations

import re
from typing import Literal

from pydicom.dataset import Dataset

Kind = Literal["decimal", "binary", "datetime"]
SAFE: dict[tuple[int, str, int], Kind] = {
    (0x7053, "Philips PET Private Group", 0x00): "decimal",  # SUV scale factor
    (0x7053, "Philips PET Private Group", 0x09): "decimal",  # activity concentration scale factor
    (0x0009, "GEMS_PETD_01", 0x0D): "datetime",  # when the scan began
    (0x0043, "GEMS_PARM_01", 0x39): "decimal",  # b-value
    (0x0019, "SIEMENS MR HEADER", 0x0C): "decimal",  # b-value
    (0x2001, "Philips Imaging DD 001", 0x03): "binary",  # b-value
}
_PATTERNS = {
    "decimal": re.compile(rb"[0-9.+\-eE\\ \0]{1,512}"),
    "datetime": re.compile(rb"[0-9]{8,14}(\.[0-9]{0,6})?[ \0]*"),
}


def safe_kind(dataset: Dataset, tag: int) -> Kind | None:
    """What kind of value a private attribute of the list holds, None for all others."""
    block = (tag >> 8) & 0xFF
    creator = dataset.get((tag >> 16, block)) if tag & 0xFFFF > 0xFF else None
    name = str(getattr(creator, "value", "")).strip()
    return SAFE.get((tag >> 16, name, tag & 0xFF))


def is_plausible(value: object, kind: Kind) -> bool:
    """Whether a value is what its kind says: decimal numbers, one binary number, or digits of a date with time."""
    if isinstance(value, float | int):
        return kind != "datetime"
    if kind == "binary":
        return isinstance(value, bytes) and len(value) in (4, 8)
    parts = [value] if isinstance(value, str | bytes) or not hasattr(value, "__iter__") else list(value)
    words = [part if isinstance(part, bytes) else str(part).encode("ascii", "replace") for part in parts]
    return all(_PATTERNS[kind].fullmatch(word) for word in words)
