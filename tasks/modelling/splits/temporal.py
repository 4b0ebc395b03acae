"""Earlier cases train, later ones are predicted."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.design import Design
from features.core.errors import FitError, did_you_mean
from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Models
from tasks.modelling.splits.split import Fold, Split, check_disjoint


class Temporal(Split):
    """The earliest cases by a variable train once, and the later ones are predicted: whether a model outlasts changes of practice.

    Cases of one value, such as a year, stand on one side. Later cases of a patient who trains are predicted by nobody. Raises
    FitError where the variable is none of the cohorts' numbers, misses a value, or is the same for all.
    Altman et al., BMJ 2009;338:b605.
    """

    kind: Literal["temporal"] = "temporal"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/splits/test_split.py")
    models: ClassVar[Models] = "fixed"
    by: str = Field(
        "", title="By", description="numerical variable of the cohorts that says when, such as a year; needed"
    )
    share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.67, title="Share that trains", description="share of the cases that train, the earliest ones"
    )

    def cut(self, design: Design, seed: int) -> list[Fold]:  # noqa: ARG002 (nothing random in it)
        when = self._when(design)
        last = float(np.quantile(when, self.share, method="inverted_cdf"))
        values = np.unique(when)
        if last == values[-1]:  # somebody has to be later
            last = float(values[-2])
        train = np.flatnonzero(when <= last)
        test = np.flatnonzero((when > last) & ~np.isin(design.groups, design.groups[train]))
        if not len(test):
            raise FitError(f"no patient is first seen after {self.by} {last:g}: nobody is left to predict")
        check_disjoint(design.groups, train, test)
        return [Fold("later", 0, train, test)]

    def _when(self, design: Design) -> NDArray[np.float64]:
        """Of each case, (n,)."""
        import pandas as pd

        table = design.cohort_table
        numbers = [
            str(name)
            for name in table
            if pd.api.types.is_numeric_dtype(table[name])
            and table[name].dtype != bool
            and name not in design.endpoint.columns  # how long somebody is followed is not known beforehand
        ]
        if self.by not in numbers:
            hint = did_you_mean(self.by, numbers)
            asked = (
                f'"{self.by}" is no number of the cohorts'
                if self.by
                else "say by which variable cases are earlier or later"
            )
            raise FitError(
                f"the split temporal: {asked}; allowed: {', '.join(numbers) or 'none'}{'; ' + hint if hint else ''}"
            )
        found = table[self.by].to_numpy(np.float64)
        if missing := int(np.isnan(found).sum()):
            raise FitError(
                f"the split temporal: {missing} of {len(found)} cases have no value of {self.by}; all need one"
            )
        if (found == found[0]).all():
            raise FitError(f"the split temporal: {self.by} is {found[0]:g} for all {len(found)} cases; nobody is later")
        return found
