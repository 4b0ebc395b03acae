"""Warnings about the clinical values of a centre: doubtful units, survival times in other units, missing values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

from features.core.catalog.catalog import Cohort
from features.core.quarantine import Quarantined
from features.core.wording import counted
from features.tables.odd_centres import FEWEST, UNIT_FACTOR, odd_centres, unit_warning

TIME_FACTOR = 10.0  # months taken for days are thirty times too short


def warn(name: str, cohort: Cohort, rows: Iterable[Mapping[str, object]]) -> list[Quarantined]:
    """Warnings of a cohort's clinical rows, variable by variable and centre by centre; they name no case."""
    centres: dict[str, list[Mapping[str, object]]] = {}
    for row in rows:
        centres.setdefault(str(row["centre"]), []).append(row)
    needs = (need for endpoint in cohort.endpoints.values() for need in endpoint.needs())
    times = {need.variable for need in needs if need.unit == "days"}
    told = {one.variable for derivation in cohort.derived.values() for one in derivation.inputs()}
    told |= cohort.variables.keys() - cohort.declared.keys()  # what is missing in these, derive_outcomes tells
    told |= {one.by_hand for one in cohort.labelled.values()}  # for what is missing there, a text model was asked
    found: list[Quarantined] = []
    for word, variable in cohort.variables.items():
        medians: dict[str, float] = {}
        for centre, part in sorted(centres.items()):
            missing = sum(row.get(word) is None for row in part)
            if 2 * missing > len(part) and word not in told:
                message = f"{word} is missing in {missing} of {counted(len(part), 'patient')}"
                details: dict[str, float | int | str] = {"column": word, "missing": missing, "patients": len(part)}
                found.append(Quarantined(name, centre, "", "", "tables", "TAB_MISSING", message, details))
            values = [value for row in part if isinstance(value := row.get(word), float)]
            if variable.type == "number" and len(values) >= FEWEST:
                medians[centre] = median(values)
        code, factor = ("TAB_TIME_UNIT", TIME_FACTOR) if word in times else ("TAB_UNITS", UNIT_FACTOR)
        found += [unit_warning(name, centre, code, word, ratio) for centre, ratio in odd_centres(medians, factor)]
    return found
