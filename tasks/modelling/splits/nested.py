"""Nested cross-validation."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.core.bounds import Folds, Repeats
from features.core.design import Design
from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Models
from tasks.modelling.splits.split import Fold, Split, grouped_folds


class Nested(Split):
    """Repeated k-fold cross-validation over patients, stratified by outcome and centre; settings are chosen on inner folds.

    Copies of a patient count as that patient. Fewer folds are made if the smallest class has fewer patients.
    Varma & Simon, BMC Bioinformatics 2006;7:91.
    """

    kind: Literal["nested"] = "nested"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/splits/test_split.py")
    models: ClassVar[Models] = "resampled"
    folds: Folds = Field(5, title="Folds", description="into how many parts the cases are cut; each is predicted once")
    repeats: Repeats = Field(2, title="Repeats", description="how often, each time with other folds")

    def cut(self, design: Design, seed: int) -> list[Fold]:
        groups = design.groups
        found: list[Fold] = []
        for repeat in range(self.repeats):
            asked = design.endpoint, design.outcome, groups, self.folds, seed + repeat, design.centres, design.scored
            parts = grouped_folds(*asked)
            found += [Fold(f"fold {i + 1}", repeat, train, test) for i, (train, test) in enumerate(parts)]
        return found
