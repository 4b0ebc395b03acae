"""Panels of as many columns, drawn at random."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.controls.control import MOST_TIMES, Control, Given, Run, Times


class RandomColumns(Control):
    """As many columns as the models used, drawn at random from the set, in the same folds: whether the choice was worth anything.

    Most random panels of genes tell survival of breast cancer, so that one that does is no finding. Venet et al., PLoS Comput Biol
    2011;7:e1002240.
    """

    kind: Literal["random_columns"] = "random_columns"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/test_controls.py")
    is_null: ClassVar[bool] = True
    says: ClassVar[str] = "Where random panels score as high, which columns were chosen means nothing."
    times: Times = Field(
        MOST_TIMES, title="Times", description="how many panels are drawn; the least p is 1 / (times + 1)"
    )

    def runs(self, given: Given) -> list[Run]:
        total, used = len(given.columns), given.used
        if not 0 < used < total:
            raise FitError(f"models used {used} of {total} columns, so that there is no other panel of this size")
        found = []
        for i in range(self.times):
            chosen = sorted(given.rng.choice(total, used, replace=False).tolist())
            columns = tuple(given.columns[j] for j in chosen)
            found.append(Run(f"panel {i + 1} of {counted(used, 'column')}", given.design, columns, given.folds))
        return found
