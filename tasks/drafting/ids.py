"""find_ids: the column of a table that holds the ids of the folder's patients, and what makes both the same."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from features.core.catalog.id_form import IdForm, normalise_id
from tasks.drafting.sheets import Sheet

# How ids of a table may become those of the images: keys of the catalog's id_form, the simplest first.
FORMS: tuple[dict[str, Any], ...] = (
    {},
    {"drop_decimal": True},
    {"upper": True},
    {"strip_zeros": True},
    {"drop_decimal": True, "strip_zeros": True},
)
_NAMED = ("patient", "subject", "participant", "case", "id", "pid")


@dataclass(frozen=True)
class Ids:
    """The id column of a table (from 0), how many patients of the images it names, and the id_form that is needed."""

    place: int
    matched: int
    form: dict[str, Any]
    repeated: bool
    empty: int


def find_ids(sheet: Sheet, patients: Collection[str]) -> Ids | None:
    """The column that names most patients of the images; None if none names a fifth of the rows, or of the patients."""
    best: Ids | None = None
    for form in FORMS:
        rule = IdForm(**form)
        wanted = {normalise_id(one, rule) for one in patients} - {""}
        if len(wanted) < len(set(patients)):
            continue  # two patients would become one
        for place in range(len(sheet.header)):
            cells = [normalise_id(cell, rule) for cell in sheet.column(place)]
            matched = len(wanted & set(cells))
            if matched and (best is None or matched > best.matched) and _is_enough(matched, cells, wanted):
                named = [cell for cell in cells if cell]
                best = Ids(place, matched, form, len(set(named)) < len(named), len(cells) - len(named))
    return best


def likely_column(sheet: Sheet) -> int | None:
    """A column that could hold ids by its name, or by its values, each of which stands once; None if there is none."""
    unique = [
        i
        for i in range(len(sheet.header))
        if len(set(sheet.column(i))) == len(sheet.rows) and "" not in sheet.column(i)
    ]
    named = [i for i in unique if any(word in sheet.header[i].lower() for word in _NAMED)]
    return next(iter(named or unique), None)


def known_ids(sheets: Collection[Sheet]) -> set[str]:
    """Values of columns that may be ids, to find patients in the names of files by."""
    found: set[str] = set()
    for sheet in sheets:
        place = likely_column(sheet)
        if place is not None and any(word in sheet.header[place].lower() for word in _NAMED):
            found |= {cell for cell in sheet.column(place) if len(cell) > 2}
    return found


def _is_enough(matched: int, cells: Collection[str], wanted: Collection[str]) -> bool:
    return matched >= 0.2 * min(len(set(cells)), len(wanted))
