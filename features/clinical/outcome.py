"""Outcomes that cannot be: a patient loses the endpoint that they belong to, and keeps the others."""

from __future__ import annotations

from features.core.catalog.catalog import Cohort
from features.core.catalog.table_source import Variable
from features.core.kinds.endpoint import Endpoint
from features.core.quarantine import Rejected

HALF_DAY = 0.5


def reject_outcomes(row: dict[str, object], cohort: Cohort) -> list[Rejected]:
    """Why a patient has no usable outcome, endpoint by endpoint; the outcome's columns in the row become None.

    A column that another, usable endpoint shares is kept, unless it is the wrong value itself. A survival time of zero
    becomes half a day where its variable declares so.
    """
    rejected: list[Rejected] = []
    lost: set[str] = set()
    kept: set[str] = set()
    wrong: set[str] = set()
    for word, variable in cohort.variables.items():
        if variable.zero == "half_day" and row.get(word) == 0.0:
            row[word] = HALF_DAY
    for word, endpoint in cohort.endpoints.items():
        why = endpoint.fault(row, word) or _out_of_range(row, word, endpoint, cohort)
        if why is None:
            kept |= {*endpoint.columns}
        else:
            rejected.append(why)
            lost |= {*endpoint.columns}
            wrong.add(str(why.details["column"]))
    for column in lost - kept | wrong:
        row[column] = None
    for word, variable in cohort.variables.items():  # outcomes that no endpoint uses
        if variable.role == "outcome" and is_out_of_range(row.get(word), variable):
            rejected.append(Rejected("TAB_RANGE", range_message(word, variable), column=word))
            row[word] = None
    return rejected


def is_out_of_range(value: object, variable: Variable) -> bool:
    """Whether a number lies outside the range that its variable allows; a missing value never does."""
    allowed = variable.allowed
    return allowed is not None and isinstance(value, float) and not allowed[0] <= value <= allowed[1]


def range_message(word: str, variable: Variable) -> str:
    """What is said of a value out of range: the range, never the value."""
    low, high = variable.allowed or (float("-inf"), float("inf"))
    return f"{word} lies outside {low:g} to {high:g}"


def _out_of_range(row: dict[str, object], word: str, endpoint: Endpoint, cohort: Cohort) -> Rejected | None:
    for column in endpoint.columns:
        variable = cohort.variables[column]
        if is_out_of_range(row.get(column), variable):
            return Rejected("TAB_RANGE", range_message(column, variable), column=column, endpoint=word)
    return None
