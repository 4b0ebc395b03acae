"""Columns in which near cases of another outcome differ, and near cases of the same do not."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.ranker import Ranker, finite
from tasks.modelling.preprocessing.select.ranking.questions import questions_of
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class Relieff(Ranker):
    """Keeps the k columns of highest ReliefF weight: it sees columns that tell the outcome only together.

    Of every training case the nearest of its own class and of each other class are looked up, by the sum of differences in all
    columns, each over its range; a column gains by differences to the other classes, by how common they are, and loses by those to
    its own. Of numbers, ranks and follow-up (deviance residuals) RReliefF, all neighbours alike. Of several labels the highest
    weight counts. Many columns of noise hide who is near: it wants some selection before it. Kononenko, ECML 1994;
    Robnik-Šikonja & Kononenko, Mach Learn 2003;53:23.
    """

    kind: Literal["relieff"] = "relieff"
    compared: ClassVar[Compared] = Compared(
        "its formula by a plain loop", "1e-7", "tasks/modelling/preprocessing/select/test_select.py"
    )

    neighbours: PositiveInt = Field(10, description="nearest cases of each class, or of all")

    def ranked(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        most: int,  # noqa: ARG002 (all have their place)
    ) -> tuple[NDArray[np.intp], Floats]:
        """Raises FitError for missing values, and an outcome that does not vary."""
        from scipy.spatial.distance import cdist

        X = in_ranges(finite(self.kind, rows))
        distance = cdist(X, X, "cityblock")
        np.fill_diagonal(distance, np.inf)
        found = np.max(
            [
                relieff(X, distance, one.value, self.neighbours)
                if one.is_class
                else rrelieff(X, distance, one.value, self.neighbours)
                for one in questions_of(self.kind, target)
            ],
            axis=0,
        )
        return np.argsort(-found, kind="stable"), found


def in_ranges(X: Floats) -> Floats:
    """Each column from 0 to 1; all 0 where it does not vary."""
    low, high = X.min(axis=0), X.max(axis=0)
    half = high / 2 - low / 2  # which does not overflow
    return np.asarray((X / 2 - low / 2) / np.where(half > 0, half, 1.0))


def relieff(X: Floats, distance: Floats, classes: Floats, k: int) -> Floats:
    """Weight of each column, (p,). X: (n, p) from 0 to 1. distance: (n, n), infinite on the diagonal. classes: (n,)."""
    n, weight = len(X), np.zeros(X.shape[1])
    levels, count = np.unique(classes, return_counts=True)
    share = dict(zip(levels.tolist(), (count / n).tolist(), strict=True))
    members = {level: np.flatnonzero(classes == level) for level in levels.tolist()}
    for i, own in enumerate(classes.tolist()):
        for level, there in members.items():
            there = there[there != i]
            if not len(there):
                continue
            near = there[np.argsort(distance[i, there], kind="stable")[:k]]
            gain = -1.0 if level == own else share[level] / (1.0 - share[own])
            weight += gain * np.abs(X[near] - X[i]).mean(axis=0)
    return weight / n


def rrelieff(X: Floats, distance: Floats, values: Floats, k: int) -> Floats:
    """As relieff, for a number of each case, (n,)."""
    n = len(X)
    y = in_ranges(values[:, None])[:, 0]
    k = min(k, n - 1)
    differ, both, other = 0.0, np.zeros(X.shape[1]), np.zeros(X.shape[1])
    for i in range(n):
        near = np.argsort(distance[i], kind="stable")[:k]
        apart, step = np.abs(y[near] - y[i]), np.abs(X[near] - X[i])
        differ += float(apart.mean())
        other += step.mean(axis=0)
        both += (apart @ step) / k
    return both / max(differ, 1e-300) - (other - both) / max(n - differ, 1e-300)
