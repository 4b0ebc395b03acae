"""An association study over a design: counts, corrections, centres, refusals; its numbers are those of pandas."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from features.core.design import Copies
from features.core.errors import FitError, RadweaveError
from features.core.outcome import Outcome
from features.endpoints.multiclass import Multiclass
from features.fusion.seen import Seen
from tasks.modelling.association.associate import associate
from tasks.modelling.association.result import AssociationResult
from tasks.modelling.association.variable import variable_of
from tasks.modelling.comparisons.heterogeneity import heterogeneity
from tests.support.association import association_design, association_study, number

CENTRES = np.array(["A", "B", "C"])


def planted(n: int = 60, p: int = 12, **study: Any) -> AssociationResult:
    """The first column follows the variable."""
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(n, p)), rng.normal(size=n)
    X[:, 0] += y
    return associate(association_design(X, centres=CENTRES[np.arange(n) % 3]), association_study(**study), [number(y)])


def test_the_planted_column_comes_first_and_is_corrected_over_all_tests() -> None:
    found = planted()
    first = found.rows[0]
    assert (first.column, first.discovery, found.tests, len(found.rows)) == ("radiomics__0", True, 12, 12)
    p = [row.p for row in found.rows if row.p is not None]
    assert p == sorted(p)
    assert first.p_corrected == pytest.approx(12 * p[0])
    assert [one.column for one in found.discoveries] == ["radiomics__0"]
    holm = planted(correction="holm")
    assert [row.p_corrected for row in holm.rows[:2]] == pytest.approx([12 * p[0], min(1, 11 * p[1])])


def test_effects_equal_those_of_pandas_with_missing_cells() -> None:
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(50, 6)), rng.normal(size=50)
    X[rng.random(X.shape) < 0.2] = np.nan
    y[:5] = np.nan
    found = associate(association_design(X), association_study(effects=["pearson", "spearman"]), [number(y)])
    table = pd.DataFrame(X, columns=[f"radiomics__{i}" for i in range(6)])
    for effect, row in itertools.product(("pearson", "spearman"), found.rows):
        if row.effect == effect:
            assert row.value == pytest.approx(table[row.column].corr(pd.Series(y), method=effect), abs=1e-12)


def test_every_row_counts_all_cases_and_every_untested_one_says_why() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6))
    X[:, 1], X[:, 2], X[3, 3] = np.nan, 7.0, np.inf
    X[:32, 4] = np.nan
    y = rng.normal(size=40)
    y[:4] = np.nan
    age = rng.normal(60, 9, 40)
    age[-6:] = np.nan
    design = association_design(X, clinical={"age": age})
    effects = [{"kind": "partial_correlation", "adjusted_for": ["age", "centre"]}]
    found = associate(design, association_study(blocks=["radiomics", "clinical"], effects=effects), [number(y)])
    assert {
        row.column: (row.reason, row.cases, row.n, row.without_variable, row.without_column, row.without_adjusted)
        for row in found.rows
    } == {
        "radiomics__0": ("", 40, 30, 4, 0, 6),
        "radiomics__5": ("", 40, 30, 4, 0, 6),
        "radiomics__1": ("0 cases; needed: 10", 40, 0, 4, 36, 0),
        "radiomics__2": ("the column has one value in all 30 cases", 40, 30, 4, 0, 6),
        "radiomics__3": ("infinite in 1 case", 40, 30, 4, 0, 6),
        "radiomics__4": ("2 cases; needed: 10", 40, 2, 4, 28, 6),
        "clinical__age": ("the column is held fixed itself", 40, 30, 4, 6, 0),
    }
    assert found.tests == 2
    for row in found.rows:
        assert row.cases == row.n + row.without_variable + row.without_column + row.without_adjusted


def test_the_variable_itself_and_a_copy_of_it_are_no_findings() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    X[:, 1] = 3 * X[:, 0] + 1
    found = associate(association_design(X), association_study(), [number(X[:, 0], "radiomics__0")])
    told = {row.column: row.reason for row in found.rows}
    assert told["radiomics__0"] == "the column is the variable itself"
    assert told["radiomics__1"] == "the column and the variable are the same but for their unit: no interval"


def test_centres_are_measured_each_and_compared_on_fishers_scale() -> None:
    found = planted(90)
    own = {one.centre: one for one in found.by_centre if one.column == "radiomics__0"}
    assert {*own} == {"A", "B", "C"}
    assert all(one.n == 30 for one in own.values())
    links = [np.arctanh(one.value) for one in own.values() if one.value is not None]
    theirs = heterogeneity(links, [1 / 27] * 3)
    row = found.rows[0]
    assert (row.centres, row.i2, row.i2_p) == (3, pytest.approx(theirs.i2), pytest.approx(theirs.p))


def test_rows_in_another_order_give_the_same_table() -> None:
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(45, 4)), rng.normal(size=45)
    order = rng.permutation(45)
    study = association_study(effects=["pearson", "spearman"])
    names = np.array([f"toy:p{i}" for i in range(45)])
    centres = CENTRES[np.arange(45) % 3]
    one = associate(association_design(X, centres=centres, patients=names), study, [number(y)])
    two = associate(
        association_design(X[order], centres=centres[order], patients=names[order]), study, [number(y[order])]
    )
    assert [row.column for row in one.rows] == [row.column for row in two.rows]
    pd.testing.assert_frame_equal(one.associations_table(), two.associations_table(), rtol=1e-9)


def test_noise_of_a_whole_study_gives_no_discoveries() -> None:
    """20 studies of 30 columns of noise: at 0.05 one of 20 has a false discovery, on average; more than 4 are a chance of 0.3 %."""
    false, p = 0, []
    for seed in range(20):
        rng = np.random.default_rng([seed, 9])
        found = associate(
            association_design(rng.normal(size=(40, 30))), association_study(), [number(rng.normal(size=40))]
        )
        false += bool(found.discoveries)
        p += [row.p for row in found.rows if row.p is not None]
    assert false <= 4
    assert 0.45 < float(np.mean(p)) < 0.55


def test_several_rows_of_a_patient_are_never_counted_as_independent() -> None:
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(40, 2)), rng.normal(size=40)
    patients = np.array([f"toy:p{i // 2}" for i in range(40)])
    design = association_design(X, patients=patients)
    with pytest.raises(FitError, match="20 patients have several rows, and pearson would count them as independent"):
        associate(design, association_study(), [number(y)])
    mixed = [{"kind": "mixed_effects", "term": "variable"}]
    found = associate(design, association_study(effects=mixed), [number(y)])
    assert {(row.n, row.patients) for row in found.rows} == {(40, 20)}
    copies = (Copies(("toy:p1", "toy:p5"), "equal rows"),)
    once = association_design(X)
    object.__setattr__(once, "copies", copies)
    left = associate(once, association_study(), [number(y)])
    assert (left.n, left.flow[-1].count_in, left.flow[-1].count_out) == (39, 40, 39)
    assert left.flow[-1].reasons == {"copy of another patient": 1}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"variables": []}, "pearson needs variables"),
        ({"effects": ["pearson", "pearson"]}, 'the effect "pearson" stands twice'),
        ({"effects": [{"kind": "mixed_effects"}], "visits": "each"}, "looks at no variable"),
        ({"visits": "each"}, "pearson would count them as independent"),
        ({"effects": ["mixed_effects"], "variables": []}, "needs visits: each"),
        ({"blocks": ["delta"]}, "need each other"),
        ({"effects": ["pearsn"]}, 'unknown kind "pearsn"; allowed: hazard_ratio'),
        ({"models": ["svm"]}, "models"),
        ({"variables": ["v", "v"]}, 'the variable "v" stands twice'),
    ],
)
def test_settings_that_do_not_fit_are_told(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as error:
        association_study(**settings)
    assert words in str(error.value)


def test_what_only_the_tables_tell_is_told_too() -> None:
    rng = np.random.default_rng(1)
    design, y = association_design(rng.normal(size=(20, 2))), rng.normal(size=20)
    refused = [
        ({"columns": ["radiomics__9*"]}, 'no column of radiomics is like "radiomics__9*"'),
        ({"blocks": ["deep"]}, 'the block "deep" has no column'),
        ({"effects": [{"kind": "partial_correlation", "adjusted_for": ["agee"]}]}, 'there is no column "agee"'),
        ({"effects": ["kruskal"]}, 'no effect takes the variable "v", which is number'),
        ({"effects": ["pearson", "kruskal"]}, "the effect kruskal takes classes, flag, ranks"),
    ]
    for settings, words in refused:
        with pytest.raises(RadweaveError) as error:
            associate(design, association_study(**settings), [number(y)])
        assert words in str(error.value)


def test_two_classes_are_yes_and_no_and_three_are_classes() -> None:
    known = np.ones(6, bool)
    for levels, kind in ((("low", "high"), "flag"), (("a", "b", "c"), "classes")):
        outcome = Outcome(np.array([0, 1, 0, 1, 0, 1]), levels=levels)
        found = variable_of(Seen("her2", Multiclass(column="her2"), outcome, known, {}))
        assert (found.kind, found.label) == (kind, "her2: high against low" if kind == "flag" else "her2")


def test_columns_with_each_other_are_spearmans() -> None:
    found = planted()
    assert found.together is not None
    i, j = (found.together.columns.index(f"radiomics__{k}") for k in (0, 1))
    assert found.together.rho[i, j] == pytest.approx(found.together.rho[j, i])
    assert found.together.rho[i, i] == pytest.approx(1.0)


def test_claims_are_judged_by_the_tests_of_the_study() -> None:
    word = association_study().effects[0].word
    variable = planted().rows[0].variable
    claims = [
        {"says": "the first goes along", "columns": "radiomics__0", "variable": variable, "side": "above"},
        {"says": "the first goes against", "columns": "radiomics__0", "variable": variable, "side": "below"},
        {"says": "one of many goes along", "variable": variable, "effect": word},
        {"says": "the second goes along", "columns": "radiomics__1", "variable": variable},
    ]
    found = planted(claims=claims)
    assert [one.verdict for one in found.claims] == ["supported", "not supported", "supported", "undecided"]
    first = found.rows[0]
    assert (found.claims[0].value, found.claims[0].low, found.claims[0].n) == (first.value, first.low, first.n)
    assert found.claims[2].first == "radiomics__0 (1 of 12)"
    assert list(found.claims_table()["kind"]) == ["associated"] * 4
    with pytest.raises(RadweaveError, match='the claim "no such column": no tested column is like "texture"'):
        planted(claims=[{"says": "no such column", "columns": "texture", "variable": variable}])
    with pytest.raises(ValidationError, match="age is no variable of the study"):
        association_study(claims=[{"says": "of age", "variable": "age"}])
