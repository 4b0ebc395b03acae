"""HeldOut: for each case of a study the model of a fold that has not seen her, fitted again as the study fitted it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from features.core.design import Design
from features.core.errors import FitError, RadweaveError
from tasks.explaining.training_cases import TrainingCases
from tasks.modelling.evaluation.evaluate import block_sets
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.evaluation.study import Study
from tasks.modelling.evaluation.unit import Unit, run_unit
from tasks.modelling.rows import Rows
from tasks.modelling.splits.split import Fold, Split, cut_folds
from tasks.modelling.target import Target


class HeldOut:
    """The models of the folds of a study's first split that tests a case, in its first repeat. Each fold is fitted once.

    Rows of the test fold decide nothing: neither the model, nor which training cases are named beside it.
    """

    def __init__(self, final: Final, design: Design, study: Study) -> None:
        """design: of the study, with all rows. Raises FitError where no split tests single cases of it."""
        self._final, self._study = final, study
        self._design = design.of_set(study.blocks.get(final.blocks, ()))
        self._folds: list[tuple[Split, Fold]] = []
        for split in study.splits:
            if split.predicts_held_out:
                continue
            folds = cut_folds(split, design, seed_of(study.seed, "split", split.kind))
            self._folds += [(split, fold) for fold in folds if not fold.apparent and fold.repeat == folds[0].repeat]
        if not self._folds:
            raise FitError(f"study {study.name}: no split of it holds cases out: give it nested or cross_validation")
        self._place = {str(case): row for row, case in enumerate(design.X.index) if design.scored[row]}
        self._fitted: dict[int, tuple[Final, TrainingCases]] = {}

    @property
    def cases(self) -> list[str]:
        """Those that a fold tests."""
        tested = {int(row) for _, fold in self._folds for row in fold.test}
        return [case for case, row in self._place.items() if row in tested]

    def of(self, case: str) -> tuple[Final, TrainingCases]:
        """The model that has not seen a case, and the cases that it was fitted on.

        Raises RadweaveError for a case that no fold tests, FitError where the fold could not be fitted.
        """
        row = self._place.get(case, -1)
        number = next((i for i, (_, fold) in enumerate(self._folds) if row in fold.test), None)
        if number is None:
            raise RadweaveError(f"{case}: no fold of {self._study.name} holds it out")
        if number not in self._fitted:
            self._fitted[number] = self._fit(*self._folds[number])
        return self._fitted[number]

    def _fit(self, split: Split, fold: Fold) -> tuple[Final, TrainingCases]:
        design, final = self._design, self._final
        place = {str(name): i for i, name in enumerate(design.X.columns)}
        named = block_sets(design, self._study)[final.blocks]
        own = np.array([place[column] for column in named], np.intp)
        rows = Rows.of(design)
        unit = Unit(
            split=split.kind,
            fold=fold,
            inner_folds=split.inner_folds,
            rows=rows,
            target=Target(design.outcome, design.endpoint),
            sets={final.blocks: own},
            wanted=((final.blocks, final.candidate),),
            seed=self._study.seed,
            keep_models=True,
        )
        (fit,) = run_unit(unit)
        if fit.fitted is None:
            raise FitError(f"study {self._study.name}: {fold.name} could not be fitted: {fit.reason}")
        fitted = replace(
            final, columns=rows.columns.take(own), fitted=fit.fitted, selected=fit.selected, recalibration=None
        )
        return fitted, TrainingCases(design.take(fold.train))
