"""The table of the standard, against a copy that others made."""

from __future__ import annotations

import importlib

import pytest

from features.privacy.profile import OPTIONS, action, table

ALL = frozenset(OPTIONS)
NONE: frozenset[str] = frozenset()
CATEGORIES = {
    "D_TAGS": "D",
    "Z_TAGS": "Z",
    "X_TAGS": "X",
    "U_TAGS": "U",
    "Z_D_TAGS": "Z/D",
    "X_Z_TAGS": "X/Z",
    "X_D_TAGS": "X/D",
    "X_Z_D_TAGS": "X/Z/D",
    "X_Z_U_STAR_TAGS": "X/Z/U*",
}


def test_the_table_equals_the_copy_in_dicom_anonymizer() -> None:
    """Of edition 2026c, made from the standard by others; 2026d has one attribute more."""
    pytest.importorskip("dicomanonymizer", reason="dicom-anonymizer is not installed")
    copy = importlib.import_module("dicomanonymizer.dicom_anonymization_databases.dicomfields_2026c")
    theirs: dict[str, str] = {}
    for category, word in CATEGORIES.items():
        for tag in getattr(copy, category):
            group, element, *mask = tag
            name = f"{group:04X}{element:04X}"
            if mask == [0xFF00, 0]:
                name = name[:2] + "xxxxxx"
            elif mask:
                name = f"{name[:2]}xx{name[4:]}"
            theirs[name] = word
    ours = {tag: row.basic for tag, row in table().items()}
    assert len(theirs) == 655
    assert {tag: (word, ours.get(tag)) for tag, word in theirs.items() if ours.get(tag) != word} == {}
    assert sorted(set(ours) - set(theirs)) == ["3004007F", "PRIVATE"]


def test_every_row_has_actions_of_the_standard() -> None:
    assert len(table()) == 657
    assert {row.basic for row in table().values()} == set(CATEGORIES.values())
    assert {found for row in table().values() for found in row.options.values()} == {"K", "C"}
    assert all(row.name and len(tag) == 8 for tag, row in table().items() if tag != "PRIVATE")


@pytest.mark.parametrize(
    ("tag", "options", "wanted"),
    [
        (0x00100010, ALL, "Z"),  # PatientName
        (0x00100040, ALL, "K"),  # PatientSex
        (0x00100040, NONE, "Z"),
        (0x00102160, ALL, "X"),  # EthnicGroup: a characteristic that radiomics does not need
        (0x00080020, ALL, "C"),  # StudyDate
        (0x00080020, frozenset({"patient"}), "Z"),
        (0x0008103E, ALL, "C"),  # SeriesDescription
        (0x0008103E, NONE, "X"),
        (0x00080018, ALL, "U"),  # SOPInstanceUID
        (0x50101234, ALL, "X"),  # a curve
        (0x60023000, ALL, "X"),  # an overlay
        (0x60020010, ALL, "X"),  # its rows, which are of no use without it
        (0x00280010, ALL, ""),  # Rows
    ],
)
def test_options_change_what_is_done(tag: int, options: frozenset, wanted: str) -> None:
    assert action(tag, options) == wanted
