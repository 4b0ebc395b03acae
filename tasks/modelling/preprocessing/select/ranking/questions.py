"""questions_of: an outcome as classes or numbers, for methods that know nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.errors import FitError
from features.core.outcome import Outcome
from tasks.modelling.preprocessing.ranker import contrasts_of
from tasks.modelling.rows import Floats
from tasks.modelling.target import Target


@dataclass(frozen=True, eq=False)
class Question:
    """value: (n,) a number of each case, or its class as a whole number. is_class: whether it is the latter."""

    value: Floats
    is_class: bool


def questions_of(kind: str, target: Target) -> list[Question]:
    """One question of an outcome, or one for each of several labels. Raises FitError where no answer varies.

    Yes and no, and classes, are classes; ranks and numbers are numbers. Follow-up is the number deviance residual, whether of
    survival or of the cause of interest: high where the event came sooner than among all training cases.
    """
    if target.endpoint.predicted == "classes":
        contrasts_of(kind, target)
        return [Question(target.outcome.code.astype(np.float64), True)]
    return [_question(one) for one in contrasts_of(kind, target)]


def numbers_of(kind: str, target: Target) -> Floats:
    """One column of numbers for each question of yes and no, follow-up or number, of mean 0 and standard deviation 1, (n, q)."""
    found = np.column_stack([_question(one).value for one in contrasts_of(kind, target)])
    found -= found.mean(axis=0)
    spread = found.std(axis=0)
    if not (spread > 0).any():
        raise FitError(f"{kind}: the outcome does not vary: {target.endpoint.counted(target.outcome)}")
    return np.asarray(found[:, spread > 0] / spread[spread > 0])


def _question(contrast: Outcome) -> Question:
    if contrast.value is not None:
        return Question(contrast.value, False)
    if contrast.days is not None:
        return Question(deviance_residuals(contrast.flag, contrast.days), False)
    return Question(contrast.flag.astype(np.float64), True)


def deviance_residuals(event: NDArray[np.bool_], days: Floats) -> Floats:
    """Of each case, (n,), without any predictor: signed roots of what its martingale residual costs; sum of squares = deviance.

    The cumulative hazard is that of Nelson and Aalen. Therneau et al., Biometrika 1990;77:147.
    """
    times, place = np.unique(days, return_inverse=True)
    died = np.bincount(place, event, len(times))
    at_risk = np.cumsum(np.bincount(place, minlength=len(times))[::-1])[::-1]
    expected = np.cumsum(died / at_risk)[place]
    martingale = event - expected
    cost = martingale + np.where(event, np.log(np.where(event, expected, 1.0)), 0.0)
    return np.asarray(np.sign(martingale) * np.sqrt(np.maximum(-2.0 * cost, 0.0)))
