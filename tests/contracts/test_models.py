"""What every model keeps, whichever file it stands in, for every kind of endpoint that it can predict."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.fusion.fusion import Fitted, Joined
from tasks.modelling.models.model import MODELS
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, fitted, make_design, make_rows
from tests.support.kinds import marks_of, of_columns, small_model

# Every model with every kind of endpoint that it can predict.
PAIRS = [(kind, endpoint) for kind in of_columns(MODELS.modules) for endpoint in sorted(MODELS.load(kind).endpoints)]


@pytest.fixture(
    params=[pytest.param(pair, marks=marks_of(*pair)) for pair in PAIRS], ids=[" ".join(pair) for pair in PAIRS]
)
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@cache
def joined_of(kind: str, endpoint: str, seed: int = 0, **knobs: float) -> tuple[Design, Joined]:
    """A model fitted to a design with these knobs; several tests look at one fit."""
    design = make_design(endpoint, **knobs)  # type: ignore[arg-type]
    return design, fitted(MODELS.parse(small_model(kind, trees=30, one_setting=True)), design, seed)


def fit(pair: tuple[str, str], seed: int = 0, **knobs: float) -> tuple[Design, Fitted]:
    design, joined = joined_of(*pair, seed, **knobs)
    assert joined.fitted is not None
    return design, joined.fitted


def numbers(prediction: Prediction) -> np.ndarray:
    """All that a prediction says, side by side."""
    parts = (prediction.risk, prediction.probability, prediction.value)
    return np.column_stack([part for part in parts if part is not None])


def test_missing_and_constant_columns_are_handled(pair: tuple[str, str]) -> None:
    design, joined = joined_of(*pair)
    found = joined.prediction
    assert found is not None and len(found) == len(design.X)
    assert np.isfinite(numbers(found)).all()
    if found.probability is not None:
        assert found.probability.shape == (len(design.X), len(design.outcome.levels))
        assert (found.probability >= -1e-12).all()
        if design.outcome.code.ndim == 1:
            np.testing.assert_allclose(found.probability.sum(axis=1), 1)
    assert set(joined.selected) <= set(design.X.columns)
    assert not set(joined.selected) & {"radiomics_constant", "radiomics_empty", "radiomics_double"}


def test_same_seed_same_predictions(pair: tuple[str, str]) -> None:
    design, one = fit(pair)
    again = fitted(MODELS.parse(small_model(pair[0], trees=30, one_setting=True)), design, 0).fitted
    assert again is not None
    rows = Rows.of(design)
    np.testing.assert_array_equal(numbers(one.predict(rows)), numbers(again.predict(rows)))


def test_a_higher_planted_risk_is_predicted_higher(pair: tuple[str, str]) -> None:
    """The first class and the first label follow the risk; so do events, ranks and values."""
    design, model = fit(pair, n=80, p=3, signal=3.0, nan=0.0)
    probe = design.X.copy()
    probe[:] = np.nan
    probe["radiomics_0"] = np.linspace(-2, 2, len(probe))
    found = model.predict(Rows.of(replace(design, X=probe)))
    score = found.probability[:, 0] if found.risk is None and found.probability is not None else found.risk
    assert score is not None
    assert score[-10:].mean() > score[:10].mean()


def test_one_row_can_be_predicted(pair: tuple[str, str]) -> None:
    design, model = fit(pair)
    rows = Rows.of(design)
    alone = numbers(model.predict(rows.take(np.array([5]))))
    np.testing.assert_allclose(alone, numbers(model.predict(rows))[[5]], rtol=1e-9)


def test_neither_the_order_of_cases_nor_the_unit_of_a_column_matters(pair: tuple[str, str]) -> None:
    """The order of what draws nothing by chance; the unit of what says that it is scale-free."""
    kind = MODELS.parse(small_model(pair[0], trees=10, one_setting=True))
    design = make_design(pair[1], n=60, p=3, nan=0.0)
    rows = make_rows({name: design.X[name] for name in ("radiomics_0", "radiomics_1", "radiomics_2")})
    target = Target(design.outcome, design.endpoint)
    said = numbers(kind.fit(rows, target, 0).predict(rows))
    if (numbers(kind.fit(rows, target, 1).predict(rows)) == said).all():
        order = np.random.default_rng(2).permutation(60)
        again = kind.fit(rows.take(order), target.take(order), 0).predict(rows)
        np.testing.assert_allclose(
            numbers(again), said, rtol=0, atol=0.01 * said.std()
        )  # solvers end a little before the optimum
    if kind.scale_free:
        other = replace(rows, X=rows.X * np.array([8.0, 0.25, 1024.0]))
        np.testing.assert_array_equal(numbers(kind.fit(other, target, 0).predict(other)), said)


def test_columns_are_found_by_name_and_a_missing_one_is_refused(pair: tuple[str, str]) -> None:
    design, model = fit(pair, signal=3.0, n=80)
    rows = Rows.of(design)
    turned = rows.keep(np.arange(len(rows.columns))[::-1])
    np.testing.assert_array_equal(numbers(model.predict(turned)), numbers(model.predict(rows)))
    with pytest.raises(ValueError, match="1 column is missing that the model was fitted on, such as radiomics_0"):
        model.predict(rows.keep(rows.columns.names != "radiomics_0"))


def test_selected_features_are_columns_with_weights(pair: tuple[str, str]) -> None:
    _, joined = joined_of(*pair, signal=3.0, n=80)
    assert "radiomics_0" in joined.selected
    assert all(weight != 0 for weight in joined.selected.values())
    assert sum(joined.shares.values()) == pytest.approx(1)


def test_every_endpoint_has_models() -> None:
    assert {endpoint for _, endpoint in PAIRS} == set(ANY_ENDPOINT)


def test_a_candidate_without_steps_has_those_of_its_model(pair: tuple[str, str]) -> None:
    candidate = parse_candidate(pair[0])
    assert candidate.name == pair[0]
    assert [step.kind for step in candidate.steps] == [
        one if isinstance(one, str) else one["kind"] for one in MODELS.load(pair[0]).steps
    ]
