"""Warnings: what each value for itself may be, but a centre's values together hardly are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from features.core.quarantine import Quarantined

FEWEST = 5  # values of a centre that make a median
UNIT_FACTOR = 5.0


def odd_centres(medians: Mapping[str, float], factor: float) -> Iterator[tuple[str, float]]:
    """Centres whose median is over `factor` times the median of the others' medians, or under 1/factor; and the ratio.

    Medians that are zero or negative tell no unit and are left out.
    """
    for centre, own in sorted(medians.items()):
        others = [value for other, value in medians.items() if other != centre]
        if others and own > 0 and (typical := median(others)) > 0 and not 1 / factor <= own / typical <= factor:
            yield centre, own / typical


def unit_warning(name: str, centre: str, code: str, what: str, ratio: float) -> Quarantined:
    """A warning that a centre's median is `ratio` times that of the others."""
    message = f"{what}: the centre's median is {ratio:.3g} times that of the other centres"
    return Quarantined(name, centre, "", "", "tables", code, message, {"column": what, "ratio": float(f"{ratio:.3g}")})
