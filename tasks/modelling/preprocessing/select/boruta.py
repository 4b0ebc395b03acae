"""Columns that a forest finds more important than shuffled copies of columns."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.kept_columns import KeptColumns
from tasks.modelling.preprocessing.ranker import contrasts_of, finite
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

_FEWEST = 5  # shuffled copies


class Boruta(Step):
    """Keeps every column that a random forest finds more important than the best of shuffled copies, more often than by chance.

    In each round a forest sees the columns and a shuffled copy of each. A column that beats all copies has a hit. By a binomial
    test, corrected for the number of columns (Bonferroni), it is confirmed, or dropped for the rounds to come. What is open at
    the end counts if nothing is confirmed, and if nothing is open, the column of most hits; the report says so. Importance is
    the decrease of impurity, with follow-up that of the log-rank statistic. A fit on 160 cases of 3,800 columns takes about 5 s.
    Kursa & Rudnicki, J Stat Softw 2010;36:11.
    """

    kind: Literal["boruta"] = "boruta"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/preprocessing/select/test_select.py")
    stage: ClassVar[Stage] = "select"
    supervised: ClassVar[bool] = True
    costly: ClassVar[bool] = True

    rounds: PositiveInt = Field(50, description="rounds at most; they end when nothing is open")
    trees: PositiveInt = Field(200, description="trees of each forest")
    least: PositiveInt = Field(3, description="cases that a leaf needs")
    alpha: float = Field(0.05, gt=0, lt=1, description="of the tests, over all columns")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:
        """Raises FitError for missing values, and an outcome that does not vary. strength: share of rounds with a hit."""
        contrasts_of(self.kind, target)
        order = np.argsort(
            rows.columns.names, kind="stable"
        )  # draws go by place: the order of columns shall not matter
        X = finite(self.kind, rows)[:, order]
        decided, share = np.empty(len(order)), np.empty(len(order))
        decided[order], share[order] = self._decided(X, target, seed)
        best = decided.max(initial=-1)
        kept = np.flatnonzero(decided == best) if best >= 0 else np.array([np.argmax(share)])
        told = {1: "", 0: "columns still open are kept", -1: "the column of most hits is kept"}[int(best)]
        return KeptColumns(kept, share, f"boruta: no column is confirmed: {told}" if told else "")

    def _decided(self, X: Floats, target: Target, seed: int) -> tuple[Floats, Floats]:
        """1 confirmed, 0 open, −1 dropped, and the share of its rounds with a hit, (p,) each."""
        from scipy.stats import binom

        rng = np.random.default_rng(seed)
        p = X.shape[1]
        decided, hits, tries = np.zeros(p), np.zeros(p), np.zeros(p)
        for _ in range(self.rounds):
            used = np.flatnonzero(decided >= 0)
            if not (decided == 0).any():
                break
            copies = rng.permuted(X[:, np.resize(used, max(_FEWEST, len(used)))], axis=0)
            importance = self._importance(np.hstack([X[:, used], copies]), target, int(rng.integers(2**31)))
            tries[used] += 1
            hits[used] += importance[: len(used)] > importance[len(used) :].max()
            level = self.alpha / p / 2
            often, seldom = binom.sf(hits - 1, tries, 0.5) < level, binom.cdf(hits, tries, 0.5) < level
            still = decided == 0
            decided[still & often], decided[still & seldom] = 1, -1
        return decided, hits / np.maximum(tries, 1)

    def _importance(self, X: Floats, target: Target, seed: int) -> Floats:
        from tasks.modelling.solvers.forest import grow_forest, grow_survival_forest

        (first, *_), tried = contrasts_of(self.kind, target), max(1, int(np.sqrt(X.shape[1])))
        if first.days is not None:
            return grow_survival_forest(
                X, first.flag, first.days, trees=self.trees, tried=tried, least=self.least, seed=seed
            ).importance
        wanted = np.asarray(target.y)
        if target.endpoint.predicted == "classes":
            wanted = np.eye(target.levels)[wanted]
        wanted = wanted.astype(np.float64).reshape(len(X), -1)
        return grow_forest(X, wanted, trees=self.trees, tried=tried, least=self.least, seed=seed).importance
