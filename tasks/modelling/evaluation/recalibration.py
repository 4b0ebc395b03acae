"""Recalibration: what was changed in a saved model for a new centre, and by how many cases."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Way = Literal["intercept", "slope", "refit"]
WAYS: tuple[Way, ...] = ("intercept", "slope", "refit")
LEAST_EVENTS: dict[Way, int] = {"intercept": 10, "slope": 20, "refit": 50}  # of yes or no: also cases without


@dataclass(frozen=True)
class Recalibration:
    """way: what was changed. cohort, n, patients, events, counted: the cases that told how. intercept, slope: of the line that
    predictions were put on, NaN of a refit: log odds, or log cumulative hazards at the log hazard ratio 0. of: the digest of the
    model as it was.
    """

    way: Way
    cohort: str
    n: int
    patients: int
    events: int
    counted: str
    intercept: float
    slope: float
    of: str

    @property
    def facts(self) -> dict[str, Any]:
        """For JSON: what is not known is None."""
        return {key: None if value != value else value for key, value in asdict(self).items()}

    @property
    def said(self) -> str:
        """What was changed, in a sentence."""
        what = {
            "intercept": f"its intercept was moved by {self.intercept:.4f}",
            "slope": f"its predictions were put on a line of intercept {self.intercept:.4f} and slope {self.slope:.4f}",
            "refit": "its weights, threshold and probabilities were fitted anew; steps and columns are those of the first model",
        }[self.way]
        return f"Recalibrated on {self.cohort} ({self.n} cases of {self.patients} patients, {self.counted}): {what}."
