"""One unit of a study: one fold, all that is to be fitted on it. A pure function, fit for a process pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from threadpoolctl import threadpool_limits

from features.core.kinds.endpoint import Timed
from tasks.modelling.candidate import Candidate
from tasks.modelling.decisions.probability import NO_LINE, Line, fit_probability
from tasks.modelling.decisions.threshold import youden_threshold
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.fold_fit import FoldFit
from tasks.modelling.fusion.fusion import Joined
from tasks.modelling.rows import Rows
from tasks.modelling.splits.split import Fold
from tasks.modelling.target import Target

Wanted = tuple[str, Candidate]  # a set of blocks and a candidate


@dataclass(frozen=True, eq=False)
class Unit:
    """rows, target: of all cases. sets: name of a set of blocks → its columns, by position. seed: that of the study.

    always: whether inner folds predict training cases for a threshold's sake alone (`thresholds` of the study).
    """

    split: str
    fold: Fold
    inner_folds: int
    rows: Rows
    target: Target
    sets: Mapping[str, NDArray[np.intp]]
    wanted: tuple[Wanted, ...]
    seed: int
    keep_models: bool = False
    always: bool = False


def run_unit(unit: Unit) -> list[Fit]:
    """Choose settings on inner folds, fit on the training fold, predict the test fold: one Fit for each thing wanted.

    Numerical failures become a Fit without prediction; every other exception is a bug and is raised.
    """
    return list(fits_of(unit))


def fits_of(unit: Unit) -> Iterator[Fit]:
    """The fits of `run_unit`, each as soon as it is done."""
    with threadpool_limits(limits=1), config_context(assume_finite=True, skip_parameter_validation=True):
        fold = FoldFit(
            unit.rows, unit.target, unit.fold, inner_folds=unit.inner_folds, split=unit.split, seed=unit.seed
        )
        for name, candidate in unit.wanted:
            yield _fit(unit, fold, name, candidate)


def _fit(unit: Unit, fold: FoldFit, name: str, candidate: Candidate) -> Fit:
    endpoint = unit.target.endpoint
    grouped = isinstance(endpoint, Timed)  # only follow-up is shown by risk groups
    decided = endpoint.predicted == "risk" and not grouped  # yes or no
    own = grouped or (decided and unit.always)
    joined = candidate.fusion.fit(fold, candidate.steps, candidate.model, unit.sets[name], own=own)
    cut, line = (_median(joined), NO_LINE) if grouped else _decision(joined, fold) if decided else (np.nan, NO_LINE)
    return Fit(
        name,
        unit.split,
        unit.fold,
        candidate.name,
        prediction=joined.prediction,
        cut=cut,
        line=line,
        selected=joined.selected,
        shares=joined.shares,
        encoded=joined.encoded,
        settings=joined.settings,
        chosen=joined.chosen,
        warnings=joined.warnings,
        remarks=joined.remarks,
        reason=joined.reason,
        fitted=joined.fitted if unit.keep_models else None,
    )


def _median(joined: Joined) -> float:
    """The median risk of training cases that models of inner folds predicted: those of the fold itself have seen them."""
    risks = [one.risk for one in joined.own if one.risk is not None]
    return float(np.median(np.concatenate(risks))) if risks else float("nan")


def _decision(joined: Joined, fold: FoldFit) -> tuple[float, Line]:
    """The threshold, and what makes probabilities of risks, of these cases and what was seen of them."""
    if not joined.own:
        return float("nan"), NO_LINE
    risk = np.concatenate([one.risk for one in joined.own if one.risk is not None])
    label = np.concatenate([target.outcome.flag for _, target in fold.held_out()])
    return youden_threshold(label, risk), fit_probability(label, risk)
