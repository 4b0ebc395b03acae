"""What harmonisers declare: unseen centres, centres of one row, covariates, blocks that stay, missing values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.core.errors import FitError
from tasks.modelling.preprocessing.step import STEPS, FittedStep
from tasks.modelling.rows import Rows
from tests.support.harmonised import any_target, rows_of

KINDS = [kind for kind in STEPS.modules if STEPS.load(kind).stage == "harmonise"]
ALL = pytest.mark.parametrize("kind", KINDS)
ADJUSTED = pytest.mark.parametrize("kind", [one for one in KINDS if "covariates" in STEPS.load(one).model_fields])


def table(n: int = 60, p: int = 30, centres: str = "ABC", seed: int = 0) -> Rows:
    """Centres with locations and scales of their own, and two covariates."""
    rng = np.random.default_rng(seed)
    code = np.arange(n) % len(centres)
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 2, (len(centres), p))[code]
    X += 3 * rng.normal(size=(len(centres), p))[code]
    known = {"clinical_age": rng.normal(60, 9, n), "clinical_stage": rng.integers(1, 4, n)}
    return rows_of(X, np.array(list(centres))[code], known)


def fitted(rows: Rows, kind: str, **settings: Any) -> FittedStep:
    return STEPS.parse({"kind": kind, **settings}).fit(rows, any_target(len(rows)), 0)


def parts(rows: Rows, centre: str = "C") -> tuple[Rows, Rows]:
    """Rows of the other centres, and of this one."""
    own = rows.groups["centre"] == centre
    return rows.take(~own), rows.take(own)


@ALL
def test_an_unseen_centre_is_refused_with_a_remedy(kind: str) -> None:
    train, test = parts(table())
    step = fitted(train, kind)
    with pytest.raises(FitError) as refused:
        step.apply(test)
    assert str(refused.value) == (
        f'{kind}: the centre "C" (20 rows) was not seen in training; unseen: pooled leaves its values, '
        "own takes its own location and scale"
    )


@ALL
def test_an_unseen_centre_stays_where_it_is_told_so(kind: str) -> None:
    train, test = parts(table())
    step = fitted(train, kind, unseen="pooled")
    np.testing.assert_array_equal(step.apply(test).X, test.X)
    assert step.remarks(test) == {
        f'{kind}: the centre "C" was not seen in training: its values stay as they are': 20,
    }
    assert not step.remarks(train)


@ALL
def test_an_unseen_centre_takes_its_own_location_and_scale(kind: str) -> None:
    train, test = parts(table())
    step = fitted(train, kind, unseen="own")
    seen, found = step.apply(train).X, step.apply(test).X
    gaps = [abs(one.mean(axis=0) - seen.mean(axis=0)).mean() for one in (test.X, found)]
    assert gaps[1] < 0.1 * gaps[0]
    (remark,) = step.remarks(test)
    assert "transductive" in remark
    alone = step.apply(test.take(np.arange(10))).X
    assert not np.allclose(alone, found[:10])  # that is what transductive says
    with pytest.raises(FitError, match=r'"C" \(9 rows\) was not seen in training, and unseen: own needs 10 rows'):
        step.apply(test.take(np.arange(9)))


@ALL
def test_own_is_what_a_fit_of_that_centre_to_the_others_gives(kind: str) -> None:
    """A reference makes the others' grand mean and scale its own: the two ways meet where it is all of the training rows."""
    rows = table(centres="AB")
    train, test = parts(rows, "B")
    own = fitted(train, kind, unseen="own").apply(test).X
    together = fitted(rows, kind, reference="A").apply(test).X
    np.testing.assert_allclose(own, together, rtol=1e-8, atol=1e-8)


@ALL
def test_a_centre_with_one_training_row_is_as_an_unseen_one(kind: str) -> None:
    rows = table()
    train = rows.take(np.append(np.flatnonzero(rows.groups["centre"] != "C"), 2))
    for unseen in ("refuse", "own"):
        with pytest.raises(
            FitError, match='the centre "C" has one training row, which has no variance; unseen: pooled'
        ):
            fitted(train, kind, unseen=unseen)
    step = fitted(train, kind, unseen="pooled")
    test = rows.take(rows.groups["centre"] == "C")
    np.testing.assert_array_equal(step.apply(test).X, test.X)
    assert step.remarks(test) == {f'{kind}: the centre "C" has one training row: its values stay as they are': 20}
    without = fitted(parts(rows)[0], kind, unseen="pooled")
    np.testing.assert_array_equal(step.apply(train).X[:-1], without.apply(train).X[:-1])


@ALL
def test_seen_rows_do_not_depend_on_what_else_is_predicted(kind: str) -> None:
    rows = table()
    step = fitted(rows, kind)
    together = step.apply(rows).X
    for i in (0, 31):
        np.testing.assert_allclose(step.apply(rows.take(np.array([i]))).X[0], together[i])


@ALL
def test_the_outcome_has_no_part_in_it(kind: str) -> None:
    rows, target = table(), any_target(60)
    step = STEPS.parse(kind)
    other = replace(target, outcome=target.outcome.take(np.random.default_rng(0).permutation(60)))
    one, two = (step.fit(rows, each, 0).apply(rows).X for each in (target, other))
    np.testing.assert_array_equal(one, two)


@ADJUSTED
def test_covariates_are_clinical_columns_and_no_outcome(kind: str) -> None:
    rows = table()
    with pytest.raises(FitError) as unknown:
        fitted(rows, kind, covariates=["clinical_agee"])
    assert str(unknown.value) == (
        f'{kind}: no covariate "clinical_agee" (outcomes are none); clinical columns: clinical_age, clinical_stage. '
        'Did you mean "clinical_age"?'
    )
    empty = replace(rows, covariates={"clinical_age": np.full(60, np.nan)})
    with pytest.raises(FitError, match='the covariate "clinical_age" has no value in the training rows'):
        fitted(empty, kind, covariates=["clinical_age"])


@ADJUSTED
def test_missing_and_steady_covariates_are_remarked(kind: str) -> None:
    rows = table()
    age = rows.covariates["clinical_age"].copy()
    age[:4] = np.nan
    rows = replace(rows, covariates={"clinical_age": age, "clinical_stage": np.ones(60)})
    step = fitted(rows, kind, covariates=["clinical_age", "clinical_stage"])
    assert np.isfinite(step.apply(rows).X).all()
    assert step.remarks(rows) + step.notes() == {
        f'{kind}: the covariate "clinical_age" is missing: the mean of training rows is taken': 4,
        f'{kind}: the covariate "clinical_stage" does not vary in training rows and is left out': 1,
    }


@ALL
def test_clinical_columns_stay_unless_they_are_to_be_harmonised(kind: str) -> None:
    rows = table()
    blocks = np.where(np.arange(30) < 5, "clinical", "radiomics")
    mixed = replace(rows, columns=replace(rows.columns, blocks=blocks))
    found = fitted(mixed, kind).apply(mixed).X
    np.testing.assert_array_equal(found[:, :5], rows.X[:, :5])
    np.testing.assert_array_equal(
        found[:, 5:], fitted(rows.keep(np.arange(5, 30)), kind).apply(rows.keep(np.arange(5, 30))).X
    )
    (named,) = STEPS.parse({"kind": kind, "blocks": ["clinical"]}).fit_own(mixed, any_target(60), 0)
    assert (named.apply(mixed).X != rows.X).any(axis=0).tolist() == [True] * 5 + [False] * 25
    every = fitted(mixed, kind, untouched=[]).apply(mixed).X
    np.testing.assert_allclose(every, fitted(rows, kind).apply(rows).X)
    train, test = parts(mixed.keep(np.arange(5)))
    np.testing.assert_array_equal(fitted(train, kind).apply(test).X, test.X)


@ALL
def test_columns_that_do_not_vary_in_a_centre_are_remarked(kind: str) -> None:
    rows = table()
    X = rows.X.copy()
    X[rows.groups["centre"] == "A", :2] = 1.0
    rows = rows.with_values(X)
    step = fitted(rows, kind)
    assert np.isfinite(step.apply(rows).X).all()
    assert step.notes() == {f'{kind}: columns do not vary within the centre "A": moved, not scaled': 2}


@ALL
def test_missing_values_are_an_error_with_a_hint(kind: str) -> None:
    rows = table()
    step = fitted(rows, kind)
    X = rows.X.copy()
    X[3, 7] = np.nan
    message = r"missing or infinite values \(1\), in radiomics_7; put median before it"
    with pytest.raises(FitError, match=message):
        step.apply(rows.with_values(X))
    with pytest.raises(FitError, match=message):
        fitted(rows.with_values(X), kind)


@ALL
def test_cohorts_can_be_evened_out_in_place_of_centres(kind: str) -> None:
    rows = table()
    cohorts = np.where(rows.groups["centre"] == "A", "north", "south")
    both = replace(rows, groups={"centre": rows.groups["centre"], "cohort": cohorts})
    named = replace(rows, groups={"centre": cohorts})
    np.testing.assert_array_equal(fitted(both, kind, by="cohort").apply(both).X, fitted(named, kind).apply(named).X)


def test_a_single_column_is_not_shrunk_and_that_is_remarked() -> None:
    rows = table(p=1)
    (remark,) = fitted(rows, "combat").notes()
    assert remark == "combat: less than two columns vary within a centre: nothing to shrink its effects by"
    np.testing.assert_allclose(fitted(rows, "combat").apply(rows).X, fitted(rows, "location_scale").apply(rows).X)


@ALL
def test_the_reference_has_to_be_among_the_training_rows(kind: str) -> None:
    train, _ = parts(table())
    with pytest.raises(
        FitError, match=f'{kind}: reference "C" has fewer than two training rows; centres with two: A, B'
    ):
        fitted(train, kind, reference="C")
