"""Effects of centres: laws of the estimates, and what is declared where they cannot be estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.core.errors import FitError
from tasks.modelling.preprocessing.harmonise.effects.centre_effects import CentreEffects, estimate_effects
from tasks.modelling.preprocessing.harmonise.effects.non_parametric import non_parametric
from tasks.modelling.preprocessing.harmonise.effects.parametric import parametric
from tasks.modelling.preprocessing.harmonise.effects.shrinkage import SHRINKAGE
from tasks.modelling.preprocessing.harmonise.effects.statistics import Statistics, not_shrunk

ALL = pytest.mark.parametrize("shrink", SHRINKAGE.values(), ids=SHRINKAGE)


def table(n: int = 60, p: int = 40, seed: int = 0) -> tuple[Any, Any]:
    """Three centres with locations and scales of their own."""
    rng = np.random.default_rng(seed)
    code = np.arange(n) % 3
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 2, (3, p))[code] + rng.normal(size=(3, p))[code]
    return X, np.array(["A", "B", "C"])[code]


def estimated(X: Any, centres: Any, covariates: Any = None, names: Any = (), **settings: Any) -> CentreEffects:
    return estimate_effects(X, centres, np.zeros((len(X), 0)) if covariates is None else covariates, names, **settings)


def removed(effects: CentreEffects, X: Any, centres: Any, covariates: Any = None) -> Any:
    known = np.zeros((len(X), 0)) if covariates is None else covariates
    found = np.empty_like(X)
    for centre in np.unique(centres):
        own = centres == centre
        found[own] = effects.remove(X[own], centre, known[own])
    return found


@ALL
def test_other_units_give_the_same_values_in_other_units(shrink: Any) -> None:
    X, centres = table()
    rng = np.random.default_rng(1)
    factor, offset = 10 ** rng.uniform(-6, 6, X.shape[1]), rng.normal(size=X.shape[1])
    plain = removed(estimated(X, centres, shrink=shrink), X, centres)
    other = X * factor + offset
    found = removed(estimated(other, centres, shrink=shrink), other, centres)
    np.testing.assert_allclose((found - offset) / factor, plain, rtol=1e-6, atol=1e-6)


@ALL
def test_the_order_of_rows_and_columns_does_not_matter(shrink: Any) -> None:
    X, centres = table()
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(len(X)), rng.permutation(X.shape[1])
    plain = removed(estimated(X, centres, shrink=shrink), X, centres)
    shuffled = X[rows][:, columns]
    found = removed(estimated(shuffled, centres[rows], shrink=shrink), shuffled, centres[rows])
    np.testing.assert_allclose(found, plain[rows][:, columns], rtol=1e-8, atol=1e-8)


def test_location_and_scale_are_equal_between_centres_afterwards() -> None:
    X, centres = table()
    found = removed(estimated(X, centres, shrink=not_shrunk), X, centres)
    means = np.array([found[centres == one].mean(axis=0) for one in "ABC"])
    spreads = np.array([found[centres == one].std(axis=0, ddof=1) for one in "ABC"])
    np.testing.assert_allclose(means, np.broadcast_to(X.mean(axis=0), means.shape), atol=1e-12)
    np.testing.assert_allclose(spreads, np.broadcast_to(spreads[0], spreads.shape))


@pytest.mark.parametrize("shrink", [parametric, non_parametric])
def test_shrinkage_is_nearer_to_the_planted_effects_than_means_and_variances(shrink: Any) -> None:
    rng = np.random.default_rng(3)
    wins, p = 0, 300
    for _ in range(10):
        shift, spread = rng.normal(0.5, 0.3, p), 1 / rng.gamma(20, 1 / 20, p)
        own = Statistics.of(rng.normal(shift, np.sqrt(spread), (8, p)))
        errors = [
            np.mean((one[0] - shift) ** 2) + np.mean((one[1] - spread) ** 2) for one in (shrink(own), not_shrunk(own))
        ]
        wins += errors[0] < 0.6 * errors[1]
    assert wins == 10


def test_parametric_values_solve_the_equations_of_the_paper() -> None:
    X, _ = table(n=12)
    own = Statistics.of(X)
    shift, spread = parametric(own)
    m, v = own.variance.mean(), own.variance.var(ddof=1)
    shape, rate, breadth = (2 * v + m**2) / v, (m * v + m**3) / v, own.mean.var(ddof=1)
    squares = ((X - shift) ** 2).sum(axis=0)
    expected = (own.n * breadth * own.mean + spread * own.mean.mean()) / (own.n * breadth + spread)
    np.testing.assert_allclose(shift, expected, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(spread, (squares / 2 + rate) / (own.n / 2 + shape - 1), rtol=1e-8)


def test_columns_that_are_all_alike_take_the_prior() -> None:
    own = Statistics(5, np.full(4, 0.3), np.full(4, 2.0))
    for shrink in (parametric, non_parametric):
        np.testing.assert_allclose(shrink(own), ([0.3] * 4, [2.0] * 4))


def test_non_parametric_holds_for_hundreds_of_rows() -> None:
    """The likelihood of 2,000 rows is below the smallest number of the machine; shrinkage then hardly matters."""
    own = Statistics.of(np.random.default_rng(0).normal(1, 2, (2000, 30)))
    shift, spread = non_parametric(own)
    np.testing.assert_allclose(shift, own.mean, atol=0.1)
    np.testing.assert_allclose(spread, own.variance, rtol=0.15)


@ALL
def test_a_covariate_keeps_its_effect(shrink: Any) -> None:
    X, centres = table(n=300)
    age = np.random.default_rng(2).normal(60, 8, len(X)) + 10 * (centres == "A")
    X = X + 0.3 * age[:, None]
    with_it = removed(estimated(X, centres, age[:, None], ["age"], shrink=shrink), X, centres, age[:, None])
    without = removed(estimated(X, centres, shrink=shrink), X, centres)
    slopes = [np.polyfit(age, one, 1)[0].mean() for one in (with_it, without)]
    assert abs(slopes[0] - 0.3) < 0.02
    assert slopes[1] < 0.25


def test_a_missing_covariate_counts_as_the_mean() -> None:
    X, centres = table()
    age = np.random.default_rng(2).normal(60, 8, (len(X), 1))
    effects = estimated(X, centres, age, ["age"], shrink=parametric)
    mean = np.full((len(X), 1), age.mean())
    np.testing.assert_allclose(
        removed(effects, X, centres, np.full_like(age, np.nan)), removed(effects, X, centres, mean)
    )
    age[:5] = np.nan
    assert np.isfinite(removed(estimated(X, centres, age, ["age"], shrink=parametric), X, centres, age)).all()


def test_a_covariate_that_the_centres_tell_is_refused() -> None:
    X, centres = table()
    age = np.random.default_rng(2).normal(60, 8, len(X))
    with pytest.raises(FitError, match='covariate "contrast" is told by the centres: its effect cannot'):
        estimated(X, centres, (centres == "A").astype(float)[:, None], ["contrast"], shrink=parametric)
    with pytest.raises(FitError, match='covariate "months" is told by the centres and age'):
        estimated(X, centres, np.column_stack([age, 12 * age + 3]), ["age", "months"], shrink=parametric)


def test_a_covariate_that_does_not_vary_changes_nothing() -> None:
    X, centres = table()
    plain = removed(estimated(X, centres, shrink=parametric), X, centres)
    known = np.ones((len(X), 1))
    np.testing.assert_allclose(
        removed(estimated(X, centres, known, ["stage"], shrink=parametric), X, centres, known), plain
    )


@ALL
def test_columns_without_spread_are_moved_and_never_missing(shrink: Any) -> None:
    X, centres = table()
    X[:, 4] = np.select([centres == "A", centres == "B"], [0.1, 0.7], 1.3)  # constant in each centre
    X[:, 5] = 4.0  # everywhere
    effects, others = (estimated(one, centres, shrink=shrink) for one in (X, np.delete(X, [4, 5], axis=1)))
    np.testing.assert_allclose(np.delete(effects.shifts, [4, 5], axis=1), others.shifts)  # they are no prior of others
    X[centres == "A", 3] = 7.0  # in one
    effects = estimated(X, centres, shrink=shrink)
    assert effects.flat.tolist() == [3, 2, 2]
    found = removed(effects, X, centres)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[centres == "A", 3], X[:, 3].mean())
    assert set(found[:, 4]) == {0.1}  # to the last bit: rounding would tell the centre
    assert set(found[:, 5]) == {4.0}


@ALL
def test_a_reference_stays_and_the_others_take_its_mean(shrink: Any) -> None:
    X, centres = table()
    found = removed(estimated(X, centres, shrink=shrink, reference="B"), X, centres)
    own = centres == "B"
    np.testing.assert_array_equal(found[own], X[own])
    before, after = (abs(one[~own].mean(axis=0) - one[own].mean(axis=0)).mean() for one in (X, found))
    assert after < 0.2 * before
    with pytest.raises(FitError, match='reference "D" has fewer than two training rows; centres with two: A, B, C'):
        estimated(X, centres, shrink=shrink, reference="D")


@ALL
def test_a_reference_without_spread_lends_the_scale_of_all(shrink: Any) -> None:
    X, centres = table()
    X[centres == "B", 3] = 7.0
    found = removed(estimated(X, centres, shrink=shrink, reference="B"), X, centres)
    assert np.isfinite(found).all()
    assert 0.3 < found[centres == "A", 3].std() / X[centres == "A", 3].std() < 3


@ALL
def test_one_centre_stays_as_it_is(shrink: Any) -> None:
    X, _ = table()
    centres = np.full(len(X), "A")
    effects = estimated(X, centres, shrink=shrink)
    np.testing.assert_array_equal(removed(effects, X, centres), X)


@ALL
def test_a_centre_of_one_row_has_no_say(shrink: Any) -> None:
    X, centres = table()
    plain = estimated(X, centres, shrink=shrink)
    more, names = np.vstack([X, np.full((1, X.shape[1]), 1e9)]), np.append(centres, "D")
    found = estimated(more, names, shrink=shrink)
    assert found.alone.tolist() == ["D"]
    assert found.centres.tolist() == ["A", "B", "C"]
    np.testing.assert_array_equal(found.shifts, plain.shifts)
    with pytest.raises(FitError, match="no centre has two training rows: 3 centres, 3 rows"):
        estimated(X[:3], centres[:3], shrink=shrink)


def test_one_column_has_nothing_to_shrink_by() -> None:
    X, centres = table(p=1)
    found, plain = (estimated(X, centres, shrink=shrink) for shrink in (parametric, not_shrunk))
    assert not found.shrunk
    np.testing.assert_array_equal(found.spreads, plain.spreads)


@ALL
def test_a_huge_value_gives_finite_numbers_in_all_columns(shrink: Any) -> None:
    X, centres = table()
    plain = removed(estimated(X, centres, shrink=shrink), X, centres)
    X[0, 0] = 1e300
    found = removed(estimated(X, centres, shrink=shrink), X, centres)
    assert np.isfinite(found).all()
    assert np.median(abs(found[:, 1:] - plain[:, 1:])) < 0.1


@ALL
def test_a_column_that_covariates_explain_stays(shrink: Any) -> None:
    X, centres = table()
    age = np.random.default_rng(2).normal(60, 8, (len(X), 1))
    X[:, 0] = 2 * age[:, 0] + 1
    found = removed(estimated(X, centres, age, ["age"], shrink=shrink), X, centres, age)
    np.testing.assert_allclose(found[:, 0], X[:, 0], rtol=1e-8)
    assert np.isfinite(found).all()
