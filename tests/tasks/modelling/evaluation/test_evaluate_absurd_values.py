"""A cell that is no measurement costs no fold: whatever the model, all are scored and the report says what was done."""

from __future__ import annotations

import pytest

from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.models.model import MODELS
from tests.support.design import make_design, make_study
from tests.support.kinds import marks_of, of_columns, small_model


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=marks_of(kind, "")) for kind in of_columns(MODELS.modules)])
def test_one_value_of_1e300_leaves_no_fold_without_scores(kind: str) -> None:
    """It trains in two of three folds and is predicted in the third, in the column that the outcome follows."""
    design = make_design(min(MODELS.load(kind).endpoints), n=48, p=4, nan=0.02)
    design.X.loc[design.X.index[7], "radiomics_0"] = 1e300
    design.X.loc[design.X.index[8], "radiomics_1"] = -1.7e308
    study = make_study(models=[small_model(kind, trees=30)], splits=[{"kind": "nested", "folds": 3, "repeats": 1}])
    found = evaluate(design, study)
    own = [score for score in found.scores if score.metric in design.endpoint.metrics]  # others need several settings
    assert {score.value is None for score in own} == {False}, [score.reason for score in own]
    counted = "absurd values count as the training mean"
    remarks = {message: number for message, number in found.warnings.items() if "absurd" in message}
    told = {f"radiomics_0: {counted}", f"radiomics_1: {counted}"}
    ranked = kind in ("voting", "stacking")  # whose members take ranks, or bend what is far off
    assert set(remarks) == (set() if ranked else told)
    assert not [message for message in found.warnings if "overflow" in message or "invalid value" in message]
