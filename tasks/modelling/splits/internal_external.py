"""Leave one cohort out."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from features.core.design import Design
from features.core.errors import FitError
from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Models
from tasks.modelling.splits.split import Fold, Split, check_disjoint


class InternalExternal(Split):
    """Each cohort is predicted by a model of all others: internal–external validation; centre_out does so with centres.

    A patient, or a copy, seen in several cohorts trains in none of the folds that predict him. Raises FitError for one cohort.
    Royston et al., Stat Med 2004;23:907; Steyerberg & Harrell, J Clin Epidemiol 2016;69:245.
    """

    kind: Literal["internal_external"] = "internal_external"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/splits/test_split.py")
    models: ClassVar[Models] = "centres"
    left_out: ClassVar[str] = "cohort"

    def cut(self, design: Design, seed: int) -> list[Fold]:  # noqa: ARG002 (nothing random in it)
        cohorts, groups = np.unique(design.cohorts), design.groups
        if len(cohorts) < 2:
            raise FitError(
                f"leaving one cohort out needs two cohorts that train; found {', '.join(map(str, cohorts))}; the split centre_out "
                "leaves out centres of one cohort"
            )
        folds: list[Fold] = []
        for cohort in cohorts:
            test = np.flatnonzero(design.cohorts == cohort)
            train = np.flatnonzero(~np.isin(groups, groups[test]))
            if not len(train):
                raise FitError(f'every patient has a case in the cohort "{cohort}": nobody is left to train')
            check_disjoint(groups, train, test)
            folds.append(Fold(str(cohort), 0, train, test))
        return folds
