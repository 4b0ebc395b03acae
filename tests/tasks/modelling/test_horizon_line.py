"""Scores by one day of follow-up on a public table equal those of scikit-survival, lifelines and statsmodels, and keep laws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.calibration import survival_probability_calibration
from sksurv.metrics import brier_score, cumulative_dynamic_auc
from sksurv.nonparametric import cumulative_incidence_competing_risks

from features.core.kinds.endpoint import surv
from features.core.outcome import Outcome
from tasks.modelling.curves.calibration_by_day import calibration_by_day, smooth
from tasks.modelling.follow_up.observed import observed_by, pseudo_values
from tasks.modelling.follow_up.recalibrate import recalibrate_by_day
from tasks.modelling.metrics.metric import METRICS
from tasks.modelling.prediction import Incidence, Prediction
from tasks.modelling.scored import Scored
from tests.support.design import ANY_ENDPOINT
from tests.support.public_tables import head_neck, nki70

DAY = 5.0  # nki70 counts years


class Judged:
    """72 patients of nki70 who train a Cox regression on age and two genes, and the 72 others, predicted by it."""

    def __init__(self, folder: Path) -> None:
        table = nki70(folder)
        columns = {"t": table.days, "e": table.event, "a": table.X[:, 0], "b": table.X[:, 1], "c": table.X[:, 2]}
        every = pd.DataFrame(columns)
        self.train, self.test = every.iloc[::2], every.iloc[1::2]
        self.model = CoxPHFitter().fit(self.train, "t", "e")
        said = 1 - self.model.predict_survival_function(self.test, times=[DAY]).to_numpy()[0]
        self.said, self.risk = said, self.model.predict_log_partial_hazard(self.test).to_numpy()
        self.learnt, self.seen = (
            Outcome.of_days(one["e"].to_numpy(), one["t"].to_numpy()) for one in (self.train, self.test)
        )
        prediction = Prediction(self.risk, incidence=Incidence(np.array([DAY]), said[:, None, None]))
        rows = np.arange(len(said))
        self.fold = Scored(rows, self.seen, prediction, self.learnt, ANY_ENDPOINT["survival"], day=DAY)

    def value(self, name: str) -> float:
        found = METRICS.parse(name).value([self.fold])
        assert found is not None
        return found


@pytest.fixture(scope="module")
def judged(public_data: Path) -> Judged:
    return Judged(public_data)


def test_lines_are_those_of_statsmodels(judged: Judged) -> None:
    """GLM(Binomial(CLogLog), freq_weights) of statsmodels 0.15.0, tol 1e-14, weights by a loop over the training patients."""
    assert judged.value("slope_at_horizon") == pytest.approx(0.1083301132807902, abs=1e-6)
    assert judged.value("intercept_at_horizon") == pytest.approx(-0.4715109259054034, abs=1e-6)
    assert judged.value("observed_expected") == pytest.approx(0.8321196293936847, abs=1e-9)


def test_scores_by_a_day_are_those_of_scikit_survival(judged: Judged) -> None:
    """Its Brier score divides by the number of cases, ours by their weights; no day of these holds an event and a censoring."""
    peers, days = (surv(judged.learnt), surv(judged.seen)), np.array([DAY])
    expected = cumulative_dynamic_auc(*peers, judged.risk, days)[0][0]
    assert judged.value("time_auc") == pytest.approx(expected, abs=1e-9)
    ours, theirs = [], []
    for said in (
        judged.said,
        np.full(len(judged.said), observed_by(judged.learnt, DAY)),
        np.full(len(judged.said), 0.5),
    ):
        curves = Prediction(judged.risk, incidence=Incidence(days, said[:, None, None]))
        ours.append(METRICS.parse("brier_at_horizon").value([replace(judged.fold, prediction=curves)]))
        theirs.append(brier_score(*peers, 1 - said[:, None], days)[1][0])
    weight = theirs[2] / 0.25  # what the cases weigh on average
    assert ours == pytest.approx([one / weight for one in theirs], abs=1e-9)
    assert judged.value("scaled_brier_at_horizon") == pytest.approx(1 - theirs[0] / theirs[1], abs=1e-9)


def test_pseudo_values_and_their_smooth_line_are_those_of_lifelines_and_statsmodels(judged: Judged) -> None:
    """statsmodels 0.15.0: lowess(frac=2/3, it=0, delta=0) of pseudo-values by lifelines."""
    curve = KaplanMeierFitter().fit(judged.test["t"], judged.test["e"])
    assert observed_by(judged.seen, DAY) == pytest.approx(1 - curve.predict(DAY), abs=1e-12)
    pseudo = pseudo_values(judged.seen, DAY)
    for left_out in range(0, 72, 9):
        rest = judged.test.drop(judged.test.index[left_out])
        without = 1 - KaplanMeierFitter().fit(rest["t"], rest["e"]).predict(DAY)
        assert pseudo[left_out] == pytest.approx(72 * (1 - curve.predict(DAY)) - 71 * without, abs=1e-9)
    at, line = smooth(judged.said, pseudo)
    theirs = {
        0.039536960016296696: 0.27187076672679034,
        0.9928079065459233: 0.5500853713682442,
    }  # at the lowest and the highest prediction
    assert (line[0], line[-1]) == pytest.approx(list(theirs.values()), abs=1e-6)
    assert (at[0], at[-1]) == pytest.approx(list(theirs), abs=1e-6)


def test_the_curve_strays_about_as_far_as_lifelines_finds(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its index of calibration lays a spline in a Cox regression, ours is a regression of pseudo-values: 0.17 and 0.14."""
    import matplotlib.pyplot as plt

    monkeypatch.setattr("builtins.print", lambda *_, **__: None)
    _, index, _ = survival_probability_calibration(judged.model, judged.test, t0=DAY, ax=plt.figure().gca())
    plt.close("all")
    curve = calibration_by_day(judged.seen, judged.said, DAY)
    ours = np.abs(np.interp(judged.said, curve.line_predicted, curve.line_seen) - judged.said).mean()
    assert ours == pytest.approx(index, abs=0.05)
    assert sum(curve.n) + curve.unknown == 72
    for low, share, high in zip(curve.low, curve.seen, curve.high, strict=True):
        assert 0 <= low <= share <= high <= 1


def test_what_was_seen_among_competing_events_is_that_of_scikit_survival(public_data: Path) -> None:
    rows, target = head_neck(public_data)
    seen = target.outcome
    assert seen.days is not None
    days, share = cumulative_incidence_competing_risks(seen.code, seen.days)
    for day in (365.0, 730.0, 1826.0):
        expected = share[1][np.searchsorted(days, day, side="right") - 1]
        assert observed_by(seen, day) == pytest.approx(expected, abs=1e-12)
    without = seen.take(np.arange(1, len(rows.X)))
    n = len(seen)
    expected = n * observed_by(seen, 730.0) - (n - 1) * observed_by(without, 730.0)
    assert pseudo_values(seen, 730.0)[0] == pytest.approx(expected, abs=1e-9)


def test_without_censoring_pseudo_values_are_yes_and_no() -> None:
    seen = Outcome(np.array([1, 2, 1, 2, 1, 0]), np.array([1.0, 2, 3, 4, 5, 9]), levels=("none", "relapse", "death"))
    assert pseudo_values(seen, 4.5) == pytest.approx([1, 0, 1, 0, 0, 0], abs=1e-12)
    assert observed_by(seen, 4.5) == pytest.approx(2 / 6)


def test_after_the_last_follow_up_nothing_is_known_unless_all_had_an_event() -> None:
    days = np.array([1.0, 2.0, 3.0])
    assert np.isnan(observed_by(Outcome.of_days(np.array([True, True, False]), days), 4.0))
    assert np.isnan(pseudo_values(Outcome.of_days(np.array([True, True, False]), days), 4.0)).all()
    assert observed_by(Outcome.of_days(np.array([True, True, True]), days), 4.0) == 1.0
    assert observed_by(Outcome.of_days(np.array([True, True, False]), days), 3.0) == pytest.approx(2 / 3)
    curve = calibration_by_day(Outcome.of_days(np.array([True, True, False]), days), np.array([0.1, 0.2, 0.3]), 4.0)
    assert (curve.seen, curve.unknown, curve.line_seen) == ((), 3, ())


def drawn(n: int = 4000, power: float = 1.0) -> tuple[Any, Any]:
    """Who had the event, and an incidence whose cumulative hazard is a power of the true one."""
    rng = np.random.default_rng(3)
    hazard = np.exp(rng.normal(-0.7, 0.8, n))
    return rng.random(n) < 1 - np.exp(-hazard), 1 - np.exp(-(hazard**power))


def test_right_predictions_have_a_slope_of_1_and_no_intercept() -> None:
    seen, said = drawn()
    weight = np.ones(len(seen))
    assert recalibrate_by_day(seen, weight, said, slope=True).value == pytest.approx(1, abs=0.1)
    assert recalibrate_by_day(seen, weight, said, slope=False).value == pytest.approx(0, abs=0.06)
    wide = drawn(power=1.5)[1]
    assert recalibrate_by_day(seen, weight, wide, slope=True).value == pytest.approx(1 / 1.5, abs=0.05)
    doubled = 1 - (1 - said) ** 2  # every cumulative hazard twice as high
    shift = (
        recalibrate_by_day(seen, weight, said, slope=False).value
        - recalibrate_by_day(seen, weight, doubled, slope=False).value
    )
    assert shift == pytest.approx(np.log(2), abs=1e-9)


def test_weights_count_as_so_many_cases() -> None:
    seen, said = drawn(60)
    weight = np.where(np.arange(60) % 3 == 0, 2.0, np.where(np.arange(60) % 3 == 1, 1.0, 0.0))
    each = np.repeat(np.arange(60), weight.astype(int))
    for slope in (True, False):
        counted = recalibrate_by_day(seen[each], np.ones(len(each)), said[each], slope=slope).value
        assert recalibrate_by_day(seen, weight, said, slope=slope).value == pytest.approx(counted, abs=1e-8)


def test_what_has_no_line_says_why() -> None:
    seen, said = drawn(30)
    ones = np.ones(30)

    def why(seen: Any, said: Any, *, slope: bool = True) -> str:
        return recalibrate_by_day(seen, ones, said, slope=slope).reason

    assert (
        why(~seen & False, said) == "by the day 0 of 30 cases that are still known had the event, and a line needs both"
    )
    assert why(seen, np.full(30, 0.3)) == "all predictions are equal"
    assert why(seen, np.where(np.arange(30) < 2, 0.0, said)) == (
        "2 of 30 cases are predicted to have an incidence of exactly 0 or 1, which no line can move"
    )
    assert why(seen, np.where(seen, 0.9, 0.1)) == "the predictions separate who had the event by the day"


def test_a_day_that_nobody_reaches_says_what_to_do(judged: Judged) -> None:
    late = replace(judged.fold, day=100.0)
    for name in ("time_auc", "slope_at_horizon", "scaled_brier_at_horizon"):
        found = METRICS.parse(name).estimate([late], np.arange(72).astype(str), "fixed")
        assert found.value is None
        assert found.reason.startswith(
            "no training case of a fold is followed until day 100; the last one is until day 17.6"
        )
        assert found.reason.endswith("so that `horizons` need an earlier day")


def test_one_model_has_intervals_and_cross_validation_too(judged: Judged) -> None:
    for name in ("intercept_at_horizon", "slope_at_horizon", "scaled_brier_at_horizon"):
        metric, patients = METRICS.parse(name), np.arange(72).astype(str)
        fixed = metric.estimate([judged.fold], patients, "fixed")
        assert fixed.low is not None
        assert fixed.high is not None
        assert fixed.low < (fixed.value or 0) < fixed.high
        resampled = metric.estimate([judged.fold, replace(judged.fold, repeat=1)], patients, "resampled")
        assert resampled.low is not None
        assert resampled.high is not None
        assert resampled.low < (resampled.value or 0) < resampled.high
