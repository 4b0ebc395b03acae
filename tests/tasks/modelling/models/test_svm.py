"""Support vector machines of a study: the same alone and among others, and like those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVC

from tasks.modelling.models import svm
from tasks.modelling.models.svm import Svm
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import BINARY, make_design, make_rows


def problem() -> tuple[Rows, Target]:
    design = make_design(n=80, nan=0.0)
    names = [f"radiomics_{i}" for i in range(6)]
    return make_rows({name: design.X[name].to_numpy() for name in names}), Target(design.outcome, BINARY)


def test_settings_fitted_together_are_those_fitted_alone() -> None:
    rows, target = problem()
    model = Svm()
    for one, together in zip(model.variants(), model.fit_variants(rows, target, 0, model.variants()), strict=True):
        np.testing.assert_array_equal(one.fit(rows, target, 0).predict(rows).risk, together.predict(rows).risk)


@pytest.mark.parametrize("weighted", ["none", "balanced"])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_scores_are_those_of_scikit_learn(kernel: str, weighted: str) -> None:
    rows, target = problem()
    model = Svm.model_validate({"kernel": [kernel], "C": [0.5], "class_weight": weighted}).fit(rows, target, 0)
    peer = SVC(kernel=kernel, C=0.5, gamma="scale", class_weight=None if weighted == "none" else weighted)
    peer.fit(rows.X, target.y)
    np.testing.assert_allclose(model.predict(rows).risk, peer.decision_function(rows.X), atol=0.03)
    if kernel == "linear":
        np.testing.assert_allclose(model.importance(), peer.coef_[0], atol=0.03)
    else:
        assert np.isnan(model.importance()).all()


def test_a_search_that_ends_early_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svm, "MOST_STEPS", 3)
    rows, target = problem()
    with pytest.warns(UserWarning, match="svm: not at its optimum after 3 steps"):
        Svm().fit(rows, target, 0)
