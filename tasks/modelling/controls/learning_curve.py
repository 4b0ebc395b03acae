"""Fewer training cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.compared import Compared
from tasks.modelling.controls.control import Control, Given, Run


class LearningCurve(Control):
    """Shares of the training patients of each fold, as even in the outcome as the fold; the test cases stay.

    A score that still rises says that more cases would help. Figueroa et al., BMC Med Inform Decis Mak 2012;12:8.
    """

    kind: Literal["learning_curve"] = "learning_curve"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/test_controls.py")
    is_null: ClassVar[bool] = False
    of_images: ClassVar[bool] = True
    says: ClassVar[str] = "A score that still rises with the training cases would rise with more of them."
    shares: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (0.25, 0.5, 0.75), min_length=1, title="Shares", description="of the training patients of each fold"
    )

    def runs(self, given: Given) -> list[Run]:
        label, _ = pd.factorize(given.design.groups)
        strata = given.design.endpoint.strata(given.design.outcome)
        place = given.rng.permutation(int(label.max()) + 1)  # a larger share holds the smaller ones
        found = []
        for share in sorted(self.shares):
            folds = tuple(replace(fold, train=_some(fold.train, label, strata, place, share)) for fold in given.folds)
            cases = np.mean([len(fold.train) for fold in folds])
            found.append(
                Run(f"{100 * share:g} % of the training cases ({cases:.0f})", given.design, given.columns, folds)
            )
        return found


def _some(
    train: NDArray[np.intp], label: NDArray[np.intp], strata: NDArray[np.intp], place: NDArray[np.intp], share: float
) -> NDArray[np.intp]:
    """Rows of the first patients of each stratum, in the order of `place`; a patient belongs to the stratum of her first row."""
    groups, first = np.unique(label[train], return_index=True)
    of_group, kept = strata[train[first]], []
    for stratum in np.unique(of_group):
        own = groups[of_group == stratum]
        kept += own[np.argsort(place[own])][: int(np.ceil(share * len(own)))].tolist()
    return train[np.isin(label[train], kept)]
