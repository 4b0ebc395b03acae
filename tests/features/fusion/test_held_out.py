"""Held-out rows: who they are, who leaves them, and that they decide nothing of the rows that train."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.core.design import EXTERNAL, TEST, Design
from features.core.errors import RadweaveError
from features.fusion.held_out import held_out_rows, with_copies, with_same_columns, with_seen_classes, without_split
from tests.support.design import make_design

NO_SCANS = pd.DataFrame(columns=["patient", "image", "roi", "image_digest"])


def of_two_cohorts(*, external: int = 12, nan: float = 0.05) -> Design:
    """48 rows, of which the last ones are of the external cohort b."""
    design = make_design(p=40, nan=nan)
    develops = 48 - external
    patients = np.array([f"{'a' if i < develops else 'b'}:p{i}" for i in range(48)])
    cohorts, held_out = np.repeat(["a", "b"], [develops, external]), np.repeat(["", EXTERNAL], [develops, external])
    return replace(design, patients=patients, cohorts=cohorts, held_out=held_out)


def test_external_rows_are_held_out_and_a_given_split_holds_out_test_rows() -> None:
    table = pd.DataFrame(
        {"cohort": list("aaab"), "patient": list("pqrs"), "split": pd.Series(["train", "test", None, None])}
    )
    assert held_out_rows(table, ["b"], given_split=False).tolist() == ["", "", "", EXTERNAL]
    assert held_out_rows(table, ["b"], given_split=True).tolist() == ["", TEST, "?", EXTERNAL]
    undivided = table.assign(cohort=list("aacb"))
    assert held_out_rows(undivided, ["b"], given_split=True).tolist() == ["", TEST, "", EXTERNAL]
    without = table.drop(columns="split")
    assert held_out_rows(without, ["b"], given_split=True).tolist() == ["", "", "", EXTERNAL]


def test_a_patient_on_both_sides_of_a_given_split_is_an_error() -> None:
    table = pd.DataFrame({"cohort": list("aaa"), "patient": list("ppq"), "split": ["train", "test", "test"]})
    with pytest.raises(RadweaveError, match='^cohort "a": 1 patient has both training and test cases; allowed: all'):
        held_out_rows(table, ["b"], given_split=True)


def test_cases_without_a_given_split_leave_and_are_counted() -> None:
    design = replace(make_design(), cohorts=np.full(48, "a"), held_out=np.repeat(["", TEST, "?"], [30, 10, 8]))
    found = without_split(design)
    assert (len(found.X), found.flow[-1].step) == (40, "a: with a given split")
    assert (found.flow[-1].count_in, dict(found.flow[-1].reasons)) == (48, {"neither a training nor a test case": 8})
    assert without_split(found).flow[-1].reasons == {}


def test_an_external_copy_of_a_patient_who_trains_leaves() -> None:
    design = of_two_cohorts()
    X = design.X.copy()
    X.iloc[40] = X.iloc[3]  # a copy of a patient who trains
    X.iloc[42] = X.iloc[41]  # two external patients with one row
    found = with_copies(replace(design, X=X), NO_SCANS)
    assert "b:p40" not in found.patients
    assert (found.flow[-1].step, found.flow[-1].count_in, found.flow[-1].count_out) == (
        "b: no copy of a patient who trains",
        12,
        11,
    )
    assert dict(found.flow[-1].reasons) == {"copy of a patient who trains": 1}
    assert [one.patients for one in found.copies] == [("b:p41", "b:p42")]


def test_external_rows_do_not_decide_which_patients_who_train_are_copies() -> None:
    design = of_two_cohorts()
    X = design.X.copy()
    X.iloc[5] = X.iloc[4]
    clean = with_copies(replace(design, X=X), NO_SCANS)
    for garbage in (X.iloc[4].to_numpy(), np.nan, 0.0, np.random.default_rng(0).normal(size=(12, X.shape[1]))):
        poisoned = X.copy()
        poisoned.iloc[36:] = garbage
        found = with_copies(replace(design, X=poisoned), NO_SCANS)
        rows = np.flatnonzero(found.develops)
        assert found.groups[rows].tolist() == clean.groups[:36].tolist()
        pd.testing.assert_frame_equal(found.X.iloc[rows], X.iloc[:36])


@pytest.mark.parametrize(("kind", "left"), [("multiclass", 3), ("ordinal", 3), ("binary", 0), ("competing_risks", 0)])
def test_held_out_cases_of_a_class_that_nobody_trains_on_leave(kind: str, left: int) -> None:
    design = make_design(kind, external=12)
    code = design.outcome.code.copy()
    code[:36] = np.arange(36) % 2
    code[36:] = [2, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 2]
    found = with_seen_classes(replace(design, outcome=replace(design.outcome, code=code)))
    assert len(found.X) == 48 - left
    if left:
        assert (found.flow[-1].step, found.flow[-1].count_in) == ("other: of a class that a training case has", 12)
        assert dict(found.flow[-1].reasons) == {"class without a training case": 3}


def test_a_column_that_an_external_cohort_lacks_is_an_error_or_left_out_for_all() -> None:
    design = of_two_cohorts(nan=0.0)
    X = design.X.assign(radiomics_O3=np.repeat([np.nan, 1.0], [36, 12]))
    X.loc[X.index[36:], ["radiomics_03", "radiomics_3", "clinical_age"]] = np.nan
    X = X.drop(columns="radiomics_03")
    design = replace(design, X=X, blocks={c: c.split("_")[0] for c in X.columns})
    trained = [column for column in X.columns if column != "radiomics_O3"]
    with pytest.raises(RadweaveError) as caught:
        with_same_columns(design, "same", trained, {"radiomics", "clinical"})
    assert str(caught.value) == (
        'external cohort "b": it has no value in 2 of 45 columns that train models: "radiomics_3", "clinical_age". Allowed: '
        "all columns of the cohorts that train; or, in the study, external_columns: common, which leaves these columns out "
        'for every cohort. Did you mean "radiomics_O3"?'
    )
    common = with_same_columns(design, "common", trained, {"radiomics", "clinical"})
    assert list(common.X.columns) == [c for c in trained if c not in ("radiomics_3", "clinical_age")]
    assert common.uncommon == {"radiomics_3": "b", "clinical_age": "b"}
    unused = with_same_columns(design, "same", trained, {"region"})
    assert list(unused.X.columns) == trained  # the blocks that are not used may lack what they will


def test_no_held_out_row_changes_nothing() -> None:
    design = make_design()
    assert with_same_columns(design, "same", [], {"radiomics"}) is design
    assert without_split(design) is design
    assert with_copies(design, NO_SCANS).X is design.X
