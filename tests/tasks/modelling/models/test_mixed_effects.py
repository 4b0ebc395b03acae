"""Mixed models: the numbers of statsmodels, repeated visits, days, and what cannot be fitted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.core.outcome import Outcome
from tasks.modelling.models.mixed_effects import MixedEffects
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_rows


def target_of(y: np.ndarray) -> Target:
    return Target(Outcome.of_value(y), ANY_ENDPOINT["continuous"])


def visits(n: int = 40, each: int = 5) -> tuple[Rows, np.ndarray]:
    """Patients whose values differ by an intercept of their own, with visits of which each day adds 0.01."""
    rng = np.random.default_rng(1)
    patients = np.repeat(np.arange(n), each)
    days, x = np.tile(np.arange(each) * 30.0, n), rng.normal(size=n * each)
    y = 2.0 + 1.5 * x + 0.01 * days + 2.0 * rng.normal(size=n)[patients] + rng.normal(size=n * each)
    rows = make_rows({"x": x}, patient=[f"p{i}" for i in patients])
    return replace(rows, days=days, scored=np.ones(len(x), bool)), y


@pytest.mark.data
def test_values_of_statsmodels(public_data: Path) -> None:
    """MixedLM of statsmodels 0.15.0 by REML, BFGS to a gradient of 1e-10; groups of up to four rows of WORC-Lipo."""
    table = pd.read_csv(public_data / "radmlbench" / "WORC-Lipo.csv.gz")
    X = table.select_dtypes("number").iloc[:, :5].to_numpy()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    order = np.argsort(table["MR_original_glcm_JointEntropy"].to_numpy(), kind="stable")
    groups = np.argsort(order, kind="stable") // 4
    groups = np.where(np.arange(len(X)) % 5 == 0, 1000 + np.arange(len(X)), groups)  # some rows are alone
    rows = make_rows({f"c{i}": X[:, i] for i in range(5)}, patient=groups.astype(str))
    model = MixedEffects().fit(rows, target_of(table["MR_original_firstorder_Entropy"].to_numpy()), 0)
    expected = [
        0.07896270262408413,
        -0.059886688593344006,
        -0.11376476863426369,
        -0.03030812544184446,
        0.14460508041602507,
    ]
    np.testing.assert_allclose(model.coefficients, expected, atol=1e-7)
    found = [model.intercept, model.between, model.within]
    np.testing.assert_allclose(found, [0.043792781258064115, 0.8924968237211308, 0.1897751817681869], rtol=1e-6)


def test_the_planted_variances_and_the_slope_of_days_are_found() -> None:
    rows, y = visits()
    model = MixedEffects().fit(rows, target_of(y), 0)
    assert model.coefficients[0] == pytest.approx(1.5, abs=0.2)
    assert model.slope == pytest.approx(0.01, abs=0.005)
    assert model.between == pytest.approx(4.0, rel=0.5)
    assert model.within == pytest.approx(1.0, rel=0.3)


def test_a_row_without_its_day_is_not_predicted() -> None:
    rows, y = visits()
    model = MixedEffects().fit(rows, target_of(y), 0)
    with pytest.raises(ArithmeticError, match="mixed_effects: 200 of 200 values are not finite"):
        model.predict(replace(rows, days=None))


def test_one_row_of_each_patient_is_least_squares() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    model = MixedEffects().fit(make_rows({"a": X[:, 0], "b": X[:, 1]}), target_of(y), 0)
    expected = np.linalg.lstsq(np.column_stack([np.ones(30), X]), y, rcond=None)[0]
    np.testing.assert_allclose([model.intercept, *model.coefficients], expected, atol=1e-9)
    assert model.between == 0


def test_what_cannot_be_fitted_is_said() -> None:
    rng = np.random.default_rng(0)
    many = make_rows({f"c{i}": rng.normal(size=10) for i in range(12)})
    with pytest.raises(ValueError, match="a mixed model of 13 coefficients needs more than 13 rows; found 10"):
        MixedEffects().fit(many, target_of(rng.normal(size=10)), 0)
    rows = make_rows({"c": np.repeat(rng.normal(size=20), 3)}, patient=[f"p{i // 3}" for i in range(60)])
    with pytest.raises(ArithmeticError, match="no variance within patients: the rows of a patient may be copies"):
        MixedEffects().fit(rows, target_of(np.repeat(rng.normal(size=20), 3)), 0)


def test_who_is_drawn_twice_is_two_patients() -> None:
    """Copies of a row would leave no variance within patients: of one row each it is least squares on what was drawn."""
    rng = np.random.default_rng(0)
    x, times = rng.normal(size=30), rng.integers(0, 3, 30)
    y, drawn = 1.0 + 2.0 * x + rng.normal(size=30), np.repeat(np.arange(30), times)
    rows = make_rows({"x": x}, patient=[f"p{i}" for i in range(30)]).drawn(drawn)
    assert rows.groups["draw"].tolist() == [str(k) for one in times for k in range(one)]
    model = MixedEffects().fit(rows, target_of(y[drawn]), 0)
    slope, intercept = np.polyfit(x, y, 1, w=np.sqrt(times))
    assert (model.coefficients[0], model.intercept) == (pytest.approx(slope), pytest.approx(intercept))
