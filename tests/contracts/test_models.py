"""What every model keeps, whichever file it stands in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tasks.modelling.evaluation.pipeline import build_pipeline, risk_score, selected_features
from tasks.modelling.models.model import MODELS, Model
from tests.support.design import make_design

KINDS = list(MODELS.modules)


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> Model:
    return MODELS.parse(request.param)


def fitted(model: Model, design: Any, seed: int = 0) -> Any:
    k = model.candidates(design.X.shape[1], int(design.event.sum()))[0]["k"]
    return build_pipeline(model, model.task, seed, k=k).fit(design.X, design.y)


def test_missing_and_constant_columns_are_handled(model: Model) -> None:
    design = make_design(model.task)
    pipeline = fitted(model, design)
    scores = risk_score(pipeline, design.X)
    assert scores.shape == (len(design.X),)
    assert np.isfinite(scores).all()
    kept = set(pipeline["drop"].get_feature_names_out())
    assert not kept & {"radiomics_constant", "radiomics_empty", "radiomics_double"}


def test_same_seed_same_scores(model: Model) -> None:
    design = make_design(model.task)
    one, two = (risk_score(fitted(model, design, seed=3), design.X) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_higher_score_means_positive_or_earlier_event(model: Model) -> None:
    design = make_design(model.task, n=80, p=3, signal=3.0, nan=0.0)
    probe = design.X.copy()
    probe[:] = np.nan
    probe["radiomics_0"] = np.linspace(-2, 2, len(probe))
    scores = risk_score(fitted(model, design), probe)
    assert scores[-10:].mean() > scores[:10].mean()


def test_one_row_can_be_predicted(model: Model) -> None:
    design = make_design(model.task)
    pipeline = fitted(model, design)
    alone = risk_score(pipeline, design.X.iloc[[5]])
    np.testing.assert_allclose(alone, risk_score(pipeline, design.X)[[5]], rtol=1e-9)


def test_columns_in_another_order_are_refused(model: Model) -> None:
    design = make_design(model.task)
    pipeline = fitted(model, design)
    with pytest.raises(ValueError, match="feature names should match"):
        risk_score(pipeline, design.X[design.X.columns[::-1]])


def test_selected_features_are_columns_with_weights(model: Model) -> None:
    design = make_design(model.task, signal=3.0, n=80)
    selected = selected_features(fitted(model, design), model)
    assert "radiomics_0" in selected
    assert set(selected) <= set(design.X.columns)
    assert all(weight != 0 for weight in selected.values())


def test_candidates_are_cut_to_the_columns_and_the_events() -> None:
    svm, cox = MODELS.parse({"kind": "svm", "k": [10, 30]}), MODELS.parse("cox")
    assert {candidate["k"] for candidate in svm.candidates(4, 20)} == {4}
    assert {candidate["k"] for candidate in cox.candidates(1000, 34)} == {3}
    assert {candidate["k"] for candidate in cox.candidates(1000, 500)} == {5}
    assert {candidate["k"] for candidate in cox.candidates(1000, 4)} == {1}
