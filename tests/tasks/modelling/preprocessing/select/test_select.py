"""Selection beside its libraries, its textbook examples, and plain loops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.errors import FitError
from features.core.outcome import Outcome
from tasks.modelling.preprocessing.select.mrmr import taken_up
from tasks.modelling.preprocessing.select.ranking.p_values import p_values
from tasks.modelling.preprocessing.select.ranking.questions import deviance_residuals
from tasks.modelling.preprocessing.select.relieff import in_ranges, relieff, rrelieff
from tasks.modelling.preprocessing.select.symmetric_uncertainty import binned, uncertainty
from tasks.modelling.preprocessing.step import STEPS, FittedStep
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, BINARY, make_rows, make_target
from tests.support.radmlbench import read_radmlbench

# Quinlan's weather, Mach Learn 1986;1:81: outlook (0 sunny, 1 overcast, 2 rain), and whether tennis is played.
OUTLOOK = np.array([0, 0, 1, 2, 2, 2, 1, 0, 0, 2, 0, 1, 1, 2])
PLAYED = np.array([0, 0, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0])


def fitted(kind: str, X: Any, target: Target, **settings: Any) -> FittedStep:
    rows = make_rows({f"c{i}": column for i, column in enumerate(np.asarray(X, float).T)})
    return STEPS.parse({"kind": kind, **settings}).fit(rows, target, 0)


def kept(kind: str, X: Any, target: Target, **settings: Any) -> list[int]:
    found: list[int] = fitted(kind, X, target, **settings).state()["kept"].tolist()
    return found


def planted(n: int = 100, p: int = 40, strength: float = 2.0, seed: int = 0) -> tuple[Any, Target]:
    """Columns of which 3 and 7 tell a binary outcome."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, make_target(strength * (X[:, 3] - X[:, 7]) + rng.logistic(size=n) > 0)


def test_the_first_of_benjamini_and_hochberg() -> None:
    """Their example of 15 p-values (1995, section 3.2): 4 pass at 0.05, where Bonferroni's correction leaves 3."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    from scipy.stats import false_discovery_control

    step: Any = STEPS.parse({"kind": "univariable", "alpha": [0.05]})
    found = step.of_corrected(false_discovery_control(p), np.array(p)).state()
    assert found["kept"].tolist() == [0, 1, 2, 3]
    assert found["note"] == ""


def test_where_no_column_passes_the_best_is_kept_and_said() -> None:
    X, _ = planted(30, 20)
    target = make_target(np.random.default_rng(5).integers(0, 2, 30))
    step = fitted("univariable", X, target, alpha=[1e-6])
    assert len(step.state()["kept"]) == 1
    (said,) = step.notes()
    assert said == "univariable: 0 of the columns have a corrected p up to 1e-06: those of the smallest p are kept"
    with pytest.raises(
        FitError, match="none of 20 columns has a corrected p up to 1e-06; the least is .*at_least: 1 keeps"
    ):
        fitted("univariable", X, target, alpha=[1e-6], at_least=0)
    with pytest.raises(FitError, match="univariable: the outcome does not vary: 30 with"):
        fitted("univariable", X, make_target(np.ones(30)))


def test_tests_of_each_kind_of_outcome_are_those_of_scipy() -> None:
    from lifelines import CoxPHFitter
    from scipy.stats import mannwhitneyu, spearmanr

    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(40, 6)), 1)
    X[:, 5] = 1.0
    flag = rng.random(40) < 0.5
    number = rng.normal(size=40)
    codes = rng.integers(0, 3, 40)
    found = p_values("x", X, Target(Outcome.of_flag(flag), BINARY))
    expected = [mannwhitneyu(x[flag], x[~flag], method="asymptotic").pvalue for x in X.T[:5]]
    np.testing.assert_allclose(found, [*expected, 1.0])
    found = p_values("x", X, Target(Outcome.of_value(number), ANY_ENDPOINT["continuous"]))
    np.testing.assert_allclose(found[:5], [spearmanr(x, number).pvalue for x in X.T[:5]])
    assert found[5] == 1
    found = p_values("x", X, Target(Outcome(codes, levels=("a", "b", "c")), ANY_ENDPOINT["multiclass"]))
    for x, p in zip(X.T[:5], found, strict=False):
        each = [mannwhitneyu(x[codes == c], x[codes != c], method="asymptotic").pvalue for c in range(3)]
        assert p == pytest.approx(min(1, 3 * min(each)))
    days = rng.permutation(40) + 1.0
    found = p_values("x", X, Target(Outcome.of_days(flag, days), ANY_ENDPOINT["survival"]))
    import pandas as pd

    for x, p in zip(X.T[:5], found, strict=False):  # score, likelihood ratio and Wald agree for small effects
        cox = CoxPHFitter().fit(pd.DataFrame({"x": x, "t": days, "e": flag}), "t", "e")
        assert p == pytest.approx(cox.log_likelihood_ratio_test().p_value, abs=0.03)


def test_deviance_residuals_are_of_nelson_and_aalen() -> None:
    from lifelines import NelsonAalenFitter

    rng = np.random.default_rng(0)
    days, event = rng.integers(1, 15, 50).astype(float), rng.random(50) < 0.6
    fit = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(days, event)
    martingale = event - fit.cumulative_hazard_at_times(days).to_numpy()
    found = deviance_residuals(event, days)
    inner = np.where(event, np.log(np.where(event, event - martingale, 1)), 0)
    np.testing.assert_allclose(found, np.sign(martingale) * np.sqrt(-2 * (martingale + inner)))
    assert martingale.sum() == pytest.approx(0)


def test_mrmr_takes_no_double_and_is_its_formula() -> None:
    X, target = planted()
    X[:, 9] = X[:, 3] + 0.01 * X[:, 0]
    assert kept("mrmr", X, target, k=[2]) in ([3, 7], [7, 9])
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(30, 8)) + rng.normal(size=(30, 1))
    Z = (Z - Z.mean(axis=0)) / np.sqrt(((Z - Z.mean(axis=0)) ** 2).sum(axis=0))
    relevance = rng.random(8)
    order = [int(np.argmax(relevance))]
    r = np.abs(np.corrcoef(Z.T))
    for _ in range(7):
        left = [j for j in range(8) if j not in order]
        order.append(max(left, key=lambda j: relevance[j] / max(30**-0.5, np.mean([r[j, i] for i in order]))))
    assert taken_up(relevance, Z, 8).tolist() == order


def test_symmetric_uncertainty_of_the_weather() -> None:
    """Gain 0.247 bits, entropies 1.577 and 0.940: Quinlan's, and Witten & Frank's Data Mining, section 4.3."""
    found = uncertainty(OUTLOOK[:, None], PLAYED)
    assert found == pytest.approx([2 * 0.24675 / (1.57741 + 0.94029)], abs=1e-5)
    perfect = uncertainty(np.column_stack([PLAYED, 1 - PLAYED, np.zeros(14, int)]), PLAYED)
    assert perfect == pytest.approx([1, 1, 0])


def test_bins_hold_equal_numbers_and_equal_values_stay_together() -> None:
    X = np.column_stack([np.arange(10.0), np.repeat([0.0, 7.0], 5), np.r_[np.zeros(6), 1, 2, 3, 4]])
    codes = binned(X, 5)
    assert codes[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert codes[:, 1].tolist() == [0] * 5 + [1] * 5
    assert len(set(codes[:6, 2])) == 1
    u_shaped = (X[:, 0] - 4.5) ** 2 > 5
    assert kept("symmetric_uncertainty", X, make_target(u_shaped), k=[1]) == [0]  # no rising dependence


def test_relieff_sees_what_two_columns_tell_together() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, size=(120, 10)).astype(float)
    target = make_target(X[:, 2] != X[:, 5])
    assert kept("relieff", X, target, k=[2]) == [2, 5]
    assert kept("screen", X, target, k=[2]) != [2, 5]


def test_relieff_is_its_plain_loop() -> None:
    from scipy.spatial.distance import cdist

    rng = np.random.default_rng(1)
    X = in_ranges(rng.normal(size=(25, 4)))
    codes, value = rng.integers(0, 3, 25), rng.normal(size=25)
    distance = cdist(X, X, "cityblock")
    np.fill_diagonal(distance, np.inf)
    share = [np.mean(codes == c) for c in range(3)]
    weight = np.zeros(4)
    for i in range(25):
        for c in range(3):
            near = sorted((j for j in range(25) if codes[j] == c and j != i), key=lambda j: distance[i, j])[:3]
            for j in near:
                gain = -1 if c == codes[i] else share[c] / (1 - share[codes[i]])
                weight += gain * np.abs(X[i] - X[j]) / len(near) / 25
    np.testing.assert_allclose(relieff(X, distance, codes.astype(float), 3), weight)
    y = in_ranges(value[:, None])[:, 0]
    differ, other, both = 0.0, np.zeros(4), np.zeros(4)
    for i in range(25):
        for j in sorted((j for j in range(25) if j != i), key=lambda j: distance[i, j])[:3]:
            differ += abs(y[i] - y[j]) / 3
            other += np.abs(X[i] - X[j]) / 3
            both += abs(y[i] - y[j]) * np.abs(X[i] - X[j]) / 3
    np.testing.assert_allclose(rrelieff(X, distance, value, 3), both / differ - (other - both) / (25 - differ))


@pytest.mark.slow
def test_boruta_confirms_what_was_planted_and_hardly_any_noise() -> None:
    X, target = planted(150, 20)
    step = fitted("boruta", X, target)
    found = step.state()["kept"].tolist()
    assert {3, 7} <= {*found} and len(found) <= 4
    assert not step.notes()
    noise = fitted("boruta", X, make_target(np.random.default_rng(1).integers(0, 2, 150)), rounds=20)
    (said,) = noise.notes()
    assert said.startswith("boruta: no column is confirmed: ")


def test_stability_selection_finds_what_was_planted() -> None:
    X, target = planted(120, 60)
    assert kept("stability_selection", X, target, threshold=[0.8], pairs=25) == [3, 7]


@pytest.mark.slow
def test_stability_selection_keeps_hardly_any_noise() -> None:
    """The bound: at most `for_nothing` columns in the mean. One that is kept because there is none does not count."""
    counts = []
    for seed in range(20):
        X = np.random.default_rng(seed).normal(size=(60, 80))
        target = make_target(np.random.default_rng(100 + seed).integers(0, 2, 60))
        step = fitted("stability_selection", X, target, threshold=[0.7], pairs=25)
        counts.append(0 if step.notes() else len(step.state()["kept"]))
    assert np.mean(counts) <= 1


def test_a_lasso_takes_up_the_strongest_column_first() -> None:
    from sklearn.linear_model import lars_path

    X, target = planted()
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    flag = target.outcome.flag
    assert kept("lasso_selection", X, target, k=[1]) == [int(np.argmax(np.abs(Z.T @ (flag - flag.mean()))))]
    value = Z[:, 2] - 0.5 * Z[:, 4] + np.random.default_rng(0).normal(size=100)
    number = Target(Outcome.of_value(value), ANY_ENDPOINT["continuous"])
    order = lars_path(Z, value - value.mean(), method="lasso")[1]
    for k in (1, 2, 4, 6):
        assert kept("lasso_selection", X, number, k=[k]) == sorted(order[:k])


def test_an_elastic_net_takes_up_doubles_together() -> None:
    X, target = planted()
    X[:, 9] = X[:, 3] + 0.05 * X[:, 0]
    X[:, 8] = X[:, 7] + 0.05 * X[:, 1]
    assert kept("elastic_net_selection", X, target, k=[4], l1_ratio=0.1) == [3, 7, 8, 9]
    assert kept("lasso_selection", X, target, k=[4]) != [3, 7, 8, 9]
    one, two = (
        kept(kind, X, target, k=[5], **more)
        for kind, more in (("lasso_selection", {}), ("elastic_net_selection", {"l1_ratio": 1}))
    )
    assert one == two


@pytest.mark.data
def test_components_and_elimination_are_those_of_scikit_learn(public_data: Path) -> None:
    """WORC-Lipo, standardised: PCA, PLSRegression, and RFE with Ridge, one column a round."""
    from sklearn.cross_decomposition import PLSRegression
    from sklearn.decomposition import PCA
    from sklearn.feature_selection import RFE
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    rows, target = read_radmlbench(public_data, "WORC-Lipo", columns=60)
    train, test = np.arange(80), np.arange(80, len(rows))
    scaler = StandardScaler().fit(rows.X[train])
    Z, T = scaler.transform(rows.X[train]), scaler.transform(rows.X[test])
    y = target.outcome.flag[train].astype(float)
    y = (y - y.mean()) / y.std()
    peers = {"pca": PCA(5).fit(Z).transform(T), "pls": PLSRegression(5, scale=False).fit(Z, y).transform(T)}
    for kind, expected in peers.items():
        step = STEPS.parse({"kind": kind, "components": [5]}).fit(rows.take(train), target.take(train), 0)
        found = step.apply(rows.take(test))
        assert found.columns.names.tolist() == [f"radiomics_{kind}_{i:02d}" for i in range(1, 6)]
        sign = np.sign((found.X * expected).sum(axis=0))
        np.testing.assert_allclose(found.X * sign, expected, atol=1e-7)
    peer = RFE(Ridge(80.0), n_features_to_select=1, step=1).fit(Z, y)
    found = {"kind": "rfe", "drop": 1e-9}
    for k in (1, 7, 30):
        step = STEPS.parse({**found, "k": [k]}).fit(rows.take(train), target.take(train), 0)
        assert step.state()["kept"].tolist() == np.flatnonzero(peer.ranking_ <= k).tolist()


@pytest.mark.data
def test_nothing_is_found_where_nobody_finds_signal_and_something_where_there_is(public_data: Path) -> None:
    """Columns that pass Benjamini and Hochberg at 0.05: none of HCC-TACE-Seg, hundreds of WORC-Lipo."""
    passed = {}
    for name in ("HCC-TACE-Seg", "WORC-Lipo"):
        rows, target = read_radmlbench(public_data, name)
        step = STEPS.parse({"kind": "univariable", "alpha": [0.05]}).fit(rows, target, 0)
        passed[name] = 0 if step.notes() else len(step.state()["kept"])
    assert passed["HCC-TACE-Seg"] == 0
    assert passed["WORC-Lipo"] > 100
