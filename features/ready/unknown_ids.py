"""Ids of a ready-made table that no other table of the cohort knows: how they are written there, and what would join them.

Ids are never shown: their form is, with 9 for a digit, A and a for letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from features.core.catalog.catalog import Cohort
from features.core.catalog.id_form import IdForm, normalise_id
from features.core.catalog.ready_table import ReadyTable
from features.core.catalog.table_source import TableSource
from features.core.errors import ConfigError, Fault
from features.core.wording import counted
from features.tables.owners import Roster, read_owners

# Forms that are tried, as they would be written in the catalog.
_FORMS: Mapping[str, IdForm] = {
    text: IdForm.model_validate(settings)
    for text, settings in {
        "{upper: true}": {"upper": True},
        "{drop_decimal: true}": {"drop_decimal": True},
        "{strip_zeros: true}": {"strip_zeros": True},
        "{drop_decimal: true, strip_zeros: true}": {"drop_decimal": True, "strip_zeros": True},
        r"{pattern: '\D*(\d+)'}": {"pattern": r"\D*(\d+)"},
        r"{pattern: '\D*(\d+)', strip_zeros: true}": {"pattern": r"\D*(\d+)", "strip_zeros": True},
        r"{pattern: '(.+)[-_. ].*'}": {"pattern": r"(.+)[-_. ].*"},
        r"{pattern: '[^-_. ]*[-_. ](.+)'}": {"pattern": r"[^-_. ]*[-_. ](.+)"},
    }.items()
}
_PAIRS, _LOOKED_AT = 3, 200


def check_known(
    root: Path,
    source: ReadyTable,
    cohort: Cohort,
    patients: Sequence[str],
    lines: Sequence[int],
    roster: Roster,
) -> None:
    """Raises ConfigError if none of the patients is in another table of the cohort, of those that can be read."""
    others: dict[str, tuple[str, int]] = {}
    for other in sorted(cohort.tables, key=lambda table: table.block != "clinical"):
        if other is source or (other.path, other.id, other.id_form) == (source.path, source.id, source.id_form):
            if other is not source:
                return  # the same ids of the same file
            continue
        found = _ids(root, other, cohort, roster)
        if not found.keys().isdisjoint(patients):
            return
        others |= {patient: (other.path, line) for patient, line in found.items() if patient not in others}
    if not others or not patients:
        return
    own = dict(zip(patients, lines, strict=True))
    what = "none of its ids is in another table of the cohort"
    raise ConfigError([Fault(source.path, what, "; ".join(_pairs(own, others)), "", _hint(own, others))])


def _ids(root: Path, source: TableSource, cohort: Cohort, roster: Roster) -> dict[str, int]:
    """Patients of a table, and their first row; none where it cannot be read, which is told where its block is."""
    try:
        found = read_owners(root, source, cohort, roster)
    except ConfigError:
        return {}
    rows: dict[str, int] = {}
    for i, patient in enumerate(found.patients, start=2):
        rows.setdefault(patient, i)
    return rows


def shape(patient: str) -> str:
    """The form of an id, which tells nobody's.

    >>> shape("LUNG1-001"), shape("Köln_7")
    ('AAAA9-999', 'Aaaa_9')
    """
    return re.sub(r"[^\W\d_]", lambda sign: "A" if sign[0].isupper() else "a", re.sub(r"\d", "9", patient))


def _pairs(own: Mapping[str, int], others: Mapping[str, tuple[str, int]]) -> Iterator[str]:
    """The forms that are most alike, with a row of each."""
    mine = {shape(patient): line for patient, line in reversed(list(own.items())[:_LOOKED_AT])}
    theirs = {shape(patient): place for patient, place in reversed(list(others.items())[:_LOOKED_AT])}
    pairs = sorted((-SequenceMatcher(None, a, b).ratio(), a, b) for a in mine for b in theirs)
    seen: set[str] = set()
    for _, a, b in pairs:
        if a not in seen and len(seen) < _PAIRS:
            seen.add(a)
            path, line = theirs[b]
            yield f"{a} (row {mine[a]}) beside {b} ({path}, row {line})"


def _hint(own: Mapping[str, int], others: Mapping[str, tuple[str, int]]) -> str:
    """The form of ids that joins the most of them, of this table alone or of the cohort's."""
    best, said = 0, ""
    for text, form in _FORMS.items():
        mine = {normalise_id(patient, form) for patient in own} - {""}
        both = mine & ({normalise_id(patient, form) for patient in others} - {""})
        alone = mine & others.keys()
        for joined, words in ((alone, "this table"), (both, "the cohort")):
            if len(joined) > best and len(mine) == len(own):
                best, said = (
                    len(joined),
                    f"id_form: {text} of {words} would join {len(joined)} of {counted(len(own), 'patient')}",
                )
    return said or "is it the right table, and the right column of ids?"
