"""Profile: what is to be done with each attribute, after Table E.1-1 of the DICOM standard, PS3.15."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple, get_args

EDITION = "2026d"
Option = Literal["patient", "dates", "descriptors", "private"]
OPTIONS: tuple[Option, ...] = get_args(Option)
# Codes of DICOM PS3.16 CID 7050 and their meanings.
BASIC_CODE = ("113100", "Basic Application Confidentiality Profile")
OPTION_CODES: dict[Option, tuple[str, str]] = {
    "patient": ("113108", "Retain Patient Characteristics Option"),
    "dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "descriptors": ("113105", "Clean Descriptors Option"),
    "private": ("113111", "Retain Safe Private Option"),
}
# Of the patient's characteristics these are kept; the others go as in the basic profile.
CHARACTERISTICS = frozenset({0x00100040, 0x00101010, 0x00101020, 0x00101030})  # sex, age, size, weight


class Row(NamedTuple):
    """A row of the table: an action of the standard, such as X/Z/D, and those of the options that change it."""

    tag: str
    name: str
    basic: str
    options: dict[str, str]


@cache
def table() -> dict[str, Row]:
    """All rows by their tag: eight hexadecimal digits, or with x for any digit, or PRIVATE."""
    file = resources.files("features.privacy").joinpath("table_e1_1.csv")
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    found = {}
    for line in csv.DictReader(lines):
        tag, name, basic = line.pop("tag"), line.pop("name"), line.pop("basic")
        found[tag] = Row(tag, name, basic, {option: action for option, action in line.items() if action})
    return found


@cache
def action(tag: int, options: frozenset[Option]) -> str:
    """What the table wants done with an attribute: its actions, such as X/Z, or K or C of an option; "" if it is not listed."""
    row = table().get(f"{tag:08X}") or _ranges().get(f"{tag:08X}"[:2], {}).get(f"{tag:08X}"[4:])
    if row is None:
        return "X" if tag >> 24 in (0x50, 0x60) else ""  # what is left of a curve or an overlay is of no use
    for option in sorted(options - {"private"}):
        if option in row.options and (option != "patient" or tag in CHARACTERISTICS):
            return row.options[option]
    return row.basic


@cache
def _ranges() -> dict[str, dict[str, Row]]:
    """Rows of overlays: first two digits of the group, and element."""
    found: dict[str, dict[str, Row]] = {}
    for tag, row in table().items():
        if "x" in tag and "x" not in tag[4:]:
            found.setdefault(tag[:2], {})[tag[4:]] = row
    return found
