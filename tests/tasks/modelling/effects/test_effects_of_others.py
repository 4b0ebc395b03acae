"""Effects have the numbers of scipy, lifelines, pingouin, statsmodels and of published tables, on real tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi
from scipy.stats import kruskal, mannwhitneyu, pearsonr, rankdata, spearmanr
from sklearn.metrics import roc_auc_score

from tasks.modelling.effects.effect import EFFECTS, Estimate, Floats, Sample, VariableKind
from tasks.modelling.intervals.delong import fixed_variance
from tasks.modelling.intervals.patient_pairs import PatientPairs
from tasks.modelling.pairs import auc_pairs
from tasks.modelling.solvers.cox_newton import fit_cox

# Distances (mm) of pituitary and pterygomaxillary fissure at 8, 10, 12 and 14 years: Potthoff & Roy, Biometrika 1964;51:313.
GIRLS = (
    *((21, 20, 21.5, 23), (21, 21.5, 24, 25.5), (20.5, 24, 24.5, 26), (23.5, 24.5, 25, 26.5), (21.5, 23, 22.5, 23.5)),
    *((20, 21, 21, 22.5), (21.5, 22.5, 23, 25), (23, 23, 23.5, 24), (20, 21, 22, 21.5), (16.5, 19, 19, 19.5)),
    (24.5, 25, 28, 28),
)
BOYS = (
    *((26, 25, 29, 31), (21.5, 22.5, 23, 26.5), (23, 22.5, 24, 27.5), (25.5, 27.5, 26.5, 27), (20, 23.5, 22.5, 26)),
    *((24.5, 25.5, 27, 28.5), (22, 22, 24.5, 26.5), (24, 21.5, 24.5, 25.5), (23, 20.5, 31, 26), (27.5, 28, 31, 31.5)),
    *((23, 23, 23.5, 25), (21.5, 23.5, 24, 28), (17, 24.5, 26, 29.5), (22.5, 25.5, 25.5, 26), (23, 24.5, 26, 30)),
    (22, 21.5, 23.5, 25),
)


def sample_of(
    x: Floats, y: Floats, kind: VariableKind, adjusted: Floats | None = None, days: Floats | None = None
) -> Sample:
    n = len(x)
    fixed = np.empty((n, 0)) if adjusted is None else adjusted
    return Sample(x, y, kind, np.arange(n), fixed, np.zeros(n, np.intp), days)


def estimate(settings: str | dict[str, object], sample: Sample) -> Estimate:
    return EFFECTS.parse(settings).estimate(sample)


@pytest.fixture
def nki70(public_data: Path) -> pd.DataFrame:
    """144 patients with breast cancer, 70 genes and age."""
    return pd.read_csv(public_data / "genomic-survival" / "nki70_breast_144x77.csv")


def test_correlations_are_those_of_scipy(nki70: pd.DataFrame) -> None:
    for gene in nki70.columns[7:27]:
        x, y = nki70[gene].to_numpy(float), nki70["Age"].to_numpy(float)
        theirs, ours = pearsonr(x, y), estimate("pearson", sample_of(x, y, "number"))
        assert ours.value == pytest.approx(theirs.statistic, abs=1e-12)
        assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)), abs=1e-9)
        ranks = estimate("spearman", sample_of(x, y, "number"))
        assert (ranks.value, ranks.p) == pytest.approx(tuple(spearmanr(x, y)), abs=1e-12)


def test_partial_correlations_are_those_of_pingouin_and_of_residuals(nki70: pd.DataFrame) -> None:
    """pingouin 0.7.0: partial_corr of TSPYL5 with Contig63649_RC given Age, and with the event given Age and DIAPH3."""
    x, y, age, other = (nki70[name].to_numpy(float) for name in ("TSPYL5", "Contig63649_RC", "Age", "DIAPH3"))
    event = nki70["event"].to_numpy(float)
    fixed = {"kind": "partial_correlation", "adjusted_for": ["Age"]}
    one = estimate(fixed, sample_of(x, y, "number", age[:, None]))
    assert (one.value, one.p) == pytest.approx((-0.07040013418463151, 0.4034296264812609), abs=1e-10)
    both = np.column_stack([age, other])
    two = estimate(fixed, sample_of(x, event, "flag", both))
    assert (two.value, two.p) == pytest.approx((-0.03913250738147554, 0.6438137216225301), abs=1e-10)
    ranks = estimate({**fixed, "kind": "partial_rank_correlation"}, sample_of(x, y, "number", age[:, None]))
    assert (ranks.value, ranks.p) == pytest.approx((-0.008804730548833514, 0.9168779516937106), abs=1e-10)
    A = np.column_stack([np.ones(len(x)), both])
    left = [one - A @ np.linalg.lstsq(A, one, rcond=None)[0] for one in (x, event)]
    assert two.value == pytest.approx(np.corrcoef(*left)[0, 1], abs=1e-12)


def test_tests_of_ranks_are_those_of_scipy_and_the_auc_has_delongs_variance(nki70: pd.DataFrame) -> None:
    event = nki70["event"].to_numpy(float)
    grade = nki70["Grade"].astype("category").cat.codes.to_numpy(float)
    for gene in nki70.columns[7:17]:
        x = nki70[gene].to_numpy(float)
        auc = estimate("mann_whitney", sample_of(x, event, "flag"))
        assert auc.value == pytest.approx(roc_auc_score(event, x), abs=1e-12)
        assert auc.p == pytest.approx(mannwhitneyu(x[event > 0], x[event == 0]).pvalue, abs=1e-12)
        pairs = PatientPairs.of([auc_pairs(np.arange(len(x)), event > 0, x)], [0], np.arange(len(x)).astype(str))
        assert auc.value is not None and auc.spread is not None
        assert (auc.spread * auc.value * (1 - auc.value)) ** 2 == pytest.approx(fixed_variance(pairs), rel=1e-9)
        classes = estimate("kruskal", sample_of(x, grade, "classes"))
        theirs = kruskal(*(x[grade == code] for code in np.unique(grade)))
        assert classes.p == pytest.approx(theirs.pvalue, abs=1e-12)
        assert classes.value == pytest.approx(theirs.statistic / (len(x) - 1), abs=1e-12)


def test_hazard_ratios_are_those_of_lifelines_with_ties_and_strata() -> None:
    """150 cases, days in tens so that most are tied, two columns held fixed, three strata."""
    rng = np.random.default_rng(2)
    n = 150
    X = rng.normal(size=(n, 3))
    days = np.ceil(rng.exponential(np.exp(-0.5 * X[:, 0])) * 20) * 10
    event, stratum = rng.random(n) < 0.7, rng.integers(0, 3, n).astype(np.intp)
    frame = pd.DataFrame(X, columns=["x", "a", "b"]).assign(days=days, event=event, stratum=stratum)
    for strata, codes in ((None, np.zeros(n, np.intp)), (["stratum"], stratum)):
        own = frame if strata else frame.drop(columns="stratum")
        theirs = CoxPHFitter().fit(own, "days", "event", strata=strata)
        found = fit_cox(X, days, event, codes)
        np.testing.assert_allclose(found.coefficients, theirs.params_.to_numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), theirs.standard_errors_.to_numpy(), rtol=1e-5)
    with pytest.raises(ArithmeticError):
        fit_cox(np.column_stack([X[:, 0], X[:, 0]]), days, event, stratum)
    with pytest.raises(ArithmeticError):  # every event comes before every censored case, by the column
        fit_cox(np.arange(20.0)[:, None] / 6 - 1.6, np.arange(20.0) + 1, np.arange(20) < 20, np.zeros(20, np.intp))


def test_hazard_ratios_are_those_of_lifelines_on_the_column_itself(nki70: pd.DataFrame) -> None:
    for gene in nki70.columns[7:12]:
        frame = nki70[["time", "event", gene, "Age"]]
        theirs = CoxPHFitter().fit(frame, "time", "event").summary.loc[gene]
        sample = sample_of(
            *(nki70[name].to_numpy(float) for name in (gene, "event")),
            "follow_up",
            nki70[["Age"]].to_numpy(float),
            nki70["time"].to_numpy(float),
        )
        ours = estimate({"kind": "hazard_ratio", "adjusted_for": ["Age"]}, sample)
        assert ours.link == pytest.approx(theirs["coef"] * nki70[gene].std(), rel=1e-5, abs=1e-6)
        assert ours.p == pytest.approx(theirs["p"], rel=1e-4)


def test_a_hazard_ratio_is_that_of_the_textbook() -> None:
    """Age of Rossi's recidivism data with the other six held fixed: −0.0574, standard error 0.0220 (Fox, An R and S-PLUS Companion,
    2002, appendix on Cox regression, after Allison 1995).
    """
    rossi = load_rossi()
    others = ["fin", "race", "wexp", "mar", "paro", "prio"]
    sample = sample_of(
        rossi["age"].to_numpy(float),
        rossi["arrest"].to_numpy(float),
        "follow_up",
        rossi[others].to_numpy(float),
        rossi["week"].to_numpy(float),
    )
    found = estimate({"kind": "hazard_ratio", "adjusted_for": others}, sample)
    assert found.link is not None and found.spread is not None
    sd = rossi["age"].std()
    assert (found.link / sd, found.spread / sd) == pytest.approx((-0.0574, 0.0220), abs=6e-5)
    assert found.p == pytest.approx(0.0090, abs=2e-4)


@pytest.mark.parametrize(
    ("term", "value", "error", "p"),
    [
        ("days", 0.660185, 0.061606, None),
        ("interaction", -0.304830, 0.121421, 0.0141),
        ("variable", -2.321023, 0.761418, 0.0054),
    ],
)
def test_mixed_models_are_those_of_statsmodels_and_nlme(term: str, value: float, error: float, p: float | None) -> None:
    """statsmodels 0.15.0, mixedlm("y ~ age", "y ~ age * girl", "y ~ age + girl", groups=child), REML; a year stands for 30 days.
    p of the latter two: lme of nlme (Pinheiro & Bates, 2000, 4.1), whose degrees of freedom are 79 and 25.
    """
    table = np.array([*GIRLS, *BOYS])
    x = table.ravel()
    child = np.repeat(np.arange(len(table)), 4).astype(np.intp)
    girl = (child < len(GIRLS)).astype(float)
    years = np.tile([8.0, 10, 12, 14], len(table))
    fixed, strata = np.empty((len(x), 0)), np.zeros(len(x), np.intp)
    sample = Sample(x, girl, "flag", child, fixed, strata, None, years * 30)
    found = estimate({"kind": "mixed_effects", "term": term}, sample)
    sd = x.std(ddof=1)
    assert found.value is not None and found.spread is not None
    assert found.value * sd == pytest.approx(value, abs=2e-6)
    assert found.spread * sd == pytest.approx(error, abs=3e-5)
    if p is not None:
        assert found.p == pytest.approx(p, abs=1e-4)


def test_ranks_of_a_flag_and_of_a_number_agree_with_one_another() -> None:
    """Kruskal and Wallis of two classes is Mann and Whitney without the correction for continuity; ε² is the square of ρ."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=40), np.arange(40) % 2.0
    share, rho = (estimate(kind, sample_of(x, y, "flag")) for kind in ("kruskal", "spearman"))
    assert rho.value is not None
    assert share.value == pytest.approx(rho.value**2, abs=1e-12)
    assert rankdata(x).sum() == 820
