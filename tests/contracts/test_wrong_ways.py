"""Wrong ways that inflate a score, each done by a plain script on noise and by a study of the same cases.

The figure in each docstring is the mean AUC of the wrong way over 20 seeds, where nothing can be told and 0.5 is right; the
scripts here do it for some of these seeds. A study has no way to do it, or refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score, roc_curve
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from features.core.design import Design
from features.core.errors import FitError
from features.core.outcome import Outcome
from features.fusion.patient_copies import row_copies
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.metrics.auc import Auc
from tasks.modelling.models.lasso_logistic import LassoLogistic
from tasks.modelling.models.model import MODELS
from tasks.modelling.prediction import Prediction
from tasks.modelling.preprocessing.step import STEPS
from tasks.modelling.rows import Rows
from tasks.modelling.scored import Scored
from tasks.modelling.solvers import lasso_logistic_path
from tasks.reports.sections.headline import headline
from tasks.reports.winner import find_winner
from tests.contracts.test_bad_input import fit, is_finite
from tests.support.design import BINARY, fitted, make_design, make_study
from tests.support.kinds import runnable

pytestmark = pytest.mark.slow

Floats = np.ndarray
FIVE = [{"kind": "nested", "folds": 5, "repeats": 1}]
CLEANED = ["drop_constant", "median", "zscore"]
RIDGE = {"name": "ridge", "steps": CLEANED, "model": {"kind": "ridge_logistic", "C": [1.0]}}
TEN = {
    "name": "ten",
    "steps": [*CLEANED, {"kind": "screen", "k": [10]}],
    "model": {"kind": "ridge_logistic", "C": [1.0]},
}
RBF = {"name": "rbf", "steps": CLEANED, "model": {"kind": "svm", "kernel": ["rbf"], "C": [1.0]}}


def noise(seed: int, n: int = 60, p: int = 400, positive: float = 0.5) -> tuple[Floats, Floats, np.random.Generator]:
    """Columns without any signal, (n, p), and flags, (n,)."""
    rng = np.random.default_rng(seed)
    X, flags = rng.normal(size=(n, p)), np.arange(n) < n * positive
    rng.shuffle(flags)
    return X, flags, rng


def design_of(X: Floats, flags: Floats, patients: Any = None, centres: Any = None) -> Design:
    """The same as a study has it."""
    n, names = len(X), [f"radiomics_{i}" for i in range(X.shape[1])]
    who = np.array([f"p{i}" for i in range(n)] if patients is None else patients)
    where = np.array(["a"] * n if centres is None else centres)
    table = pd.DataFrame(X, columns=names, index=[f"toy:{i}" for i in range(n)])
    return Design(table, dict.fromkeys(names, "radiomics"), Outcome.of_flag(flags), BINARY, who, where)


def radiomics_of(design: Design) -> Design:
    """Without the columns of baselines, which would be fitted too."""
    columns = design.columns("radiomics")
    return replace(design, X=design.X[columns], blocks=dict.fromkeys(columns, "radiomics"))


def study_of(design: Design, *models: Any, seed: int = 0, **changes: Any) -> StudyResult:
    return evaluate(design, make_study(models=list(models), splits=FIVE, seed=seed, **changes))


def score(result: StudyResult, metric: str = "auc", within: str = "") -> float:
    found = next(one for one in result.scores if (one.metric, one.within, one.centre) == (metric, within, ""))
    assert found.value is not None, found.reason
    return found.value


def by_folds(model: Any, X: Floats, flags: Floats, seed: int) -> float:
    """The mean AUC of five stratified folds, of scikit-learn."""
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    return float(cross_val_score(model, X, flags, cv=folds, scoring="roc_auc").mean())


def means(wrong: Callable[[int], float], right: Callable[[int], float], seeds: int = 5) -> tuple[float, float]:
    inflated, honest = (float(np.mean([one(seed) for seed in range(seeds)])) for one in (wrong, right))
    return inflated, honest


def test_columns_that_were_chosen_on_all_cases() -> None:
    """0.89: the ten columns of 400 that differ most, chosen on all 60 cases, then five folds. Their own training cases: 1.00."""

    def wrong(seed: int) -> float:
        X, flags, _ = noise(seed)
        apart = np.abs(X[flags].mean(axis=0) - X[~flags].mean(axis=0)) / np.sqrt(
            X[flags].var(axis=0) + X[~flags].var(axis=0)
        )
        return by_folds(LogisticRegression(), X[:, np.argsort(-apart)[:10]], flags, seed)

    inflated, honest = means(wrong, lambda seed: score(study_of(design_of(*noise(seed)[:2]), TEN, seed=seed)))
    assert inflated > 0.8
    assert honest < 0.63


def test_centres_that_were_harmonised_on_all_cases_with_the_outcome_kept() -> None:
    """0.88: means and scales of three centres with shares of 0.2, 0.5 and 0.8 are taken away beside an effect of the outcome,
    "to protect it", on all 60 cases. No harmoniser is given the outcome, and its covariates are columns of predictors."""

    def centred(seed: int) -> tuple[Floats, Floats, Floats]:
        rng = np.random.default_rng(seed)
        centre = np.repeat([0, 1, 2], 20)
        flags = np.concatenate([np.arange(20) < positive for positive in (4, 10, 16)])
        return rng.normal(size=(60, 400)) + rng.normal(size=(3, 400))[centre], flags, centre

    def wrong(seed: int) -> float:
        X, flags, centre = centred(seed)
        known = np.column_stack([np.eye(3)[centre], flags])
        effects = np.linalg.lstsq(known, X, rcond=None)[0]
        kept = np.outer(flags, effects[3])
        rest = X - known @ effects
        scale = np.array([rest[centre == one].std(axis=0, ddof=2) for one in range(3)])
        return by_folds(LogisticRegression(), rest / scale[centre] + kept, flags, seed)

    def right(seed: int) -> float:
        X, flags, centre = centred(seed)
        steps = ["drop_constant", "median", "combat", "zscore"]
        model = {"name": "combat", "steps": steps, "model": {"kind": "ridge_logistic", "C": [1.0]}}
        return score(
            study_of(design_of(X, flags, centres=[f"c{one}" for one in centre]), model, seed=seed), within="centre"
        )

    inflated, honest = means(wrong, right)
    assert inflated > 0.8
    assert honest < 0.63


def test_gaps_that_were_filled_in_by_class() -> None:
    """0.80: three cells in ten are missing, and become the mean of their class. No imputation is given the outcome."""

    def gaps(seed: int) -> tuple[Floats, Floats]:
        X, flags, rng = noise(seed, p=50)
        X[rng.random(X.shape) < 0.3] = np.nan
        return X, flags

    def wrong(seed: int) -> float:
        X, flags = gaps(seed)
        for own in (flags, ~flags):
            X[own] = np.where(np.isnan(X[own]), np.nanmean(X[own], axis=0), X[own])
        return by_folds(LogisticRegression(), X, flags, seed)

    inflated, honest = means(wrong, lambda seed: score(study_of(design_of(*gaps(seed)), RIDGE, seed=seed)))
    assert inflated > 0.7
    assert honest < 0.63
    assert not [kind for kind in STEPS.modules if STEPS.load(kind).stage == "impute" and STEPS.load(kind).supervised]


def test_cases_that_were_repeated_before_the_split() -> None:
    """0.98: 16 positive cases of 80 are repeated until both classes are as large; 0.97: each of 60 patients stands there twice.

    No step makes or repeats cases. Rows that are alike are one patient, whatever their ids."""

    def twice(seed: int) -> tuple[Floats, Floats]:
        X, flags, _ = noise(seed, p=50)
        return np.vstack([X, X]), np.concatenate([flags, flags])

    def wrong(seed: int) -> float:
        return by_folds(SVC(), *twice(seed), seed)

    def right(seed: int) -> float:
        design = design_of(*twice(seed))
        design = replace(design, copies=tuple(row_copies(design.X, design.blocks, design.patients)))
        assert len(np.unique(design.groups)) == 60
        return score(study_of(design, RBF, seed=seed))

    inflated, honest = means(wrong, right)
    assert inflated > 0.9
    assert honest < 0.63
    with pytest.raises(ValueError, match='unknown kind "smote"'):
        STEPS.parse("smote")


def test_a_patient_who_stands_on_both_sides() -> None:
    """0.98: three visits of each of 40 patients, cut into folds by rows. Folds are cut by patients."""

    def visits(seed: int) -> tuple[Floats, Floats, list[str]]:
        X, flags, rng = noise(seed, n=40, p=30)
        who = np.repeat(np.arange(40), 3)
        return X[who] + 0.5 * rng.normal(size=(120, 30)), flags[who], [f"p{one}" for one in who]

    def right(seed: int) -> float:
        X, flags, patients = visits(seed)
        return score(study_of(design_of(X, flags, patients), RBF, seed=seed))

    inflated, honest = means(lambda seed: by_folds(SVC(), *visits(seed)[:2], seed), right)
    assert inflated > 0.9
    assert honest < 0.63


def test_settings_that_were_chosen_by_the_folds_that_are_reported() -> None:
    """0.59: the best of 1 to 24 neighbours by five folds, reported by these folds. Inner folds choose, outer ones are reported."""
    numbers = list(range(1, 25, 2))

    def wrong(seed: int) -> float:
        X, flags, _ = noise(seed, p=50)
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        return float(
            GridSearchCV(KNeighborsClassifier(), {"n_neighbors": numbers}, scoring="roc_auc", cv=folds)
            .fit(X, flags)
            .best_score_
        )

    model = {"name": "near", "steps": CLEANED, "model": {"kind": "nearest_neighbours", "neighbours": numbers}}
    inflated, honest = means(
        wrong, lambda seed: score(study_of(design_of(*noise(seed, p=50)[:2]), model, seed=seed)), 8
    )
    assert inflated > 0.56
    assert honest < inflated - 0.04


def test_rounds_that_were_chosen_on_test_cases() -> None:
    """0.68: of 100 rounds of boosting the best of each test fold. `stop_after` is chosen on inner folds, as every setting."""

    def wrong(seed: int) -> float:
        X, flags, _ = noise(seed, p=50)
        found = []
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(X, flags):
            model = GradientBoostingClassifier(
                n_estimators=40, learning_rate=0.05, max_depth=2, max_features="sqrt", random_state=0
            )
            stages = model.fit(X[train], flags[train]).staged_decision_function(X[test])
            found.append(max(roc_auc_score(flags[test], one.ravel()) for one in stages))
        return float(np.mean(found))

    model = {"name": "boosted", "steps": CLEANED, "model": {"kind": "gradient_boosting", "stop_after": [10, 20, 40]}}
    inflated, honest = means(
        wrong, lambda seed: score(study_of(design_of(*noise(seed, p=50)[:2]), model, seed=seed)), 3
    )
    assert inflated > 0.6
    assert honest < inflated - 0.05


def test_a_threshold_that_was_chosen_on_test_cases() -> None:
    """0.66: balanced accuracy at the best threshold of each test fold. Thresholds are learned of training cases."""

    def wrong(seed: int) -> float:
        X, flags, _ = noise(seed, p=10)
        found = []
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(X, flags):
            risk = LogisticRegression().fit(X[train], flags[train]).decision_function(X[test])
            false, true, _ = roc_curve(flags[test], risk)
            found.append(((true + 1 - false) / 2).max())
        return float(np.mean(found))

    def right(seed: int) -> float:
        found = study_of(design_of(*noise(seed, p=10)[:2]), RIDGE, seed=seed, thresholds="always")
        return score(found, "balanced_accuracy")

    inflated, honest = means(wrong, right)
    assert inflated > 0.6
    assert honest < 0.58


def test_risk_groups_that_were_cut_where_they_differ_most() -> None:
    """55 % of tables of noise have a log-rank p below 0.05 at the best cut of a column. Groups are cut at a median of training."""
    told = 0
    for seed in range(20):
        model = {"name": "cox", "steps": CLEANED, "model": {"kind": "ridge_cox", "alpha_fraction": [1.0]}}
        design = radiomics_of(make_design("survival", n=60, p=5, signal=0.0, seed=seed, nan=0.0))
        found = next(one for one in study_of(design, model, seed=seed).groups if one.blocks == "radiomics")
        told += found.p is not None and found.p < 0.05
    assert told <= 4


def test_the_centre_counted_as_a_finding() -> None:
    """0.73: two centres with shares of 0.2 and 0.8, and a column that tells the centre. Cases are also compared within centres;
    that score chooses, and comes first."""

    def two(seed: int) -> tuple[Floats, Floats, Floats]:
        rng = np.random.default_rng(seed)
        centre = np.repeat([0, 1], 30)
        X = rng.normal(size=(60, 10))
        X[:, 0] += 3 * centre
        return X, rng.random(60) < np.where(centre, 0.8, 0.2), centre

    def of(seed: int, within: str) -> float:
        X, flags, centre = two(seed)
        return score(
            study_of(design_of(X, flags, centres=[f"c{one}" for one in centre]), RIDGE, seed=seed), within=within
        )

    pooled, honest = means(lambda seed: of(seed, ""), lambda seed: of(seed, "centre"), 12)
    assert pooled > 0.65
    assert honest < 0.6


def test_scores_of_folds_that_were_thrown_together() -> None:
    """0.00: leave one out, and a model that says the share of positive cases among the others, over all cases together: each fold
    has a level of its own. Only cases of one fold are compared."""
    flags = np.arange(20) % 2 == 0
    said = np.array([flags[np.arange(20) != i].mean() for i in range(20)])
    assert roc_auc_score(flags, said) == 0
    outcome = Outcome.of_flag(flags)
    risk = np.random.default_rng(0).normal(size=20)
    halves = [np.arange(10), np.arange(10, 20)]
    one, two = (
        Auc().value(
            [
                Scored(rows, outcome.take(rows), Prediction(risk[rows] + level), outcome, BINARY, np.array(["a"] * 10))
                for rows, level in zip(halves, levels, strict=True)
            ]
        )
        for levels in ((0, 0), (0, 100))
    )
    assert one == two


def test_the_best_of_many_is_told_to_be_that() -> None:
    """0.72: the best of 50 logistic regressions of ten columns each; 0.65: of 50 seeds; 0.64: of both directions of each fold.

    A report says of how many it is the best and that this is optimistic, every candidate is compared with the first, corrected for
    how many there are, and a score below one half stays below."""
    X, flags, rng = noise(4)
    panels = [sorted(rng.choice(400, 10, replace=False)) for _ in range(12)]
    design = design_of(X, flags)
    blocks = {f"panel{i}": [f"panel{i}"] for i in range(12)}
    table = pd.DataFrame(
        {f"panel{i}__{j}": X[:, j] for i, panel in enumerate(panels) for j in panel}, index=design.X.index
    )
    design = replace(design, X=table, blocks={name: name.partition("__")[0] for name in table})
    study = make_study(models=[RIDGE], splits=[{**FIVE[0], "repeats": 2}], blocks=blocks)
    result = evaluate(design, study)
    values = [one.value for one in result.scores if one.metric == "auc" and one.value is not None]
    assert max(values) > 0.58 and min(values) < 0.45
    told = headline(study, result, find_winner(study, result))
    assert "Best of 12 combinations" in told.sentence
    assert any(
        "The best of many is optimistic: its score was picked for being the highest" in one for one in told.cautions
    )


def test_a_fold_that_fails_is_not_left_out_of_the_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.00 to 1.00: three events in 30 cases, and the mean over those of five folds that have one; the others are NaN.

    Too few events are refused with their number; a fold that fails leaves a candidate without a score, and with the reason."""
    design = make_design()
    design.outcome.code[:] = np.arange(48) < 3
    with pytest.raises(
        FitError, match="48 cases, 3 with and 45 without the event; needed: 10 cases and 5 of either class; add"
    ):
        evaluate(design, make_study())
    fit = LassoLogistic.fit_variants
    calls = iter(range(100))

    def once(*given: Any) -> Any:
        if next(calls) == 0:
            raise ArithmeticError("no end within 5 steps")
        return fit(*given)

    monkeypatch.setattr(LassoLogistic, "fit_variants", once)
    alone = {"name": "alone", "steps": CLEANED, "model": {"kind": "lasso_logistic", "C": [0.3]}}
    result = evaluate(
        make_design(centres=1), make_study(models=[alone], splits=[{"kind": "nested", "folds": 3, "repeats": 1}])
    )
    failed = next(one for one in result.scores if one.reason and one.metric == "auc")
    assert (failed.value, failed.low) == (None, None)
    assert failed.reason == "1 of 3 folds could not be fitted; fold 1: no end within 5 steps"


@pytest.mark.parametrize("endpoint", ["binary", "survival"])
def test_a_column_that_separates_the_classes_gets_no_weight_without_bound(endpoint: str) -> None:
    """11.2: the coefficient of scikit-learn's logistic regression without a penalty, on a column of spread 1, without a warning.

    The leak check refuses such a column; where a person has checked it, no model is without a penalty, and weights stay finite."""
    design = radiomics_of(make_design(endpoint, n=60, p=3, nan=0.0))
    drive = design.event.astype(float) if endpoint == "binary" else -design.outcome.days
    design = replace(design, X=design.X.assign(radiomics_0=drive))
    for kind in runnable(MODELS.modules):
        if endpoint in MODELS.load(kind).endpoints and MODELS.load(kind).steps:  # ensembles are what their members are
            found = fit(kind, design)
            if found.prediction is None:  # LASSO with hardly any penalty
                assert "no optimum found at the penalty" in found.reason
                continue
            weights = np.array([*found.selected.values()])
            assert is_finite(found.prediction), kind
            assert (np.abs(weights[np.isfinite(weights)]) < 1e3).all(), (
                kind
            )  # 160 where the penalty itself is chosen by likelihood


def test_a_model_without_a_penalty_is_refused_where_columns_are_many() -> None:
    """0.83: Harrell's C of a Cox regression without a penalty on 25 columns of noise, in its own 50 cases; coefficients up to 10
    (scikit-survival, without a warning). A column for ten events, or a penalty above 0."""
    design = make_design("survival", n=50, p=200, nan=0.0)
    for kind in ("cox", "aft"):
        one = {"name": kind, "steps": CLEANED, "model": kind}
        result = evaluate(design, make_study(models=[one], splits=FIVE))
        reason = next(score.reason for score in result.scores if score.blocks == "radiomics")
        assert reason.startswith("5 of 5 folds could not be fitted; fold 1: ")
        assert "; allowed: at most 2; put a step that keeps fewer before it" in reason
    for kind in ("ridge_cox", "coxnet", "elastic_net_cox", "ridge_logistic", "lasso_logistic", "svm"):
        field = next(name for name in ("alpha_fraction", "C") if name in MODELS.load(kind).model_fields)
        with pytest.raises(ValueError, match="greater than 0"):
            MODELS.parse({"kind": kind, field: [0]})


def test_columns_in_another_order_are_found_by_name() -> None:
    """0.52 in place of 0.90: the columns of new cases in another order, as scikit-learn takes them from an array."""
    X, flags, _ = noise(1, n=120, p=10)
    X[:, 0] += 2 * flags
    wrong = LogisticRegression().fit(X[:60], flags[:60]).decision_function(X[60:, ::-1])
    assert roc_auc_score(flags[60:], wrong) < 0.75
    design = design_of(X, flags)
    model = fitted(RIDGE, design.take(np.arange(60))).fitted
    assert model is not None
    rows = Rows.of(design.take(np.arange(60, 120)))
    turned = model.predict(rows.keep(np.arange(10)[::-1])).risk
    assert turned is not None and roc_auc_score(flags[60:], turned) > 0.8


def test_gaps_are_no_value_that_a_forest_may_split_by() -> None:
    """0.92: half of the cells of positive cases are missing, a fifth of the others', and a forest takes NaN without a word.

    A candidate without an imputation is a fault; who is missing tells nothing unless `missing_indicators` is asked for."""
    with pytest.raises(ValueError, match='random_forest takes no missing values: put "median" among the steps'):
        make_study(models=[{"name": "bare", "steps": [], "model": "random_forest"}])
    with pytest.raises(ValueError, match='models take no missing values: put "median" among the steps'):
        make_study(models=[{"name": "bare", "steps": ["drop_constant"], "model": "random_forest"}])


def test_constant_and_doubled_columns_do_not_end_a_study() -> None:
    """0.46 with them and without: constant columns that were dropped on all cases tell nothing of the outcome, so that no score
    is inflated. What they cost is a study: scikit-learn ends with a ValueError at an empty column, and a script that catches
    it has no score. They are dropped within the fold, by name, whatever the model."""
    X, flags, _ = noise(3, p=6)
    junk = np.column_stack([X, np.full(60, 3.0), X[:, :2], np.full(60, np.nan)])
    with pytest.raises(ValueError, match="NaN"):
        LogisticRegression().fit(junk, flags)
    plain, found = (study_of(radiomics_of(design_of(one, flags)), RIDGE) for one in (X, junk))
    assert score(found) == pytest.approx(score(plain), abs=1e-12)
    told = {
        "radiomics_6": "one value in the training rows",
        "radiomics_7": "equal to an earlier column",
        "radiomics_8": "equal to an earlier column",
        "radiomics_9": "missing in all training rows",
    }
    for name, why in told.items():
        assert found.warnings[f"drop_constant left out {name}: {why}"] == 5


def test_a_centre_of_one_class_has_no_score() -> None:
    """1.00: the balanced accuracy of scikit-learn, in a centre of positive cases alone, of who says yes to all. An AUC that is
    taken for 0.5 there deflates: 0.80 for the 0.90 of the three other centres. There is no score, and a sentence."""
    flags, centres = np.arange(80) % 2 == 0, np.repeat(["a", "b", "c", "d"], 20)
    flags[60:] = True
    with pytest.warns(UserWarning, match="A single label was found"):
        assert balanced_accuracy_score(flags[60:], np.ones(20, bool)) == 1.0
    X = np.random.default_rng(5).normal(size=(80, 4))
    X[:, 0] += 2 * flags
    design = radiomics_of(design_of(X, flags, centres=centres))
    found = evaluate(design, make_study(models=[RIDGE], splits=[{"kind": "centre_out"}], thresholds="always"))
    alone = {one.metric: one for one in found.scores if one.centre == "d"}
    for metric in ("auc", "auprc", "balanced_accuracy"):
        assert (alone[metric].value, alone[metric].low) == (None, None)
        assert re.search(r"20 (positive|with)|all 20|20 cases", alone[metric].reason), alone[metric].reason
    others = [one.value for one in found.scores if one.centre in ("a", "b", "c") and one.metric == "auc"]
    whole = next(one for one in found.scores if one.metric == "auc" and not one.centre and not one.within)
    assert whole.value == pytest.approx(np.mean(others), abs=0.05)  # type: ignore[arg-type]


def test_a_study_has_one_result() -> None:
    """0.61: the best of 20 seeds of a forest, on the same five folds of noise; 0.49 is their mean. A study has one seed, which is
    part of its address, and its numbers are the same again, to the last bit."""
    X, flags, _ = noise(2, p=8)
    design, forest = radiomics_of(design_of(X, flags)), {"name": "rf", "steps": CLEANED, "model": "random_forest"}

    def best_of(seed: int) -> float:
        grown = [RandomForestClassifier(10, min_samples_leaf=3, random_state=i) for i in range(10)]
        return max(by_folds(one, X, flags, seed) for one in grown) - by_folds(grown[0], X, flags, seed)

    assert best_of(0) > 0.02
    one, again = (study_of(design, forest, seed=4) for _ in range(2))
    assert one.scores == again.scores
    assert one.selected == again.selected


def test_a_model_that_did_not_converge_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.60 for 0.79: a linear SVM after one step, on a column with signal; on noise 0.48 and 0.48. A fit that ends too early
    does not inflate a score, but is another model than was named. Solvers meet their conditions or fail with the number; what
    warns is counted beside the score."""
    X, flags, _ = noise(1, p=40)
    X[:, 0] += 2 * flags
    with pytest.warns(ConvergenceWarning):
        early = by_folds(SVC(kernel="linear", C=0.1, max_iter=1), X, flags, 0)
    assert early < by_folds(SVC(kernel="linear", C=0.1), X, flags, 0) - 0.1
    design = radiomics_of(design_of(X, flags))
    alone = {"name": "alone", "steps": CLEANED, "model": {"kind": "lasso_logistic", "C": [0.3]}}
    monkeypatch.setattr(lasso_logistic_path, "_path", lambda *given: (np.zeros((1, 41)), 0))  # as after its last round
    failed = next(one for one in study_of(design, alone).scores if one.metric == "auc")
    assert (failed.value, failed.low) == (None, None)
    assert "LASSO logistic: no optimum found at the penalty" in failed.reason
