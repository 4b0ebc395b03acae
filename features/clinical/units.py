"""Units of clinical variables and the factors between them."""

from __future__ import annotations

_FACTORS: dict[str, dict[str, float]] = {
    "time": {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25},
    "mass": {"g": 0.001, "kg": 1.0},
    "length": {"mm": 0.001, "cm": 0.01, "m": 1.0},
    "volume": {"mm3": 0.001, "ml": 1.0, "l": 1000.0},
}


def conversion(source: str, target: str) -> float | None:
    """Factor that turns values in `source` into values in `target`, or None if the two cannot be converted.

    >>> conversion("months", "days")
    30.4375
    """
    if source == target:
        return 1.0
    for factors in _FACTORS.values():
        if source in factors and target in factors:
            return factors[source] / factors[target]
    return None
