"""Controls take away what they say, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.errors import FitError
from features.results.schemas import STUDY_TABLES
from tasks.modelling.controls.control import CONTROLS, Given, Run
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.splits.split import SPLITS
from tests.support.design import make_design, make_study

NESTED = SPLITS.parse({"kind": "nested", "folds": 3, "repeats": 1})
MODEL = {
    "name": "lasso",
    "steps": ["drop_constant", "median", "zscore"],
    "model": {"kind": "lasso_logistic", "C": [0.3]},
}


def runs_of(
    kind: str, *, used: int = 4, columns: Any = None, design: Any = None, **settings: Any
) -> tuple[Given, list[Run]]:
    own = make_design(n=60) if design is None else design
    names = tuple(own.columns("clinical", "radiomics") if columns is None else columns)
    folds = tuple(NESTED.cut(own, 0))
    given = Given(own, names, folds, used, lambda other: NESTED.cut(other, 0), np.random.default_rng(0))
    return given, CONTROLS.parse({"kind": kind, **settings}).runs(given)


def test_shuffled_outcomes_stay_in_their_centre_and_patients_stay_whole() -> None:
    design = make_design(n=60)
    patients = np.repeat([f"p{i}" for i in range(30)], 2)
    code = np.repeat(design.outcome.code[:30], 2)
    twice = replace(
        design,
        patients=patients,
        centres=np.repeat([f"c{i % 3}" for i in range(30)], 2),
        outcome=replace(design.outcome, code=code),
    )
    given, runs = runs_of("permuted_outcome", design=twice, times=3)
    assert len({run.design.outcome.code.tobytes() for run in runs}) == 3
    for run in runs:
        assert run.design.X is given.design.X
        told = pd.DataFrame({"p": patients, "c": twice.centres, "y": run.design.outcome.code})
        assert (told.groupby("p")["y"].nunique() == 1).all()
        assert (
            told.groupby("c")["y"].sum().equals(pd.DataFrame({"c": twice.centres, "y": code}).groupby("c")["y"].sum())
        )


def test_random_panels_are_of_the_same_size_in_the_same_folds() -> None:
    given, runs = runs_of("random_columns", times=5)
    assert {len(run.columns) for run in runs} == {4}
    assert len({run.columns for run in runs}) == 5
    assert all(set(run.columns) <= set(given.columns) and run.folds == given.folds for run in runs)
    with pytest.raises(FitError, match="models used 0 of 25 columns, so that there is no other panel of this size"):
        runs_of("random_columns", used=0)


def test_missingness_is_all_that_is_left() -> None:
    given, (run,) = runs_of("missingness")
    X = run.design.X[list(run.columns)]
    pd.testing.assert_frame_equal(X, given.design.X[list(run.columns)].isna().astype(float))
    assert "radiomics_0" in run.columns
    assert "radiomics_empty" not in run.columns  # missing of all
    with pytest.raises(FitError, match="every column is known of all cases, or of none"):
        runs_of("missingness", columns=("clinical_age",))


def test_each_block_is_left_out_once() -> None:
    given, runs = runs_of("ablation")
    assert [run.label for run in runs] == ["without radiomics", "without clinical"]
    assert set(runs[0].columns) | set(runs[1].columns) == set(given.columns)
    assert not set(runs[0].columns) & set(runs[1].columns)
    with pytest.raises(FitError, match="there is one block"):
        runs_of("ablation", columns=("clinical_age", "clinical_stage"))


def test_a_larger_share_of_training_cases_holds_the_smaller_ones_and_test_cases_stay() -> None:
    given, runs = runs_of("learning_curve", shares=[0.5, 0.25])
    for small, large, fold in zip(*(run.folds for run in runs), given.folds, strict=True):
        assert set(small.train) < set(large.train) < set(fold.train)
        assert len(large.train) == pytest.approx(len(fold.train) / 2, abs=1)
        assert large.test.tolist() == fold.test.tolist()
        seen = given.design.outcome.flag
        assert seen[large.train].mean() == pytest.approx(seen[fold.train].mean(), abs=0.03)


@pytest.mark.slow
def test_a_planted_signal_is_told_from_chance_and_a_study_without_one_is_not() -> None:
    controls = [{"kind": "permuted_outcome", "times": 9}, "missingness", "ablation"]
    blocks = {"both": ["clinical", "radiomics"]}
    split = [{"kind": "nested", "folds": 3, "repeats": 2}]
    found = {}
    for signal, seed in ((0.0, 1), (3.0, 0)):
        design = make_design(n=72, signal=signal, nan=0.1, seed=seed)
        study = make_study(models=[MODEL], blocks=blocks, splits=split, controls=controls)
        result = evaluate(design, study)
        found[signal] = {one.control: one for one in result.controlled}
        plain = evaluate(design, make_study(models=[MODEL], blocks=blocks, splits=split))
        assert plain.scores == result.scores  # they choose nothing, and move nothing
        assert plain.controlled == ()
        table = result.controls_table()
        assert list(table["control"].value_counts(sort=False)) == [9, 1, 2]
        assert set(table.columns) == set(next(one for one in STUDY_TABLES if one.name == "controls").arrow.names)
    told = found[3.0]["permuted_outcome"]
    assert (told.p, len(told.runs)) == (0.1, 9)
    assert (found[0.0]["permuted_outcome"].p or 0) > 0.1
    without = dict(found[3.0]["ablation"].runs)
    assert told.value is not None
    assert (without["without radiomics"] or 0) < 0.65 < told.value
    assert (found[3.0]["missingness"].runs[0][1] or 0) < 0.7


def test_texture_loses_its_signal_and_what_the_histogram_tells_stays() -> None:
    """A column that shuffling turns into noise, and one that it leaves, under the control of a study."""
    rng = np.random.default_rng(0)
    design = make_design(n=80, signal=0.0)
    columns = design.columns("radiomics")
    label = design.outcome.flag
    scores = {}
    for planted, kept in (("texture", False), ("histogram", True)):
        X = design.X.copy()
        X[columns] = rng.normal(size=(len(X), len(columns)))
        X[columns[0]] += 2.5 * label
        shuffled = X[columns].copy()
        if not kept:
            shuffled[columns[0]] = rng.normal(size=len(X))
        own = replace(design, X=X, shuffled=shuffled)
        study = make_study(models=[MODEL], controls=["shuffled_intensities"], splits=[NESTED.model_dump()])
        (found,) = (one for one in evaluate(own, study).controlled if one.blocks == "radiomics")
        ((label_of_run, value),) = found.runs
        assert label_of_run == f"intensities exchanged within each ROI, {len(columns)} columns"
        assert found.p is None
        assert found.value is not None
        assert value is not None
        scores[planted] = found.value, value
    assert min(whole for whole, _ in scores.values()) > 0.85
    assert scores["texture"][1] < 0.65
    assert scores["histogram"][1] == pytest.approx(scores["histogram"][0], abs=1e-12)
    with pytest.raises(FitError, match="no column of the set is of images that were shuffled"):
        runs_of("shuffled_intensities")
