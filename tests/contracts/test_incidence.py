"""What every model of follow-up keeps that gives curves: cumulative incidences of all causes, whichever file it stands in."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from features.core.design import Design
from features.core.kinds.endpoint import ENDPOINTS, Timed
from features.core.outcome import Outcome
from tasks.modelling.curves.aalen_johansen import aalen_johansen
from tasks.modelling.models.model import MODELS, models_of
from tasks.modelling.prediction import MOST_DAYS, Incidence
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import fitted, make_design, make_rows
from tests.support.kinds import of_columns, small_model

FOLLOWED = [kind for kind in ENDPOINTS.modules if issubclass(ENDPOINTS.load(kind), Timed)]
ALL = [(model, endpoint) for endpoint in FOLLOWED for model in of_columns(models_of(endpoint))]
PAIRS = [pair for pair in ALL if not MODELS.load(pair[0]).order_alone]


@pytest.mark.parametrize("pair", ALL, ids=" ".join)
def test_risks_of_two_fits_are_on_one_level(pair: tuple[str, str]) -> None:
    """Risk groups are cut at the median of risks that models of inner folds predict: a free constant would empty one."""
    model, endpoint = pair
    halves = []
    for first in (0, 1):
        design = planted(endpoint).take(np.arange(first, 90, 2))
        found = fitted(small_model(model, trees=30, one_setting=True), design, seed=first).fitted
        assert found is not None
        halves.append(found.predict(Rows.of(planted(endpoint))).risk)
    one, other = halves
    assert one is not None and other is not None
    spread = max(one.std(), other.std())
    assert abs(np.median(one) - np.median(other)) < spread


@pytest.mark.parametrize("pair", [pair for pair in ALL if pair not in PAIRS], ids=" ".join)
def test_who_gives_an_order_alone_says_so(pair: tuple[str, str]) -> None:
    model, endpoint = pair
    design = make_design(endpoint, n=60, p=3, nan=0.0)
    found = fitted(small_model(model, trees=30, one_setting=True), design).fitted
    assert found is not None and found.predict(Rows.of(design)).incidence is None


@pytest.fixture(params=PAIRS, ids=lambda pair: " ".join(pair))
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


def planted(endpoint: str) -> Design:
    """With a planted risk."""
    return make_design(endpoint, n=90, p=3, signal=3.0, nan=0.0)


@pytest.fixture
def seen(pair: tuple[str, str]) -> Outcome:
    return planted(pair[1]).outcome


@pytest.fixture
def curves(pair: tuple[str, str]) -> tuple[Incidence, Incidence]:
    """Of all training rows, and of two of them alone."""
    return curves_of(*pair)


@cache
def curves_of(model: str, endpoint: str) -> tuple[Incidence, Incidence]:
    """Fitted once for all laws."""
    design = planted(endpoint)
    found = fitted(small_model(model, trees=30, one_setting=True), design).fitted
    assert found is not None
    all_of_them, two = (
        found.predict(rows).incidence for rows in (Rows.of(design), Rows.of(design).take(np.array([7, 3])))
    )
    assert all_of_them is not None and two is not None
    assert all_of_them.value.shape == (90, max(1, len(design.outcome.levels) - 1), len(all_of_them.days))
    return all_of_them, two


def test_curves_rise_between_0_and_1_and_leave_the_free(curves: tuple[Incidence, Incidence]) -> None:
    """S = 1 − ΣCIF, in [0, 1] and falling."""
    days, value = curves[0].days, curves[0].value
    assert np.isfinite(value).all() and value.min() >= 0 and value.max() <= 1
    assert (np.diff(days) > 0).all() and (np.diff(value, axis=2) >= -1e-12).all() and 0 < len(days) <= MOST_DAYS
    free = curves[0].survival()
    assert free.min() >= 0 and free.max() <= 1 and (np.diff(free, axis=1) <= 1e-12).all()
    np.testing.assert_allclose(free + value.sum(axis=1), 1, atol=1e-9)
    assert (curves[0].at(days[:1] - 0.5) == 0).all() and (
        curves[0].at(days[-1:] + 1e6)[:, :, 0] == value[:, :, -1]
    ).all()


def test_the_unit_of_time_decides_nothing(pair: tuple[str, str]) -> None:
    """Days times seven give the same risks, and the same curves at days times seven."""
    model, endpoint = pair
    rows, target = plain_rows(endpoint)
    kind = MODELS.parse(small_model(model, trees=30, one_setting=True))
    days = target.outcome.days
    assert days is not None
    weeks = Target(replace(target.outcome, days=days * 7), target.endpoint)
    one, two = (kind.fit(rows, own, 0).predict(rows) for own in (target, weeks))
    assert one.risk is not None and two.risk is not None and one.incidence is not None and two.incidence is not None
    np.testing.assert_allclose(two.risk, one.risk, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(two.incidence.days, one.incidence.days * 7)
    np.testing.assert_allclose(two.incidence.value, one.incidence.value, rtol=1e-6, atol=1e-9)
    assert (one.incidence.at(np.zeros(1)) == 0).all()


def plain_rows(endpoint: str) -> tuple[Rows, Target]:
    """Three columns without gaps, and what was seen, as a model is given them after its steps."""
    design = planted(endpoint)
    names = [f"radiomics_{i}" for i in range(3)]
    return make_rows({name: design.X[name] for name in names}), Target(design.outcome, design.endpoint)


def test_curves_of_a_case_do_not_depend_on_the_others(curves: tuple[Incidence, Incidence]) -> None:
    whole, two = curves
    np.testing.assert_array_equal(two.days, whole.days)
    np.testing.assert_allclose(two.value, whole.value[[7, 3]], rtol=1e-9, atol=1e-12)


def test_on_average_they_say_what_was_seen(curves: tuple[Incidence, Incidence], seen: Outcome) -> None:
    """Else a curve is of another scale, or of another cause."""
    assert seen.days is not None
    of_all = aalen_johansen(seen.days, seen.code, np.array([0.0]))
    day = curves[0].days[len(curves[0].days) // 2]
    share = of_all.share[int(np.searchsorted(of_all.days, day, side="right")) - 1]
    assert abs(curves[0].at(np.array([day]))[:, 0, 0].mean() - share) < 0.1
