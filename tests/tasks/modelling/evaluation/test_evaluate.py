"""evaluate: what stands in a result, what is refused, and that it is the same twice."""

from __future__ import annotations

import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.errors import FitError, RadweaveError
from tasks.modelling.evaluation.evaluate import evaluate, small_sentence
from tasks.modelling.evaluation.result import PREDICTION_COLUMNS
from tasks.modelling.models.lasso_logistic import LassoLogistic
from tasks.modelling.models.model import MODELS
from tasks.modelling.solvers import lasso_logistic_path
from tests.support.design import FAST, SCREENED, make_design, make_study
from tests.support.kinds import runnable, small_model


def test_baselines_stand_beside_the_declared_sets() -> None:
    steps: list[tuple[str, int, int]] = []
    result = evaluate(make_design(), make_study(), progress=lambda *step: steps.append(step))
    assert list(result.blocks) == ["clinical", "volume", "radiomics"]
    assert result.blocks["volume"] == ("region_volume_ml",)
    assert len(result.scores_table().query("centre == '' and metric == 'auc'")) == 3 * (
        2 + 1
    )  # nested, within centres too
    told = result.scores_table().query("centre == '' and metric == 'brier'")
    assert list(told["within"].unique()) == [""]  # nothing is compared
    assert [step[1:] for step in steps] == [(i, 6) for i in range(1, 7)]
    assert steps[0][0] == "nested · fold 1"
    assert result.tuned.block_sets == 3
    assert result.tuned.settings > 3


def test_every_case_is_predicted_once_in_each_repeat() -> None:
    design = make_design()
    result = evaluate(design, make_study(splits=[{"kind": "nested", "folds": 3, "repeats": 2}]))
    assert tuple(result.predictions.columns) == PREDICTION_COLUMNS
    for _, rows in result.predictions.groupby(["repeat", "blocks", "model"]):
        assert sorted(rows["case"]) == sorted(design.X.index)
    assert result.predictions["event"].dtype == bool
    learnt = result.probabilities.groupby(["repeat", "fold", "blocks"]).size()
    called = result.predictions.groupby(["repeat", "fold", "blocks"])["high_risk"].apply(
        lambda part: part.notna().sum()
    )
    pd.testing.assert_series_equal(
        called[called > 0], learnt, check_names=False
    )  # where inner folds taught a threshold
    assert result.probabilities["probability"].between(0, 1).all()
    assert set(result.probabilities["level"]) == {"yes"}


def test_thresholds_are_learned_of_every_candidate_if_a_study_says_so() -> None:
    design, one = make_design(), [{"kind": "nested", "folds": 3, "repeats": 1}]
    alone = {
        "name": "alone",
        "steps": ["drop_constant", "median", "zscore"],
        "model": {"kind": "lasso_logistic", "C": [0.3]},
    }
    free, always = (
        evaluate(design, make_study(models=[alone], splits=one, thresholds=thresholds))
        for thresholds in ("free", "always")
    )
    assert free.probabilities.empty
    assert len(always.probabilities) == len(always.predictions)
    assert always.predictions["score"].tolist() == free.predictions["score"].tolist()
    reasons = {score.reason[:63] for score in free.scores if score.metric == "sensitivity"}
    assert reasons == {"3 of 3 folds learned no threshold and no probabilities: inner f"}
    assert all(score.value is not None for score in always.scores if score.metric in ("sensitivity", "brier"))


@pytest.mark.slow
def test_every_score_has_an_interval_or_a_reason_n_and_events() -> None:
    design = make_design("survival")
    splits = [{"kind": "nested", "folds": 3, "repeats": 2}, "centre_out"]
    result = evaluate(design, make_study(models=[{"kind": "coxnet"}], splits=splits))
    for score in (score for score in result.scores if score.metric in ("harrell_c", "uno_c")):
        assert score.value is not None
        if score.split == "centre_out" and not score.centre:
            assert (score.low, score.reason[:26]) == (None, "no interval: 3 centres do ")
            continue
        assert score.reason == ""
        assert score.low is not None
        assert score.high is not None
        assert score.low < score.value < score.high
        assert score.interval_of.startswith("the mean score of models" if score.split == "nested" else "this model")
        repeats = score.lowest, score.highest
        assert (repeats == (None, None)) == (score.split == "centre_out")
    overall = [score for score in result.scores if not score.centre and not score.within]
    assert {(score.n, score.events) for score in overall} == {(48, int(design.event.sum()))}


@pytest.mark.slow
def test_survival_has_risk_groups_of_the_first_repeat() -> None:
    design = make_design("survival", signal=3.0)
    result = evaluate(design, make_study(models=[{"kind": "coxnet"}]))
    group = next(g for g in result.groups if (g.split, g.blocks) == ("nested", "radiomics"))
    assert group.high is not None
    assert group.low is not None
    assert group.high.n + group.low.n == len(design.X)
    assert group.p is not None
    assert group.p < 0.01


@pytest.mark.slow
def test_equal_studies_give_equal_results() -> None:
    models = [{"kind": "lasso_logistic"}, {"kind": "random_forest", "trees": 10}]
    study = make_study(models=models, splits=["centre_out"])
    one, two = (evaluate(make_design(), study) for _ in range(2))
    assert one.scores == two.scores
    assert one.selected == two.selected
    pd.testing.assert_frame_equal(one.predictions, two.predictions)


@pytest.mark.slow
def test_a_process_pool_gives_the_same_result() -> None:
    design, study = make_design(), make_study()
    with ProcessPoolExecutor(2) as pool:
        there = evaluate(design, study, map_units=pool.map)
    assert there.scores == evaluate(design, study).scores


@pytest.mark.slow
@pytest.mark.parametrize("kind", runnable(MODELS.modules))
def test_shared_work_equals_a_fit_of_its_own(kind: str) -> None:
    """What candidates and sets of blocks share gives the numbers that each gives alone."""
    design = make_design(min(MODELS.load(kind).endpoints))
    blocks = {"radiomics": ["radiomics"], "both": ["clinical", "radiomics"]}
    costly = {"models", "epochs"} & MODELS.load(kind).model_fields.keys()  # ensembles and networks
    model = small_model(kind, trees=10, one_setting=bool(costly))
    if kind == "stacking":  # its members are fitted in inner folds of inner folds
        model["models"] = ["naive_bayes", {"kind": "ridge_logistic", "C": [0.1]}]
    steps = [*SCREENED[:-1], {"kind": "screen", "k": [1, 5]}]  # few events allow a Cox model one column
    several = [model, {"name": "screened", "steps": steps, "model": model}]
    together = evaluate(design, make_study(models=several, blocks=blocks))
    alone = evaluate(design, make_study(models=[several[1]], blocks={"both": blocks["both"]}))
    of_both = "blocks == 'both' and model == 'screened'"
    one, two = (found.predictions.query(of_both).reset_index(drop=True) for found in (together, alone))
    pd.testing.assert_frame_equal(one, two)
    shares = together.shares_table().query(of_both).reset_index(drop=True)
    pd.testing.assert_frame_equal(shares, alone.shares_table())
    assert len(shares)


def test_a_centre_with_one_class_is_predicted_but_not_scored() -> None:
    design = make_design()
    design.outcome.code[design.centres == "centre1"] = 1
    result = evaluate(design, make_study(splits=["centre_out"]))
    score = next(s for s in result.scores if s.centre == "centre1")
    assert (score.value, score.n, score.events) == (None, 16, 16)
    assert score.reason == "no comparable pair within a fold: 16 of 16 cases positive"
    assert (result.predictions["centre"] == "centre1").sum() == 3 * 16
    assert next(s for s in result.scores if not s.centre).value is not None


def test_a_centre_with_one_event_has_a_value_without_interval_and_a_true_reason() -> None:
    design = make_design("survival")
    alone = np.flatnonzero(design.centres == "centre2")
    seen = design.outcome
    assert seen.days is not None
    seen.code[alone], seen.days[alone] = 0, 9e4
    seen.code[alone[0]], seen.days[alone[0]] = 1, 8e4  # after every event of the other centres
    model = {"kind": "coxnet", "alpha_fraction": [0.25]}
    result = evaluate(design, make_study(models=[model], splits=["centre_out"]))
    last = seen.days[seen.flag & (design.centres != "centre2")].max()
    harrell, uno = (
        next(s for s in result.scores if (s.centre, s.metric) == ("centre2", m)) for m in ("harrell_c", "uno_c")
    )
    assert harrell.value is not None and (harrell.low, harrell.high, harrell.events) == (None, None, 1)
    assert harrell.reason == "all comparable pairs hold one and the same patient"
    assert uno.value is None
    assert uno.reason == (
        f"Uno’s C counts events before the last event of the training cases (day {last:g}), and the only event here is not"
    )


def test_one_centre_gives_a_reason_and_no_number() -> None:
    result = evaluate(make_design(centres=1), make_study())
    score = next(s for s in result.scores if s.split == "centre_out")
    assert score.value is None
    assert score.reason == (
        "leaving one centre out needs two centres; found centre0; name the column of centres in the catalog, or leave this "
        "split out"
    )


@pytest.mark.slow
def test_a_model_that_fails_is_a_score_without_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ArithmeticError("weights are too large")

    monkeypatch.setattr(lasso_logistic_path, "lasso_logistic_path", fail)
    result = evaluate(make_design(), make_study(models=["lasso_logistic", "svm"]))
    failed = [score for score in result.scores if score.model == "lasso_logistic" and not score.centre]
    assert {score.value for score in failed} == {None}
    assert failed[0].reason == "3 of 3 folds could not be fitted; fold 1: weights are too large"
    assert all(score.value is not None for score in result.scores if (score.model, score.metric) == ("svm", "auc"))


def test_a_bug_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise TypeError("a bug")

    monkeypatch.setattr(lasso_logistic_path, "lasso_logistic_path", fail)
    with pytest.raises(TypeError, match="a bug"):
        evaluate(make_design(), make_study())


def test_convergence_warnings_become_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = LassoLogistic.fit_variants

    def warned(*given: Any) -> Any:
        warnings.warn("the solver failed to converge", UserWarning, stacklevel=2)
        return whole(*given)

    monkeypatch.setattr(LassoLogistic, "fit_variants", warned)
    result = evaluate(make_design(), make_study())
    assert any(message.startswith("UserWarning: the solver failed to converge") for message in result.warnings)
    assert any(score.warnings > 0 for score in result.scores)


@pytest.mark.parametrize(
    ("keep", "message"),
    [(9, "9 cases"), (47, "47 cases, 4 with and 43 without the event; needed: 10 cases and 5 of either class")],
)
def test_too_few_cases_or_events_are_refused(keep: int, message: str) -> None:
    design = make_design()
    design.outcome.code[:] = np.arange(48) < 4
    small = design.take(np.arange(keep))
    with pytest.raises(FitError, match=message):
        evaluate(small, make_study())


@pytest.mark.slow
def test_seventeen_patients_with_five_positives_pass_and_are_marked_small() -> None:
    design = make_design(n=17, centres=2)
    design.outcome.code[:] = np.arange(17) % 3 == 1
    design.outcome.code[16] = 0
    assert design.event.sum() == 5
    result = evaluate(design, make_study(models=[{"kind": "lasso_logistic"}]))
    assert all(score.value is not None for score in result.scores if score.split == "nested")
    assert result.small.startswith("Small study: 17 cases, 5 events. Intervals are wide, where there are any")


def test_small_is_a_matter_of_cases_and_of_the_rarer_class() -> None:
    binary, survival = make_design(n=200), make_design("survival", n=200)
    assert small_sentence(binary) == ""
    for design in (binary, survival):
        design.outcome.code[:] = np.arange(200) < 190
    assert small_sentence(binary)
    assert small_sentence(survival) == ""
    assert small_sentence(survival.take(np.arange(49)))


def test_models_of_another_endpoint_are_refused() -> None:
    with pytest.raises(FitError, match="lasso_logistic cannot predict a survival endpoint"):
        evaluate(make_design("survival"), make_study())


def test_a_block_without_columns_is_refused() -> None:
    with pytest.raises(FitError, match='the set "genes" has no columns for genomic; found clinical, radiomics, region'):
        evaluate(make_design(), make_study(blocks={"genes": ["genomic"]}))


def test_infinite_values_are_refused_by_name() -> None:
    design = make_design()
    design.X.loc["toy:p3", "radiomics_2"] = np.inf
    with pytest.raises(FitError, match="1 column holds infinite values, for example radiomics_2"):
        evaluate(design, make_study())


@pytest.mark.parametrize("fusion", ["stacked", "together"])
def test_a_set_sees_the_parts_that_it_names_as_blocks(fusion: str) -> None:
    """Scores, shares and controls are those of a table whose columns are of these blocks; other sets do not change."""
    plain = make_design()
    first = tuple(f"radiomics_{i}" for i in range(8))
    rest = tuple(column for column in plain.columns("radiomics") if column not in first)
    parted = replace(plain, parts={"first": first, "rest": rest})
    cut = replace(plain, blocks={**plain.blocks, **dict.fromkeys(first, "first"), **dict.fromkeys(rest, "rest")})
    settings: dict[str, Any] = {
        "models": [{**FAST, "fusion": fusion}],
        "splits": [{"kind": "nested", "folds": 3, "repeats": 1}],
        "controls": ["ablation"],
    }
    parts = {word: {"of": "radiomics", "columns": "*"} for word in ("first", "rest")}
    both = {"both": ["first", "rest"]}
    found = evaluate(parted, make_study(blocks={**both, "radiomics": ["radiomics"]}, parts=parts, **settings))
    wanted = evaluate(cut, make_study(blocks=both, **settings))
    whole = evaluate(plain, make_study(blocks={"radiomics": ["radiomics"]}, **settings))

    def of(result: Any, name: str) -> list[Any]:
        return [(s.metric, s.value, s.low, s.high) for s in result.scores if s.blocks == name and not s.centre]

    assert of(found, "both") == of(wanted, "both")
    assert of(found, "radiomics") == of(whole, "radiomics")
    assert [one for one in found.shares if one.blocks == "both"] == list(wanted.shares)
    assert [one.block for one in found.shares] == ["first", "rest"]
    (ablated,) = [one for one in found.controlled if one.blocks == "both"]
    assert ablated.runs == wanted.controlled[0].runs
    assert [label for label, _ in ablated.runs] == ["without first", "without rest"]


def test_a_column_that_a_set_names_twice_is_refused() -> None:
    design = replace(make_design(), parts={"first": ("radiomics_0",)})
    study = make_study(
        blocks={"twice": ["radiomics", "first"]}, parts={"first": {"of": "radiomics", "columns": "radiomics_0"}}
    )
    with pytest.raises(
        RadweaveError, match='the set "twice" has the column radiomics_0 twice, of radiomics and of first'
    ):
        evaluate(design, study)
