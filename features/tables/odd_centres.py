"""Warnings: what each value for itself may be, but a centre's values together hardly are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median_low

from features.core.quarantine import Quarantined

FEWEST = 5  # values of a centre that make a median
UNIT_FACTOR = 5.0


def odd_centres(medians: Mapping[str, float], factor: float) -> Iterator[tuple[str, float]]:
    """Centres whose median is over `factor` times that of most others, or under 1/factor; and the typical ratio.

    Medians that are zero or negative tell no unit and are left out. Of two centres that differ, either is odd.
    """
    known = {centre: value for centre, value in sorted(medians.items()) if value > 0}
    for centre, own in known.items():
        ratios = [own / value for other, value in known.items() if other != centre]
        odd = [ratio for ratio in ratios if not 1 / factor <= ratio <= factor]
        if 2 * len(odd) > len(ratios):
            yield centre, median_low(odd)


def unit_warning(name: str, centre: str, code: str, what: str, ratio: float) -> Quarantined:
    """A warning that a centre's median is `ratio` times that of most others."""
    message = f"{what}: the centre's median is {ratio:.3g} times that of other centres"
    return Quarantined(name, centre, "", "", "tables", code, message, {"column": what, "ratio": float(f"{ratio:.3g}")})
