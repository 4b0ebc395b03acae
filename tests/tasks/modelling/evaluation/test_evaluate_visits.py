"""Studies of repeated rows: all visits train, each patient is predicted and counted once, and never trains on herself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.core.design import Design
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.fit_address import row_digests
from tasks.modelling.evaluation.fold_fit import FoldFit
from tasks.modelling.evaluation.study import Study
from tasks.modelling.rows import Rows
from tasks.modelling.splits.split import Fold
from tasks.modelling.target import Target
from tests.support.design import FAST, make_design, make_study

VISITS = 3
SPLITS = [{"kind": "nested", "folds": 3, "repeats": 1, "inner_folds": 2}]


def _repeated(design: Design) -> Design:
    """Every case of a design at three visits, rows shuffled; the last visit is scored and holds the values of the design."""
    rng = np.random.default_rng(1)
    order = rng.permutation(np.repeat(np.arange(len(design.X)), VISITS))
    visit = np.array([int((order[:i] == row).sum()) for i, row in enumerate(order)])
    found = design.take(order)
    noise = rng.normal(0, 1, found.X.shape) * (visit < VISITS - 1)[:, None]
    names = [f"{case}:visit{v}" for case, v in zip(found.X.index, visit, strict=True)]
    X = pd.DataFrame(found.X.to_numpy() + noise, columns=found.X.columns, index=names)
    return replace(found, X=X, days=visit * 7.0, scored=visit == VISITS - 1)


def _study(**changes: object) -> Study:
    return make_study(**{"models": [FAST], "blocks": {"image": ["radiomics"]}, "splits": SPLITS, **changes})


def test_each_patient_is_predicted_and_counted_once() -> None:
    once = make_design(n=48, external=12)
    found = evaluate(_repeated(once), _study(external=["other"]))
    assert (found.n, found.patients, found.events) == (36, 36, int(once.event[:36].sum()))
    assert sum(found.centres.values()) == 36
    assert [(one.n, one.patients) for one in found.held_out] == [(12, 12)]
    nested, external = (
        next(s for s in found.scores if s.split == split and s.blocks == "image" and not s.within)
        for split in ("nested", "external")
    )
    assert (nested.n, external.n) == (36, 12)
    assert nested.value is not None
    own = found.predictions[(found.predictions["split"] == "nested") & (found.predictions["blocks"] == "image")]
    assert sorted(own["patient"]) == sorted(once.patients[:36])
    assert all(case.endswith(":visit2") for case in own["case"])
    assert {one.n for one in found.singles} <= {36, *range(36)}


def test_no_patient_trains_for_her_own_prediction() -> None:
    """Visits hold the label of their patient: whoever saw another visit of hers would know it."""
    design = _repeated(make_design(n=40, signal=0.0, nan=0.0))
    mark = pd.factorize(design.patients)[0].astype(float)
    marked = replace(design, X=pd.DataFrame({"radiomics_0": mark}, index=design.X.index))
    strangers = replace(marked, patients=np.array([f"q{i}" for i in range(len(mark))]))
    study = _study(models=["random_forest"], splits=[{"kind": "nested", "folds": 4, "repeats": 2, "inner_folds": 2}])
    own, leaky = (
        next(s.value for s in evaluate(one, study).scores if s.blocks == "image" and not s.within)
        for one in (marked, strangers)
    )
    assert own is not None
    assert leaky is not None
    assert own < 0.65 < 0.8 < leaky  # the test would see it


def test_inner_folds_predict_each_training_patient_once() -> None:
    design = _repeated(make_design(n=30))
    every = np.arange(len(design.X))
    fold = Fold("all", 0, every, every)
    rows, target = Rows.of(design), Target(design.outcome, design.endpoint)
    inner = FoldFit(rows, target, fold, inner_folds=3, split="none", seed=0).inner()
    tested = np.concatenate([part.test.groups["patient"] for part in inner])
    assert sorted(tested) == sorted({*design.patients})
    for part in inner:
        assert not {*part.train.groups["patient"]} & {*part.test.groups["patient"]}
        assert len(part.train) == VISITS * len({*part.train.groups["patient"]})


def test_rows_carry_the_days_of_visits_and_have_none_where_each_patient_has_one() -> None:
    design = _repeated(make_design(n=12))
    rows = Rows.of(design)
    assert rows.days is not None
    some = rows.take(np.array([3, 1])).keep(np.array([0]))
    assert some.days is not None
    assert some.days.tolist() == [design.days[3], design.days[1]]  # type: ignore[index]
    assert rows.with_values(rows.X + 1).days is rows.days
    assert Rows.of(make_design(n=12)).days is None


def test_days_decide_an_address_and_no_days_leave_no_trace() -> None:
    rows, outcome = Rows.of(_repeated(make_design(n=12))), _repeated(make_design(n=12)).outcome
    told = (rows.X, outcome, {"centre": rows.groups["centre"]}, {})
    assert rows.days is not None
    bare, with_days = row_digests(*told), row_digests(*told, [rows.days])
    assert (bare == row_digests(*told, [])).all()
    assert (bare != with_days).any(axis=1).all()
    assert (with_days != row_digests(*told, [rows.days + 1])).any(axis=1).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"visits": "each"}, "an outcome is known once per patient.* scored_visit: last, or predict_at"),
        ({"scored_visit": "last"}, "scored_visit belongs to visits: each"),
        (
            {"visits": "each", "scored_visit": "last", "deltas": ["slope"], "blocks": {"image": ["delta"]}},
            "visits: each a row of each: leave one out",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_told(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _study(**changes)


def test_a_study_of_one_row_keeps_its_digest() -> None:
    assert _study().digest() == _study(visits="one").digest() != _study(visits="each", scored_visit="last").digest()
