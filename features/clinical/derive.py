"""Derived outcomes of a cohort's patients: values into the rows, and why some have none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from features.clinical.outcome import is_out_of_range, range_message
from features.core.catalog.catalog import Cohort
from features.core.catalog.derived import derived_variables
from features.core.kinds.derivation import NotDerived, Value
from features.core.quarantine import Quarantined, Rejected
from features.core.wording import counted

Row = dict[str, object]


def derive_outcomes(name: str, rows: Mapping[str, Row], cohort: Cohort) -> tuple[list[Quarantined], list[Quarantined]]:
    """Puts the derived outcomes into the rows; who is rejected and why, and warnings of how many have none, by centre.

    rows: pseudonym → row of the clinical block. Values that cannot be true together cost the patient what is made of them,
    and nothing else: a row of the quarantine for each endpoint that reads it, or one where none does. What could not be
    derived is counted in a warning, reason by reason (TAB_NOT_DERIVED).
    """
    given = {word: tuple(found) for word, found in derived_variables(cohort.declared, cohort.derived, "").items()}
    read = {word: [one.variable for one in derivation.inputs()] for word, derivation in cohort.derived.items()}
    quarantined: list[Quarantined] = []
    reasons: dict[tuple[str, str], Counter[NotDerived]] = {}
    for code, row in rows.items():
        centre, lost = str(row["centre"]), dict[str, Rejected]()
        for word, names in given.items():
            row |= dict.fromkeys(names)
            found = _derived(row, cohort, word, read[word], lost)
            if isinstance(found, Rejected):
                lost |= dict.fromkeys(names, found)
            elif isinstance(found, NotDerived):
                reasons.setdefault((centre, word), Counter())[found] += 1
            else:
                row |= found
        for details, why in _losses(cohort, given, lost):
            facts = why.code, why.message, {**why.details, **details}
            quarantined.append(Quarantined(name, centre, f"{name}:{code}", "", "tables", *facts))
    patients = Counter(str(row["centre"]) for row in rows.values())
    return quarantined, [_warning(name, *at, found, patients[at[0]]) for at, found in sorted(reasons.items())]


def _derived(
    row: Row, cohort: Cohort, word: str, read: Iterable[str], lost: Mapping[str, Rejected]
) -> Row | NotDerived | Rejected:
    """The outcomes of one derivation by name, or why there are none. lost: outcomes above it that cannot be."""
    values: dict[str, Value] = {}
    for name in read:
        variable, value = cohort.variables[name], row.get(name)
        if name in lost:
            return lost[name]
        if variable.role == "outcome" and is_out_of_range(value, variable):
            return Rejected("TAB_RANGE", range_message(name, variable))
        values[name] = value  # type: ignore[assignment]
    try:
        found = cohort.derived[word].derive(values)
    except Rejected as why:
        return why
    if isinstance(found, NotDerived):
        return found
    return {f"{word}_{ending}" if ending else word: value for ending, value in found.items()}


def _losses(
    cohort: Cohort, given: Mapping[str, tuple[str, ...]], lost: Mapping[str, Rejected]
) -> Iterator[tuple[dict[str, str], Rejected]]:
    """What is lost by each rejection: the endpoints that read its outcomes, or the outcomes where none does."""
    for word, names in given.items():
        if not (names and names[0] in lost):
            continue
        readers = {
            one: next(column for column in names if column in endpoint.columns)
            for one, endpoint in cohort.endpoints.items()
            if {*names} & {*endpoint.columns}
        }
        for reader, column in (readers or {word: names[0]}).items():
            yield {"column": column, "endpoint": reader, "derived": word}, lost[names[0]]


def _warning(name: str, centre: str, word: str, reasons: Counter[NotDerived], patients: int) -> Quarantined:
    why = "; ".join(f"{reason} ({n})" for reason, n in sorted(reasons.items()))
    message = f"{word} is not derived for {reasons.total()} of {counted(patients, 'patient')}: {why}"
    details: dict[str, float | int | str] = {"column": word, "missing": reasons.total(), "patients": patients}
    return Quarantined(name, centre, "", "", "tables", "TAB_NOT_DERIVED", message, details)
