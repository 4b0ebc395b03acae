"""LASSO regressions: alike alone and in a path, in every unit, and where nothing is to be chosen."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import Lasso as Peer

from features.core.outcome import Outcome
from tasks.modelling.models.lasso import Lasso
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_rows


def problem(unit: float = 1.0) -> tuple[Rows, Target]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 90)) + 2.0
    y = unit * (X[:, :3].sum(axis=1) + rng.normal(size=60))
    return make_rows({f"c{i}": X[:, i] for i in range(90)}), Target(Outcome.of_value(y), ANY_ENDPOINT["continuous"])


def test_settings_fitted_together_are_those_fitted_alone_and_of_scikit_learn() -> None:
    rows, target = problem()
    model = Lasso()
    largest = np.abs((rows.X - rows.X.mean(axis=0)).T @ (target.y - target.y.mean())).max() / 60
    for one, together in zip(model.variants(), model.fit_variants(rows, target, 0, model.variants()), strict=True):
        assert not isinstance(together, Exception)
        np.testing.assert_allclose(one.fit(rows, target, 0).coefficients, together.coefficients, atol=1e-3)
        peer = Peer(alpha=one.alpha_fraction[0] * largest, tol=1e-10, max_iter=100_000).fit(rows.X, target.y)
        np.testing.assert_allclose(together.predict(rows).value, peer.predict(rows.X), atol=1e-2)


def test_the_unit_of_the_outcome_changes_nothing_else() -> None:
    rows, target = problem()
    large = problem(1e6)[1]
    one, other = (Lasso().fit(rows, each, 0).predict(rows).value for each in (target, large))
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one, other / 1e6, atol=1e-9)


def test_an_outcome_without_spread_has_its_mean() -> None:
    rows, _ = problem()
    target = Target(Outcome.of_value(np.full(60, 3.0)), ANY_ENDPOINT["continuous"])
    np.testing.assert_allclose(Lasso().fit(rows, target, 0).predict(rows).value, 3.0)
