"""Leave one centre out."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from features.core.design import Design
from features.core.errors import FitError
from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Models
from tasks.modelling.splits.split import Fold, Split, check_disjoint


class CentreOut(Split):
    """Each centre is predicted by a model of all others. A centre with one class is predicted too, but not scored.

    A patient seen in several centres trains in none of the folds that predict him, and neither does a copy of him in
    another centre: no centre is merged for it. Raises FitError for one centre.
    """

    kind: Literal["centre_out"] = "centre_out"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/splits/test_split.py")
    models: ClassVar[Models] = "centres"
    left_out: ClassVar[str] = "centre"

    def cut(self, design: Design, seed: int) -> list[Fold]:  # noqa: ARG002 (nothing random in it)
        centres, groups = np.unique(design.centres), design.groups
        if len(centres) < 2:
            raise FitError(
                f"leaving one centre out needs two centres; found {', '.join(map(str, centres))}; name the column of "
                "centres in the catalog, or leave this split out"
            )
        folds: list[Fold] = []
        for centre in centres:
            test = np.flatnonzero(design.centres == centre)
            train = np.flatnonzero(~np.isin(groups, groups[test]))
            if not len(train):
                raise FitError(f'every patient has a case in the centre "{centre}": nobody is left to train')
            check_disjoint(groups, train, test)
            folds.append(Fold(str(centre), 0, train, test))
        return folds
