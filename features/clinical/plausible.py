"""Warnings: what each value for itself may be, but a centre's values together hardly are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from statistics import median

from features.core.catalog import Cohort
from features.core.endpoint import SurvivalEndpoint
from features.core.quarantine import REASONS, Quarantined

FEWEST = 5  # values of a centre that make a median
TIME_FACTOR = 10.0
UNIT_FACTOR = 5.0


def warn(name: str, cohort: Cohort, rows: Iterable[Mapping[str, object]]) -> list[Quarantined]:
    """Warnings of a cohort's clinical rows, centre by centre: units, survival times, missing values.

    A centre's median is compared with the median of the other centres' medians; zero and negative medians cannot be.
    """
    centres: dict[str, list[Mapping[str, object]]] = {}
    for row in rows:
        centres.setdefault(str(row["centre"]), []).append(row)
    times = {e.time for e in cohort.endpoints.values() if isinstance(e, SurvivalEndpoint)}
    found: list[Quarantined] = []
    for word, variable in cohort.variables.items():
        for centre, part in centres.items():
            missing = sum(row.get(word) is None for row in part)
            if 2 * missing > len(part):
                message = f"{word} is missing in {missing} of {len(part)} patients"
                facts: dict[str, float | int | str] = {"column": word, "missing": missing, "patients": len(part)}
                found.append(warning(name, centre, "TAB_MISSING", message, facts))
        if variable.type == "number":
            code, factor = ("TAB_TIME_UNIT", TIME_FACTOR) if word in times else ("TAB_UNITS", UNIT_FACTOR)
            values = {
                centre: [v for row in part if isinstance(v := row.get(word), float)] for centre, part in centres.items()
            }
            for centre, ratio in odd_centres(values, factor):
                message = f"{word}: the centre's median is {ratio:.3g} times that of the other centres"
                found.append(warning(name, centre, code, message, {"column": word, "ratio": float(f"{ratio:.3g}")}))
    return found


def odd_centres(values: Mapping[str, list[float]], factor: float) -> Iterator[tuple[str, float]]:
    """Centres whose median is over `factor` times the median of the others' medians, or under 1/factor; and the ratio."""
    medians = {centre: median(found) for centre, found in sorted(values.items()) if len(found) >= FEWEST}
    for centre, own in medians.items():
        others = [value for other, value in medians.items() if other != centre]
        if others and own > 0 and (typical := median(others)) > 0 and not 1 / factor <= own / typical <= factor:
            yield centre, own / typical


def warning(name: str, centre: str, code: str, message: str, details: dict[str, float | int | str]) -> Quarantined:
    """A warning about a centre: no case is named, and none is rejected."""
    return Quarantined(name, centre, "", "", "tables", code, message or REASONS[code].means, details)
