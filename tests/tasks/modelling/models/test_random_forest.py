"""Random forests of every endpoint that they can predict, and what balanced classes change."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.errors import FitError
from tasks.modelling.models.random_forest import RandomForest
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_design, make_rows


def fitted(kind: str, **settings: object) -> tuple[object, object, Target]:
    design = make_design(kind, n=90, nan=0.0)
    rows = make_rows({name: design.X[name].to_numpy() for name in ("radiomics_0", "radiomics_1", "clinical_age")})
    target = Target(design.outcome, ANY_ENDPOINT[kind])
    return RandomForest.model_validate({"trees": 50, **settings}).fit(rows, target, 0), rows, target


@pytest.mark.parametrize("kind", sorted(RandomForest.endpoints))
def test_the_planted_column_weighs_most(kind: str) -> None:
    model, rows, _ = fitted(kind)
    weights = model.importance()  # type: ignore[attr-defined]
    assert weights.argmax() == 0
    assert weights.sum() == pytest.approx(1)
    assert len(model.predict(rows)) == 90  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["multiclass", "ordinal"])
def test_balanced_probabilities_are_corrected_for_how_common_classes_are(kind: str) -> None:
    model, rows, target = fitted(kind, class_weight="balanced", min_samples_leaf=[15])
    found = model.predict(rows).probability  # type: ignore[attr-defined]
    np.testing.assert_allclose(found.sum(axis=1), 1)
    seen = np.bincount(target.outcome.code) / 90
    np.testing.assert_allclose(found.mean(axis=0), seen, atol=0.06)


def test_balanced_risks_of_a_flag_are_corrected_too() -> None:
    balanced, rows, target = fitted("binary", class_weight="balanced", min_samples_leaf=[15])
    risk = balanced.predict(rows).risk  # type: ignore[attr-defined]
    assert risk.mean() == pytest.approx(target.outcome.flag.mean(), abs=0.06)


@pytest.mark.parametrize("kind", ["multilabel", "continuous"])
def test_what_is_no_class_cannot_be_balanced(kind: str) -> None:
    with pytest.raises(FitError, match="not labels and not numbers"):
        fitted(kind, class_weight="balanced")
