"""Estimate: a score with its interval, and of what that is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

LEVEL = 0.95
NORMAL = 1.959963984540054  # of the standard normal distribution, 2.5 % lie above

# How the predictions came about, which decides what an interval can be of.
# resampled: several models, each predicts the cases that it did not train on, more than once (nested cross-validation)
# centres: a model for each centre, trained on the others
# bootstrap: several models of draws with replacement, each predicts the cases that it did not draw
# fixed: one model, and cases of its own that it did not train on
Models = Literal["resampled", "bootstrap", "centres", "fixed"]


# What an interval over cross-validation is of, and what it takes for its variance: as was measured to hold for the score.
# built: the mean score of models built in this way; patients, who also train the models of others (retrained.py)
# folds: the same; patients, and that the threshold or cut of a fold moves all its cases alike (fold_wise.py)
# these: the score of the models of these folds on other cases; patients, who also train the models of others
Way = Literal["built", "folds", "these"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score with its 95 % interval.

    value: None where it is undefined. low, high: None where there is no interval. reason: why there is no value, or no interval.
    interval_of: what the interval is of, in words; "" where there is none. lowest, highest: the least and the greatest
    value of the single repeats of cross-validation, None for fewer than two repeats.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    interval_of: str = ""
    lowest: float | None = None
    highest: float | None = None

    def between(self, repeats: list[float]) -> Estimate:
        """This estimate with the least and the greatest value of its repeats."""
        return replace(self, lowest=min(repeats), highest=max(repeats)) if len(repeats) > 1 else self
