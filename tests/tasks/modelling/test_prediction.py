"""Predictions of fitted models, in one form."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.outcome import Outcome
from features.endpoints.multilabel import Multilabel
from tasks.modelling.models.model import MODELS, models_of
from tasks.modelling.target import Target
from tests.support.design import make_rows
from tests.support.kinds import small_model


@pytest.mark.parametrize("kind", models_of("multilabel"))
@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_a_label_that_is_alike_in_an_inner_training_fold_has_that_answer(kind: str) -> None:
    """Folds are spread evenly over one label only: another one may be all yes, or all no, on an inner fold."""
    rows = make_rows(dict(zip("xyz", np.random.default_rng(0).normal(size=(3, 100)), strict=True)))
    labels = np.column_stack([rows.X[:, 0] > 0, np.ones(100), np.zeros(100)]).astype(np.intp)
    names = ("a", "b", "c")
    target = Target(Outcome(labels, levels=names), Multilabel(labels=names))
    found = MODELS.parse(small_model(kind, trees=20)).fit(rows, target, 0).predict(rows).probability
    assert found is not None
    assert (found[:, 1:] == [1, 0]).all()
    assert 0 <= found[:, 0].min() < found[:, 0].max() <= 1
