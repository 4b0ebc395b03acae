"""Laws of all splits: patients on one side, every case predicted, folds no more than the data allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.design import EXTERNAL, TEST, Copies, Design
from features.core.errors import FitError
from features.core.outcome import Outcome
from features.endpoints.binary import Binary
from features.endpoints.continuous import Continuous
from tasks.modelling.splits.split import SPLITS, apparent_folds, check_disjoint, cut_folds, grouped_folds
from tests.support.design import BINARY, SURVIVAL


def design_of(event: Any, patients: Any, centres: Any, *copies: Copies) -> Design:
    X = pd.DataFrame({"a": np.arange(len(event), dtype=float)}, index=[f"c{i}" for i in range(len(event))])
    endpoint = Binary(column="response")
    return Design(
        X,
        {"a": "clinical"},
        Outcome.of_flag(np.asarray(event)),
        endpoint,
        np.asarray(patients),
        np.asarray(centres),
        copies=copies,
    )


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(st.booleans(), st.integers(0, 12), st.integers(0, 3)), min_size=8, max_size=40),
    seed=st.integers(0, 99),
)
def test_patients_stand_on_one_side_and_every_case_is_predicted(rows: list[tuple[bool, int, int]], seed: int) -> None:
    event, patients, centres = zip(*rows, strict=True)
    design = design_of(event, [f"p{i}" for i in patients], [f"c{i}" for i in centres], Copies(("p0", "p1", "p2"), "x"))
    for kind in SPLITS.modules:
        try:
            folds = SPLITS.parse(kind).cut(design, seed)
        except FitError:
            continue
        for fold in folds:
            assert not set(design.groups[fold.train]) & set(design.groups[fold.test])
            assert not set(design.patients[fold.train]) & set(design.patients[fold.test])
        for repeat in {fold.repeat for fold in folds}:
            own = [fold for fold in folds if fold.repeat == repeat]
            tested = np.concatenate([fold.test for fold in own])
            drawn = own[0].train if SPLITS.load(kind).apparent else []
            assert sorted({*tested, *drawn}) == list(range(len(rows)))
            assert len(np.unique(tested)) == len(tested)


def test_draws_take_patients_whole_and_inner_folds_keep_the_same_one_together() -> None:
    event, patients = np.arange(40) % 3 == 0, np.array([f"p{i // 2}" for i in range(40)])
    design = design_of(event, patients, ["a"] * 40, Copies(("p0", "p1"), "x"))
    split = SPLITS.parse({"kind": "bootstrap_632_plus", "repeats": 30})
    folds, drawn = split.cut(design, 0), np.zeros(40)
    for fold in folds:
        times = np.bincount(fold.train, minlength=40)
        for group in np.unique(design.groups):
            assert len(set(times[design.groups == group])) == 1, "a patient is drawn with all rows, copies with him"
        assert len(np.unique(design.groups[fold.train])) < 19
        drawn += times
        parts = grouped_folds(design.endpoint, design.outcome.take(fold.train), design.groups[fold.train], 3, 0)
        for inner_train, inner_test in parts:
            assert not set(fold.train[inner_train]) & set(fold.train[inner_test]), (
                "a case drawn twice stands on both sides"
            )
    assert drawn.mean() == pytest.approx(30, rel=0.15)
    assert [fold.train.tolist() for fold in folds] == [fold.train.tolist() for fold in split.cut(design, 0)]
    (whole,) = apparent_folds(split, design)
    assert whole.apparent
    assert whole.train.tolist() == whole.test.tolist() == list(range(40))
    with pytest.raises(
        FitError,
        match="1 with and 9 without the event, do not allow draws with replacement; needed: two patients of either class",
    ):
        split.cut(design_of([True] + [False] * 9, [f"p{i}" for i in range(10)], ["a"] * 10), 0)


@pytest.mark.parametrize("kind", SPLITS.modules)
def test_held_out_rows_train_nowhere_and_move_no_fold_of_the_others(kind: str) -> None:
    event, centres = np.arange(40) % 3 == 0, np.array(["a", "b"] * 20)
    design = design_of(event, [f"p{i}" for i in range(40)], centres)
    held_out = np.array(["", "", EXTERNAL, "", TEST] * 8)
    design = replace(design, cohorts=centres, cohort_table=pd.DataFrame({"year": np.arange(40) // 2}))
    split = SPLITS.parse({"kind": kind, "by": "year"} if kind == "temporal" else kind)
    folds = cut_folds(split, replace(design, held_out=held_out), 0)
    tested = np.unique(np.concatenate([fold.test for fold in folds]))
    predicted = {"external": EXTERNAL, "given": TEST}.get(kind, "")
    wanted = np.flatnonzero(held_out == predicted)
    assert set(tested) <= set(wanted) if kind == "temporal" else tested.tolist() == wanted.tolist()
    assert all((held_out[fold.train] == "").all() for fold in folds)
    if not predicted:
        alone = split.cut(design.take(np.flatnonzero(held_out == "")), 0)
        names = np.array(design.patients)[held_out == ""]
        assert [design.patients[fold.train].tolist() for fold in folds] == [names[f.train].tolist() for f in alone]


@pytest.mark.parametrize(("kind", "lacks"), [("external", "no case of an external cohort"), ("given", "no test case")])
def test_without_held_out_rows_there_is_nothing_to_predict(kind: str, lacks: str) -> None:
    with pytest.raises(FitError, match=lacks):
        cut_folds(SPLITS.parse(kind), design_of([True, False], ["p0", "p1"], ["a", "a"]), 0)


def test_folds_shrink_to_the_smaller_class() -> None:
    event = np.arange(20) < 3
    assert len(grouped_folds(BINARY, Outcome.of_flag(event), np.arange(20).astype(str), 5, 0)) == 3


def test_survival_folds_need_no_censored_case() -> None:
    seen = Outcome.of_days(np.arange(20) > 0, np.arange(20.0))
    assert len(grouped_folds(SURVIVAL, seen, np.arange(20).astype(str), 5, 0)) == 5


def test_one_positive_patient_is_refused_with_the_counts() -> None:
    event = np.arange(20) < 2
    patients = np.where(event, "a", np.arange(20).astype(str))
    with pytest.raises(
        FitError, match="20 cases of 19 patients, 2 with and 18 without the event, do not allow two folds"
    ):
        grouped_folds(BINARY, Outcome.of_flag(event), patients, 5, 0)


def test_each_test_fold_has_its_share_of_events() -> None:
    event = np.arange(50) < 15
    for _, test in grouped_folds(BINARY, Outcome.of_flag(event), np.arange(50).astype(str), 5, 1):
        assert event[test].sum() == 3


@pytest.mark.parametrize(("cases", "folds"), [(12, 5), (12, 12), (50, 20)])
def test_folds_of_a_number_may_be_more_than_the_cases_of_a_fifth(cases: int, folds: int) -> None:
    outcome = Outcome.of_value(np.arange(float(cases)))
    found = grouped_folds(Continuous(column="change"), outcome, np.arange(cases).astype(str), folds, 0)
    assert sorted(np.concatenate([test for _, test in found])) == list(range(cases))


def test_centres_are_spread_over_nested_folds_and_make_no_fold_fewer() -> None:
    centres = np.array(["large"] * 30 + [f"small {i}" for i in range(10)])
    event = (np.arange(40) < 9) | (np.arange(40) >= 37)
    design = design_of(event, [f"p{i}" for i in range(40)], centres)
    folds = SPLITS.parse("nested").cut(design, 0)
    assert len(folds) == 10
    for fold in folds:
        assert (centres[fold.test] == "large").sum() == 6
        assert 1 <= (event[fold.test] & (centres[fold.test] == "large")).sum() <= 2
    assert len(grouped_folds(BINARY, Outcome.of_flag(np.arange(40) < 3), design.patients, 5, 0, centres)) == 3


def test_each_centre_is_left_out_once() -> None:
    design = design_of([True, False] * 6, [f"p{i}" for i in range(12)], ["a", "b", "c"] * 4)
    assert [fold.name for fold in SPLITS.parse("centre_out").cut(design, 0)] == ["a", "b", "c"]


def test_a_patient_of_two_centres_trains_in_neither_fold() -> None:
    design = design_of([True, False] * 3, ["p0", "p1", "p2", "p0", "p3", "p4"], ["a", "a", "a", "b", "b", "b"])
    first, second = SPLITS.parse("centre_out").cut(design, 0)
    assert first.train.tolist() == [4, 5]
    assert second.train.tolist() == [1, 2]


def test_a_copy_in_another_centre_trains_in_neither_fold() -> None:
    design = design_of(
        [True, False] * 3,
        ["p0", "p1", "p2", "p3", "p4", "p5"],
        ["a", "a", "a", "b", "b", "b"],
        Copies(("p0", "p3"), "x"),
    )
    first, second = SPLITS.parse("centre_out").cut(design, 0)
    assert (first.train.tolist(), second.train.tolist()) == ([4, 5], [1, 2])
    assert (first.test.tolist(), second.test.tolist()) == ([0, 1, 2], [3, 4, 5])


def test_one_centre_cannot_be_left_out() -> None:
    with pytest.raises(FitError, match="needs two centres; found a"):
        SPLITS.parse("centre_out").cut(design_of([True, False], ["p0", "p1"], ["a", "a"]), 0)


def test_a_shared_patient_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="1 patients on both sides"):
        check_disjoint(np.array(["a", "a"]), np.array([0]), np.array([1]))


def test_same_seed_same_folds_and_another_seed_others() -> None:
    design = design_of([True, False] * 20, [f"p{i}" for i in range(40)], ["a"] * 40)
    one, two, three = ([tuple(fold.test) for fold in SPLITS.parse("nested").cut(design, seed)] for seed in (0, 0, 7))
    assert one == two != three


def test_names_of_patients_do_not_decide_the_folds() -> None:
    rng = np.random.default_rng(0)
    patients = rng.integers(0, 30, 60)
    event, centres = rng.random(60) < 0.5, np.array(["A", "B", "C"])[patients % 3]
    for kind in ("nested", "centre_out"):
        cuts = [
            SPLITS.parse(kind).cut(design_of(event, names, centres), 7)
            for names in ([f"p{i}" for i in patients], [f"{(i * 17) % 31:03d}" for i in patients])
        ]
        assert [fold.test.tolist() for fold in cuts[0]] == [fold.test.tolist() for fold in cuts[1]]


def dated(years: list[float], patients: list[str] | None = None) -> Design:
    event = np.arange(len(years)) % 2 == 0
    design = design_of(event, patients or [f"p{i}" for i in range(len(years))], ["a"] * len(years))
    return replace(design, cohort_table=pd.DataFrame({"year": years, "sex": ["f"] * len(years)}))


def test_the_earliest_cases_train_and_cases_of_a_year_stand_on_one_side() -> None:
    split = SPLITS.parse({"kind": "temporal", "by": "year", "share": 0.5})
    (fold,) = split.cut(dated([2003, 2001, 2002, 2002, 2001, 2004]), 0)
    assert (sorted(fold.train), sorted(fold.test)) == ([1, 2, 3, 4], [0, 5])
    (fold,) = split.cut(dated([2001, 2002, 2002, 2002]), 0)  # somebody has to be later
    assert (fold.train.tolist(), fold.test.tolist()) == ([0], [1, 2, 3])
    (fold,) = split.cut(dated([2001, 2002, 2003, 2004], ["p0", "p1", "p0", "p2"]), 0)
    assert (fold.train.tolist(), fold.test.tolist()) == ([0, 1], [3])


@pytest.mark.parametrize(
    ("years", "by", "why"),
    [
        ([2001, 2002], "", "say by which variable cases are earlier or later; allowed: year"),
        ([2001, 2002], "yaer", '"yaer" is no number of the cohorts; allowed: year; did you mean'),
        ([2001, 2002], "sex", '"sex" is no number of the cohorts; allowed: year'),
        ([2001, np.nan], "year", "1 of 2 cases have no value of year; all need one"),
        ([2001, 2001], "year", "year is 2001 for all 2 cases; nobody is later"),
    ],
)
def test_what_does_not_say_who_is_later_is_refused(years: list[float], by: str, why: str) -> None:
    with pytest.raises(FitError) as refused:
        SPLITS.parse({"kind": "temporal", "by": by}).cut(dated(years), 0)
    assert why.lower() in str(refused.value).lower()


def test_each_cohort_is_left_out_once_and_one_alone_is_refused() -> None:
    design = design_of([True, False] * 6, [f"p{i}" for i in range(12)], ["a", "b", "c"] * 4)
    folds = SPLITS.parse("internal_external").cut(replace(design, cohorts=np.array(["x", "y"] * 6)), 0)
    assert [(fold.name, fold.test.tolist()) for fold in folds] == [("x", [*range(0, 12, 2)]), ("y", [*range(1, 12, 2)])]
    with pytest.raises(FitError, match="needs two cohorts that train; found .*; the split centre_out"):
        SPLITS.parse("internal_external").cut(replace(design, cohorts=np.array(["x"] * 12)), 0)
