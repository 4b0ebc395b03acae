"""Columns that a LASSO takes up in most halves of the training cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.kept_columns import KeptColumns
from tasks.modelling.preprocessing.ranker import finite
from tasks.modelling.preprocessing.select.ranking.questions import numbers_of
from tasks.modelling.preprocessing.standard import Standard
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class StabilitySelection(Step):
    """Keeps columns that are among the first q of a LASSO in at least a share π of halves of the training cases.

    Halves come in pairs that share no patient, each with the classes or events of the whole. q follows from how many columns
    may be kept for nothing: q² = (2π − 1) × p × that number (Meinshausen & Bühlmann, J R Stat Soc B 2010;72:417; pairs: Shah &
    Samworth 2013;75:55). The LASSO is of least squares, by least angles: classes are numbers, one against the rest each,
    where any may take a column up; follow-up is the deviance residual. Where no column is that stable, the one taken up most is
    kept and the report says so. At 3,800 columns it takes about a second.
    """

    kind: Literal["stability_selection"] = "stability_selection"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/preprocessing/select/test_select.py")
    stage: ClassVar[Stage] = "select"
    supervised: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("threshold",)

    threshold: tuple[float, ...] = Field(
        (0.6, 0.8), min_length=1, description="share π of halves, above 0.5 and up to 1; inner folds choose"
    )
    for_nothing: PositiveFloat = Field(
        1.0, description="columns that may be kept for nothing, in the mean (per-family error rate)"
    )
    pairs: PositiveInt = Field(50, description="pairs of halves")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:
        return self.fit_variants(rows, target, seed, [self])[0]

    def fit_variants(self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]) -> list[FittedStep]:
        """One path for each half. Raises FitError for missing values, and an outcome that does not vary."""
        finite(self.kind, rows)
        Z, Y = Standard.of(self.kind, rows).scaled(rows.X), numbers_of(self.kind, target)
        most = [one._first(Z.shape[1]) for one in variants]
        _, first, patient = np.unique(rows.groups["patient"], return_index=True, return_inverse=True)
        strata = _strata(target)[first]
        places = []
        rng = np.random.default_rng(seed)
        for _ in range(self.pairs):
            half = np.isin(patient, _half(strata, rng))
            for own in (half, ~half):
                places.append(np.min([_entered(Z[own], y, max(most)) for y in Y[own].T], axis=0))
        return [
            one._kept(np.mean([place <= q for place in places], axis=0)) for one, q in zip(variants, most, strict=True)
        ]

    def _first(self, p: int) -> int:
        return max(1, int(np.sqrt(max(0.0, 2 * self.threshold[0] - 1) * p * self.for_nothing)))

    def _kept(self, share: Floats) -> FittedStep:
        kept = np.flatnonzero(share >= self.threshold[0] - 1e-12)
        if len(kept):
            return KeptColumns(kept, share)
        note = (
            f"stability_selection: no column is taken up in {self.threshold[0]:.0%} of the halves: that of most is kept"
        )
        return KeptColumns(np.array([np.argmax(share)]), share, note)


def _strata(target: Target) -> NDArray[np.intp]:
    strata = np.asarray(target.endpoint.strata(target.outcome))
    return strata if strata.ndim == 1 else np.unique(strata, axis=0, return_inverse=True)[1]


def _half(strata: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Positions of half of the patients, ascending; of each stratum half, of odd ones in turn one more or less."""
    order = np.lexsort((rng.random(len(strata)), strata))
    return np.sort(order[int(rng.integers(2)) :: 2])


def _entered(Z: Floats, y: Floats, most: int) -> Floats:
    """The place at which each column enters the path, from 1, infinite for those that are not among the first."""
    import warnings

    from sklearn.linear_model import lars_path

    Z = Z - Z.mean(axis=0)
    length = np.sqrt((Z * Z).sum(axis=0))
    Z = Z / np.where(length > 1e-10, length, np.inf)  # what does not vary in a half never enters
    y = y - y.mean()
    found = np.full(Z.shape[1], np.inf)
    if not np.any(y):
        return found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a path ends early, or that columns are alike, is no fault here
        path = lars_path(Z, y, method="lasso", max_iter=min(most, min(Z.shape)))[2]
    taken = (np.cumsum(path != 0, axis=1) > 0).argmax(axis=1)
    there = (path != 0).any(axis=1)
    found[there] = taken[there]
    return found
