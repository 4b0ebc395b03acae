"""fit_final: one candidate on all training rows; what is held out decides nothing, and rows elsewhere are taken by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import pytest

from features.core.design import Design
from features.core.errors import DataError, FitError
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.fusion.fusion import FUSIONS
from tasks.modelling.rows import Rows
from tests.contracts.test_poison import poisoned
from tests.support.design import FAST, make_design, make_study

BLOCKS = {"radiomics": ["radiomics"], "both": ["clinical", "radiomics"]}
EXTERNAL = {"external": ["other"], "blocks": BLOCKS}


def finals(design: Design, blocks: str = "both", **changes: Any) -> Final:
    return fit_final(design, make_study(**{**EXTERNAL, **changes}), blocks, "lasso_logistic")


def bits(final: Final, probe: Rows) -> tuple[str, Any]:
    told = [final.fitted.state(), final.chosen, final.cut, final.line, final.selected, final.n, dict(final.centres)]
    return joblib.hash([*told, final.warnings, final.remarks]), final.predict(probe).risk


@pytest.mark.parametrize("fusion", FUSIONS.modules)
def test_external_and_test_rows_do_not_move_a_bit(fusion: str) -> None:
    design = make_design(n=72, external=15, test=9)
    models = [{**FAST, "fusion": fusion, "steps": [*FAST["steps"][:2], "combat", *FAST["steps"][2:]]}]  # type: ignore[index]
    clean, risk = bits(finals(design, models=models), Rows.of(design))
    for name, poison in poisoned(design, np.flatnonzero(~design.develops)):
        state, other = bits(finals(poison, models=models), Rows.of(design))
        assert state == clean, f"rows that are held out were seen ({name})"
        np.testing.assert_array_equal(other, risk)


def test_its_settings_are_chosen_and_its_threshold_and_probabilities_learnt_on_inner_folds() -> None:
    design = make_design(n=72, external=12)
    final = finals(design)
    assert final.settings == 4 and {"radiomics.k", "radiomics.C"} <= set(final.chosen)  # of each block of two
    assert np.isfinite([final.cut, *final.line]).all()
    risk = final.predict(Rows.of(design)).risk
    assert risk is not None and len(risk) == 72
    assert (final.n, final.patients, final.cohorts) == (60, 60, ("toy",))
    assert final.events == int(design.event[:60].sum()) and sum(final.centres.values()) == 60


def test_a_value_of_a_training_row_is_remarked_on_once() -> None:
    """In an outer fold remarks are of both its sides; here training rows are all there is."""
    design = make_design(n=60, nan=0.0)
    X = design.X.copy()
    X.iloc[3, X.columns.get_loc("radiomics_5")] = 1e3
    models = [{**FAST, "steps": ["drop_constant", "median", {"kind": "zscore", "limit": 5}]}]
    final = fit_final(replace(design, X=X), make_study(models=models), "radiomics", "lasso_logistic")
    (number,) = (number for said, number in final.remarks.items() if not said.startswith("drop_constant left out"))
    assert set(final.remarks.values()) == {1}, final.remarks
    assert number == 1


def test_columns_are_matched_by_name_and_each_that_is_missing_is_named() -> None:
    design = make_design(n=60)
    final = fit_final(design, make_study(), "radiomics", "lasso_logistic", units={"radiomics_0": "mm", "other": "ml"})
    assert dict(final.units) == {"radiomics_0": "mm"}
    rows = Rows.of(design)
    turned = rows.keep(np.arange(len(rows.columns))[::-1])
    np.testing.assert_array_equal(final.predict(turned).risk, final.predict(rows).risk)
    lacking = replace(design, X=design.X.rename(columns={"radiomics_3": "radiomic_3"}).drop(columns="radiomics_7"))
    lacking = replace(lacking, blocks={**design.blocks, "radiomic_3": "radiomics"})
    with pytest.raises(DataError) as raised:
        final.predict(Rows.of(lacking))
    assert str(raised.value) == (
        "the model lasso_logistic of toy: 2 columns are missing that it was fitted on: radiomics_3, radiomics_7; "
        'radiomics_3: did you mean "radiomic_3"?; radiomics_7: did you mean "radiomic_3"?'
    )


def test_a_covariate_of_a_harmoniser_is_needed_too() -> None:
    design = make_design(n=60)
    steps = ["drop_constant", "median", {"kind": "combat", "covariates": ["clinical_age"]}, "zscore"]
    models = [{"model": "ridge_logistic", "steps": steps}]
    final = fit_final(design, make_study(models=models), "radiomics", "ridge_logistic")
    assert final.covariates == ("clinical_age",)
    rows = Rows.of(design)
    with pytest.raises(DataError, match="1 column is missing that it was fitted on: clinical_age"):
        final.predict(replace(rows, covariates={}))
    assert len(final.predict(rows)) == 60


@pytest.mark.parametrize(
    ("blocks", "model", "told"),
    [
        (
            "radiomic",
            "lasso_logistic",
            'no set of blocks "radiomic"; it has clinical, volume, radiomics, both; did you mean',
        ),
        ("both", "cox", 'study toy has no model "cox"; it has lasso_logistic'),
    ],
)
def test_what_the_study_does_not_have_is_refused(blocks: str, model: str, told: str) -> None:
    with pytest.raises(FitError, match=told):
        fit_final(make_design(n=60, external=10), make_study(**EXTERNAL), blocks, model)


def test_too_few_training_cases_are_refused_however_many_are_held_out() -> None:
    with pytest.raises(FitError, match="8 cases"):
        finals(make_design(n=60, external=52))
