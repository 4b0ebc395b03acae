"""FoldFit: each thing is fitted once, settings come from inner folds, blocks can be prepared alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.fold_fit import NO_INNER, FoldFit
from tasks.modelling.evaluation.unit import Unit, run_unit
from tasks.modelling.fusion.fusion import Joined
from tasks.modelling.models.lasso_logistic import LassoLogistic
from tasks.modelling.preprocessing.select.screen import Screen
from tasks.modelling.rows import Rows
from tasks.modelling.splits.split import Fold
from tasks.modelling.target import Target
from tests.support.design import FAST, SCREENED, make_design, make_study


def fold_of(design: Design, inner_folds: int = 3) -> FoldFit:
    """The first two thirds train, the others are predicted."""
    cut = 2 * len(design.X) // 3
    fold = Fold("one", 0, np.arange(cut), np.arange(cut, len(design.X)))
    target = Target(design.outcome, design.endpoint)
    return FoldFit(Rows.of(design), target, fold, inner_folds=inner_folds, split="toy", seed=0)


def joined(fold: FoldFit, candidate: Any, *, own: bool = False, by_block: bool = False) -> Joined:
    one = parse_candidate(candidate)
    return fold.table(one.steps, one.model, np.arange(len(fold.columns)), own=own, by_block=by_block)


def test_candidates_share_their_steps_and_every_step_is_fitted_once_in_each_fold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted: Counter[str] = Counter()
    for kind in (Screen, LassoLogistic):
        whole = kind.fit_variants

        def count(self: Any, *given: Any, whole: Any = whole) -> Any:
            fitted[self.kind] += 1
            return whole(self, *given)

        monkeypatch.setattr(kind, "fit_variants", count)
    names = [f"number_{i}" for i in range(6)]
    models = [
        {**FAST, "name": name, "model": {"kind": "lasso_logistic", "C": [0.1 * (1 + i)]}}
        for i, name in enumerate(names)
    ]
    found = evaluate(make_design(n=60), make_study(models=models, splits=["centre_out"]))
    assert len({score.model for score in found.scores}) == 6
    sets, folds, parts = 3, 3, 4  # an outer and three inner folds each
    assert fitted["screen"] == sets * folds * parts
    assert fitted["lasso_logistic"] == 6 * sets * folds * (
        3 * 2 + 1
    )  # each k on the inner folds, the best one on the outer


def test_settings_are_compared_within_centres() -> None:
    """A column that only tells the centres apart is of no use there, however well it goes with the outcome over all."""
    design = make_design(n=90, signal=0.0, nan=0.0, centres=2)
    rng = np.random.default_rng(1)
    design.outcome.code[:] = rng.random(90) < np.where(design.centres == "centre0", 0.85, 0.15)
    X = design.X.copy()
    X["radiomics_1"] = (design.centres == "centre0") + 0.01 * rng.normal(size=90)
    result = evaluate(replace(design, X=X), make_study(splits=[{"kind": "nested", "folds": 3, "repeats": 2}]))
    pooled, within = (
        next(s.value for s in result.scores if s.blocks == "radiomics" and s.within == part) for part in ("", "centre")
    )
    assert pooled is not None and pooled > 0.75
    assert within is not None and 0.3 < within < 0.65


def test_own_predictions_are_of_every_training_case_once_and_none_of_its_own_model() -> None:
    design = make_design("survival", n=90)
    fold = fold_of(design)
    found = joined(fold, "coxnet", own=True)
    assert [len(one) for one in found.own] == [len(rows) for rows, _ in fold.held_out()]
    assert sum(map(len, found.own)) == 60
    unit = Unit(
        "toy",
        Fold("one", 0, np.arange(60), np.arange(60, 90)),
        3,
        Rows.of(design),
        Target(design.outcome, design.endpoint),
        {"all": np.arange(len(fold.columns))},
        (("all", parse_candidate({"model": "coxnet", "fusion": "together"})),),
        0,
    )
    (fit,) = run_unit(unit)
    risks = np.concatenate([one.risk for one in found.own if one.risk is not None])
    assert fit.cut == np.median(risks)


def test_too_few_events_for_inner_folds_take_the_first_settings_and_say_so() -> None:
    design = make_design(n=60)
    design.outcome.code[:] = 0
    design.outcome.code[[0, 1, 50]] = 1
    design = replace(design, patients=np.array(["same", "same", *design.patients[2:]]))
    found = joined(fold_of(design), FAST)
    assert found.prediction is not None
    assert (found.chosen, found.warnings[NO_INNER]) == ({"k": 5, "C": 0.3}, 1)


def test_blocks_alone_keep_small_blocks() -> None:
    design = make_design(n=90, p=300, signal=0.0, nan=0.0)
    whole, alone = (
        joined(fold_of(design), {"model": "svm", "steps": [*SCREENED[:3], {"kind": "screen", "k": [2]}]}, by_block=by)
        for by in (False, True)
    )
    assert len(whole.selected) == 2
    blocks = Counter(design.blocks[column] for column in alone.selected)
    assert blocks == {"radiomics": 2, "clinical": 2, "region": 1}
    assert sum(alone.shares.values()) == pytest.approx(1)


def test_a_block_of_which_nothing_varies_is_left_out_of_its_blocks() -> None:
    design = make_design(n=60)
    X = design.X.copy()
    X["region_volume_ml"] = 3.0
    found = joined(fold_of(replace(design, X=X)), FAST, by_block=True)
    assert found.prediction is not None
    assert set(found.shares) == {"radiomics", "clinical"}


def test_rows_that_a_step_refuses_cost_predictions_and_no_fit() -> None:
    """A centre that a harmoniser has not seen has no score, with other blocks beside it too."""
    design = make_design(n=90, signal=3.0, centres=2)
    design = replace(design, centres=np.where(np.arange(90) < 60, design.centres, "new"))
    steps = [*SCREENED[:2], {"kind": "combat", "unseen": "refuse"}, SCREENED[2]]
    candidate = parse_candidate({"model": "lasso_logistic", "steps": steps})
    fold = fold_of(design)
    alone = joined(fold, candidate, own=True)
    assert (alone.prediction, len(alone.own), alone.fitted is None) == (None, 3, False)
    several = np.arange(len(fold.columns))
    stack = candidate.fusion.fit(fold, candidate.steps, candidate.model, several, own=False)
    assert stack.prediction is None
    for found in (alone, stack):
        assert 'centre "new" (30 rows) was not seen in training' in found.reason
