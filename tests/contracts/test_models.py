"""What every model keeps, whichever file it stands in, for every kind of endpoint that it can predict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.evaluation.pipeline import fit_pipeline, selected_features
from tasks.modelling.models.model import MODELS, Model
from tasks.modelling.prediction import Prediction, predict
from tests.support.design import ANY_ENDPOINT, make_design
from tests.support.kinds import small_model

# Every model with every kind of endpoint that it can predict.
PAIRS = [(kind, endpoint) for kind in MODELS.modules for endpoint in sorted(MODELS.load(kind).endpoints)]


@pytest.fixture(params=PAIRS, ids=lambda pair: " ".join(pair))
def pair(request: pytest.FixtureRequest) -> tuple[Model, str]:
    kind, endpoint = request.param
    return MODELS.parse(small_model(kind, trees=30)), endpoint


def fitted(model: Model, design: Design, seed: int = 0) -> Any:
    k = model.candidates(design.X.shape[1], design.endpoint.scarce(design.outcome))[0]["k"]
    return fit_pipeline(model, design.endpoint, design.X, design.outcome, seed, k=k)


def predicted(pipeline: Any, X: Any, design: Design) -> Prediction:
    return predict(pipeline, X, design.endpoint, len(design.outcome.levels))


def numbers(prediction: Prediction) -> np.ndarray:
    """All that a prediction says, side by side."""
    parts = (prediction.risk, prediction.probability, prediction.value)
    return np.column_stack([part for part in parts if part is not None])


def test_missing_and_constant_columns_are_handled(pair: tuple[Model, str]) -> None:
    design = make_design(pair[1])
    pipeline = fitted(pair[0], design)
    found = predicted(pipeline, design.X, design)
    assert len(found) == len(design.X)
    assert np.isfinite(numbers(found)).all()
    if found.probability is not None:
        assert found.probability.shape == (len(design.X), len(design.outcome.levels))
        assert (found.probability >= -1e-12).all()
        if design.outcome.code.ndim == 1:
            np.testing.assert_allclose(found.probability.sum(axis=1), 1)
    kept = set(pipeline["drop"].get_feature_names_out())
    assert not kept & {"radiomics_constant", "radiomics_empty", "radiomics_double"}


def test_same_seed_same_predictions(pair: tuple[Model, str]) -> None:
    design = make_design(pair[1])
    one, two = (numbers(predicted(fitted(pair[0], design, seed=3), design.X, design)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_a_higher_planted_risk_is_predicted_higher(pair: tuple[Model, str]) -> None:
    """The first class and the first label follow the risk; so do events, ranks and values."""
    design = make_design(pair[1], n=80, p=3, signal=3.0, nan=0.0)
    probe = design.X.copy()
    probe[:] = np.nan
    probe["radiomics_0"] = np.linspace(-2, 2, len(probe))
    found = predicted(fitted(pair[0], design), probe, design)
    score = found.probability[:, 0] if found.risk is None and found.probability is not None else found.risk
    assert score is not None
    assert score[-10:].mean() > score[:10].mean()


def test_one_row_can_be_predicted(pair: tuple[Model, str]) -> None:
    design = make_design(pair[1])
    pipeline = fitted(pair[0], design)
    alone = numbers(predicted(pipeline, design.X.iloc[[5]], design))
    np.testing.assert_allclose(alone, numbers(predicted(pipeline, design.X, design))[[5]], rtol=1e-9)


def test_columns_in_another_order_are_refused(pair: tuple[Model, str]) -> None:
    design = make_design(pair[1])
    pipeline = fitted(pair[0], design)
    with pytest.raises(ValueError, match="feature names should match"):
        predicted(pipeline, design.X[design.X.columns[::-1]], design)


def test_selected_features_are_columns_with_weights(pair: tuple[Model, str]) -> None:
    design = make_design(pair[1], signal=3.0, n=80)
    selected = selected_features(fitted(pair[0], design), pair[0])
    assert "radiomics_0" in selected
    assert set(selected) <= set(design.X.columns)
    assert all(weight != 0 for weight in selected.values())


def test_every_endpoint_has_models() -> None:
    assert {endpoint for _, endpoint in PAIRS} == set(ANY_ENDPOINT)


def test_candidates_are_cut_to_the_columns_and_the_events() -> None:
    svm, cox = MODELS.parse({"kind": "svm", "k": [10, 30]}), MODELS.parse("cox")
    assert {candidate["k"] for candidate in svm.candidates(4, 20)} == {4}
    assert {candidate["k"] for candidate in cox.candidates(1000, 34)} == {3}
    assert {candidate["k"] for candidate in cox.candidates(1000, 500)} == {5}
    assert {candidate["k"] for candidate in cox.candidates(1000, 4)} == {1}
