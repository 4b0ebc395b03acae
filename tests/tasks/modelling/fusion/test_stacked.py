"""stacked: what happens to blocks that fail, that tell nothing, or where no inner folds are to be had."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.fold_fit import FoldFit
from tasks.modelling.fusion.fusion import Fitted, Joined
from tasks.modelling.fusion.stacked import UNWEIGHED, Stacked
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.splits.split import Fold
from tasks.modelling.target import Target
from tests.support.design import make_design

BLOCKS = ("clinical", "region", "radiomics")


class Says(Fitted):
    """Predicts a column of its block."""

    def __init__(self, column: int) -> None:
        self.column = column

    def predict(self, rows: Rows) -> Prediction:
        return Prediction(risk=np.nan_to_num(rows.X[:, self.column]))

    def state(self) -> dict[str, Any]:
        return {"column": self.column}

    def remarks(self, rows: Rows) -> Counter[str]:
        return Counter()


class Tables:
    """A fold whose tables are given: of each block its joined, or a table that predicts its first column."""

    def __init__(self, design: Design, given: dict[str, Joined], folds: int = 2) -> None:
        self.rows, self.target = Rows.of(design), Target(design.outcome, design.endpoint)
        self.given, self.folds = given, folds
        self.endpoint = design.endpoint
        self.columns: Columns = self.rows.columns
        self.training = self.rows, self.target

    def held_out(self) -> list[tuple[Rows, Target]]:
        parts = [np.arange(i, len(self.rows), self.folds) for i in range(self.folds)]
        return [(self.rows.take(part), self.target.take(part)) for part in parts]

    def table(self, steps: Any, model: Any, columns: Any, *, own: bool = False, by_block: bool = False) -> Joined:
        del steps, model, by_block
        assert own
        block = str(self.columns.blocks[columns[0]])
        if block in self.given:
            return self.given[block]
        says = Says(int(columns[0]))
        inner = tuple(says.predict(rows) for rows, _ in self.held_out())
        name = str(self.columns.names[columns[0]])
        return Joined(
            says.predict(self.rows), inner, {name: -2.0}, {block: 1.0}, settings=3, chosen={"k": 1}, fitted=says
        )


def stacked(fold: Any) -> Joined:
    one = parse_candidate("lasso_logistic")
    of = np.isin(fold.columns.blocks, BLOCKS)
    return Stacked().fit(fold, one.steps, one.model, np.flatnonzero(of), own=True)


def design() -> Design:
    return make_design(n=80, signal=3.0, nan=0.0)


def test_the_block_that_tells_has_the_weight_and_its_columns_are_the_ones_chosen() -> None:
    fold = Tables(design(), {})
    found = stacked(fold)
    assert found.shares["radiomics"] > 0.7
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.selected["radiomics_0"] == pytest.approx(-found.shares["radiomics"])
    assert sum(map(abs, found.selected.values())) == pytest.approx(1)
    assert found.settings == 9
    assert found.chosen["radiomics.k"] == 1
    assert found.prediction is not None and found.fitted is not None
    assert [len(one) for one in found.own] == [40, 40]
    again = found.fitted.predict(fold.rows)
    np.testing.assert_array_equal(again.risk, found.prediction.risk)


def test_a_block_without_a_model_is_left_out_and_that_is_said() -> None:
    found = stacked(Tables(design(), {"clinical": Joined(reason="nothing varies", settings=2)}))
    assert found.prediction is not None
    assert found.shares["clinical"] == 0
    assert found.warnings == {"block clinical was left out: nothing varies": 1}


def test_a_block_that_fails_in_an_inner_fold_is_left_out() -> None:
    fold = Tables(design(), {})
    whole = fold.table(None, None, np.flatnonzero(fold.columns.blocks == "region"), own=True)
    found = stacked(Tables(design(), {"region": Joined(whole.prediction, fitted=whole.fitted, unowned="flat")}))
    assert found.shares["region"] == 0
    assert list(found.warnings) == ["block region was left out: a model of an inner fold could not be fitted: flat"]


def test_where_a_block_with_weight_cannot_predict_the_test_rows_the_others_do_not_stand_in() -> None:
    """Else what is fitted would depend on test rows."""
    fold = Tables(design(), {})
    whole = fold.table(None, None, np.flatnonzero(fold.columns.blocks == "radiomics"), own=True)
    found = stacked(Tables(design(), {"radiomics": Joined(own=whole.own, reason="not finite", fitted=whole.fitted)}))
    assert found.prediction is None
    assert found.reason == "not finite"


def test_without_any_block_there_is_a_reason_and_no_prediction() -> None:
    found = stacked(Tables(design(), dict.fromkeys(BLOCKS, Joined(reason="no events"))))
    assert found.prediction is None
    assert found.reason == "no events"


def test_without_inner_folds_blocks_weigh_alike_and_that_is_said() -> None:
    found = stacked(Tables(design(), {}, folds=0))
    assert found.shares == {block: pytest.approx(1 / 3) for block in BLOCKS}
    assert found.warnings[UNWEIGHED] == 1


def test_a_fold_of_real_tables_gives_what_its_fitted_gives() -> None:
    cases = make_design("survival", n=90)
    rows, target = Rows.of(cases), Target(cases.outcome, cases.endpoint)
    fold = FoldFit(rows, target, Fold("one", 0, np.arange(60), np.arange(60, 90)), inner_folds=3, split="toy", seed=0)
    one = parse_candidate({"model": "coxnet", "fusion": "stacked"})
    found = one.fusion.fit(fold, one.steps, one.model, np.arange(len(rows.columns)), own=True)
    assert found.fitted is not None and found.prediction is not None and found.prediction.risk is not None
    again = found.fitted.predict(rows.take(np.arange(60, 90))).risk
    assert again is not None
    np.testing.assert_allclose(again, found.prediction.risk)
