"""Outcomes that cannot be: a patient loses the endpoint that they belong to, and keeps the others."""

from __future__ import annotations

from features.core.catalog.catalog import Cohort
from features.core.catalog.table_source import Variable
from features.core.kinds.endpoint import BinaryEndpoint, SurvivalEndpoint
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
    for word, endpoint in cohort.endpoints.items():
        columns = _columns(endpoint)
        why = _time_fault(row, endpoint, cohort, word) if isinstance(endpoint, SurvivalEndpoint) else None
        for column in columns if why is None else ():
            if is_out_of_range(row.get(column), cohort.variables[column]):
                why = Rejected(
                    "TAB_RANGE", range_message(column, cohort.variables[column]), column=column, endpoint=word
                )
                break
        if why is None:
            kept |= columns
        else:
            rejected.append(why)
            lost |= columns
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


def _columns(endpoint: BinaryEndpoint | SurvivalEndpoint) -> set[str]:
    return {endpoint.column} if isinstance(endpoint, BinaryEndpoint) else {endpoint.time, endpoint.event}


def _time_fault(row: dict[str, object], endpoint: SurvivalEndpoint, cohort: Cohort, word: str) -> Rejected | None:
    time = row.get(endpoint.time)
    if time == 0.0 and cohort.variables[endpoint.time].zero == "half_day":
        row[endpoint.time] = HALF_DAY
        return None
    is_known = row.get(endpoint.event) is not None
    if isinstance(time, float) and (time < 0 or (time == 0 and is_known)):
        return Rejected("TAB_TIME", f"{endpoint.time} is not above zero", column=endpoint.time, endpoint=word)
    if time is None and is_known:
        message = f"{endpoint.time} is missing where {endpoint.event} is given"
        return Rejected("TAB_TIME", message, column=endpoint.time, endpoint=word)
    return None
