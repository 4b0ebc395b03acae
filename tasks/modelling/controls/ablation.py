"""Without one block."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from tasks.modelling.controls.control import Control, Given, Run


class Ablation(Control):
    """Each block of a set of several is left out once, in the same folds: what the others tell without it.

    Meyes et al., arXiv 2019;1901.08644.
    """

    kind: Literal["ablation"] = "ablation"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/test_controls.py")
    is_null: ClassVar[bool] = False
    says: ClassVar[str] = "A block whose absence costs nothing tells nothing that the others do not."

    def runs(self, given: Given) -> list[Run]:
        blocks = list(dict.fromkeys(given.design.blocks[column] for column in given.columns))
        if len(blocks) < 2:
            raise FitError("there is one block")
        return [
            Run(
                f"without {block}",
                given.design,
                tuple(column for column in given.columns if given.design.blocks[column] != block),
                given.folds,
            )
            for block in blocks
        ]
