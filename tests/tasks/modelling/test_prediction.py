"""predict: what a fitted model says of cases, in one form."""

from __future__ import annotations

import numpy as np
import pytest

from features.endpoints.multilabel import Multilabel
from tasks.modelling.models.model import MODELS
from tasks.modelling.prediction import predict


@pytest.mark.parametrize("kind", ["random_forest", "lasso_logistic"])
@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_a_label_that_is_alike_in_an_inner_training_fold_has_that_answer(kind: str) -> None:
    """Folds are spread evenly over one label only: another one may be all yes, or all no, on an inner fold."""
    X = np.random.default_rng(0).normal(size=(30, 3))
    labels = np.column_stack([X[:, 0] > 0, np.ones(30), np.zeros(30)]).astype(np.intp)
    fitted = MODELS.parse(kind).estimator(0, "labels").fit(X, labels)
    found = predict(fitted, X, Multilabel(labels=("a", "b", "c")), 3).probability
    assert found is not None
    assert (found[:, 1:] == [1, 0]).all()
    assert 0 < found[:, 0].min() < found[:, 0].max() < 1
