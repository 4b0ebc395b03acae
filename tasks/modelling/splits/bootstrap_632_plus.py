"""The bootstrap, corrected by the .632+ rule."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from features.core.bounds import Repeats
from features.core.design import Design
from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.intervals.estimate import Models
from tasks.modelling.splits.split import Fold, Split, check_disjoint, trains_alone

TRIES = 200  # of a draw that lacks a class


class Bootstrap632Plus(Split):
    """As many patients as there are, drawn with replacement, train; those who were not drawn are predicted. Again and again.

    Their score is that of models that know 63 % of the patients. It is put together with the score of a model of all cases on
    these same cases, by how far the two lie apart (.632+, tasks/modelling/optimism.py). A patient is drawn with all rows, copies
    with him; drawn twice, he stays on one side of the inner folds. Who is not scored trains in every draw. A draw with fewer than
    two patients of a class, or with an event, is drawn again. Raises FitError where that is of no use. Efron & Tibshirani, J Am
    Stat Assoc 1997;92:548.
    """

    kind: Literal["bootstrap_632_plus"] = "bootstrap_632_plus"
    compared: ClassVar[Compared] = Compared(
        "the equations of Efron and Tibshirani (1997) in a plain loop", "1e-12", "tasks/modelling/test_optimism.py"
    )
    models: ClassVar[Models] = "bootstrap"
    apparent: ClassVar[bool] = True
    repeats: Repeats = Field(100, title="Draws", description="how often patients are drawn; each draw fits all models")

    def cut(self, design: Design, seed: int) -> list[Fold]:
        alone = trains_alone(design.groups, design.scored)
        drawn, others = np.flatnonzero(~alone), np.flatnonzero(alone)
        groups = pd.factorize(design.groups[drawn])[0].astype(np.intp)  # by first appearance: names decide nothing
        count = int(groups.max(initial=-1)) + 1
        of_each = [np.unique(groups[mask]) for mask in design.endpoint.needed(design.outcome.take(drawn))]
        rng, found = np.random.default_rng(seed), list[Fold]()
        for draw in range(self.repeats):
            for _ in range(TRIES):
                times = np.bincount(rng.integers(count, size=count), minlength=count)
                if 0 < int((times > 0).sum()) < count and all((times[own] > 0).sum() > 1 for own in of_each):
                    break
            else:
                seen = f"{counted(count, 'patient')}, {design.endpoint.counted(design.outcome)},"
                told = f"{seen} do not allow draws with replacement; needed: two patients {design.endpoint.of_each} in a draw"
                raise FitError(told.replace("  ", " "))
            train, test = np.repeat(np.arange(len(groups)), times[groups]), np.flatnonzero(times[groups] == 0)
            check_disjoint(groups, train, test)
            trains = np.sort(np.concatenate([drawn[train], others])) if len(others) else train
            found.append(Fold(f"draw {draw + 1}", draw, trains, drawn[test]))
        return found
