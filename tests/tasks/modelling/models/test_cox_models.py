"""What the Cox models refuse and survive."""

from __future__ import annotations

import numpy as np
import pytest
from sksurv.linear_model import CoxPHSurvivalAnalysis

from features.core.errors import FitError
from features.core.kinds.endpoint import surv
from tasks.modelling.estimators.lasso_cox import LassoCox
from tasks.modelling.estimators.ridge_cox import RidgeCox
from tests.support.design import make_design


def test_cox_refuses_more_features_than_a_tenth_of_the_events() -> None:
    design = make_design("survival", nan=0.0)
    design.outcome.code[:] = np.arange(len(design.X)) < 25
    X = design.X[["radiomics_0", "radiomics_1", "radiomics_2"]].to_numpy()
    with pytest.raises(FitError, match="3 features for 25 events; allowed: at most 2"):
        RidgeCox().fit(X, surv(design.outcome))


def test_cox_equals_another_library_without_penalty() -> None:
    design = make_design("survival", n=120, nan=0.0, signal=0.7)
    X = design.X[["radiomics_0", "radiomics_1"]].to_numpy()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    found = RidgeCox(penalizer=1e-9).fit(X, surv(design.outcome)).coef_
    np.testing.assert_allclose(found, CoxPHSurvivalAnalysis(ties="efron").fit(X, surv(design.outcome)).coef_, atol=1e-4)


def test_lasso_cox_may_choose_nothing() -> None:
    design = make_design("survival", nan=0.0)
    X = design.X[["radiomics_1", "radiomics_2"]].to_numpy()
    model = LassoCox(alpha_fraction=0.999).fit(X, surv(design.outcome))
    assert np.abs(model.coef_).max() < 1e-2
    assert np.isfinite(model.predict(X)).all()
