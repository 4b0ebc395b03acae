"""Agreement of labels out of reports with those by hand; and who trains and who is scored where labels are weak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from features.core.design import Design
from features.fusion.labelled import labelled_by, with_labels
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.label_noise import Told, kappa, label_noise
from tasks.modelling.splits.bootstrap_632_plus import Bootstrap632Plus
from tasks.modelling.splits.nested import Nested
from tasks.modelling.splits.split import cut_folds
from tests.support.design import FAST, make_design, make_study


def weak_design(n: int = 80, **settings: int) -> Design:
    """Every other case labelled by hand, every fourth of these taught; the text model is wrong with each tenth."""
    design = make_design(n=n, **settings)
    flag = design.outcome.flag
    by = np.array([("hand", "text", "taught", "text")[i % 4] for i in range(n)], dtype=object)
    read = np.where(np.arange(n) % 10 == 0, ~flag, flag).astype(object)
    labels = pd.DataFrame({"bled": flag, "bled_label": by, "bled_by_text": read}, index=design.X.index)
    return with_labels(replace(design, labels=labels))


def test_kappa_is_that_of_scikit_learn_and_its_error_that_of_many_draws() -> None:
    rng = np.random.default_rng(2)
    hand = rng.random(400) < 0.3
    read = np.where(rng.random(400) < 0.12, ~hand, hand)
    found = kappa(hand, read)
    assert found.value == pytest.approx(cohen_kappa_score(hand, read), abs=1e-12)
    drawn = [cohen_kappa_score(hand[rows], read[rows]) for rows in rng.integers(0, 400, (400, 400))]
    assert found.high is not None and found.low is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.std(drawn), rel=0.12)
    assert kappa(hand, hand) == Told(1.0)
    assert kappa(np.ones(5, bool), np.ones(5, bool)) == kappa(np.zeros(0, bool), np.zeros(0, bool)) == Told()


def test_noise_counts_who_labelled_whom_and_compares_patients_labelled_by_hand() -> None:
    design = weak_design()
    (one,) = label_noise(design)
    assert (one.outcome, one.scored, one.taught, one.text, one.compared) == ("bled", 20, 20, 40, 40)
    assert one.wrong.value == pytest.approx(8 / 40)  # those of a number that ends in 0, all of them by hand
    assert one.wrong.low is not None and one.wrong.low < 0.2 < (one.wrong.high or 0)
    assert label_noise(make_design()) == ()


def test_nobody_with_a_weak_label_is_scored_and_all_of_them_train_in_every_fold() -> None:
    design = weak_design()
    by = labelled_by(design.labels)
    assert np.array_equal(design.scored, by == "hand")
    assert "20 labelled by hand" in design.flow[-1].step and "40 whom it labelled" in design.flow[-1].step
    weak = np.flatnonzero(~design.scored)
    for split in (Nested(folds=4, repeats=1), Bootstrap632Plus(repeats=3)):
        for fold in cut_folds(split, design, 3):
            assert {*weak} <= {*fold.train.tolist()} and design.scored[fold.test].all()
            assert not {*fold.train.tolist()} & {*fold.test.tolist()}
    tested = [fold.test for fold in cut_folds(Nested(folds=4, repeats=1), design, 3)]
    assert sorted(np.concatenate(tested).tolist()) == np.flatnonzero(design.scored).tolist()


def test_held_out_cases_without_a_label_by_hand_leave_and_are_counted() -> None:
    external, test = weak_design(external=20), weak_design(test=20)
    assert {*labelled_by(external.labels)[~external.develops]} == {"hand", "taught"}
    assert {*labelled_by(test.labels)[~test.develops]} == {"hand"}  # who taught has his label in those that train
    step = next(row for row in external.flow if row.step.endswith(": labelled by hand"))
    assert (step.count_in, step.count_out, sum(step.reasons.values())) == (20, 10, 10)


@pytest.mark.slow
def test_scores_and_predictions_are_of_cases_labelled_by_hand() -> None:
    splits = [{"kind": "nested", "folds": 3, "repeats": 1}]
    study = make_study(blocks={"radiomics": ["radiomics"]}, models=[FAST], splits=splits)
    design = weak_design()
    result = evaluate(design, study)
    by_hand = {str(name) for name in design.X.index[design.scored]}
    assert {*result.predictions["case"]} == by_hand
    assert {score.n for score in result.scores if score.value is not None and not score.centre} == {len(by_hand)}
    assert result.n == len(by_hand) and result.label_noise == label_noise(design)
    assert len(result.label_noise_table()) == 1
