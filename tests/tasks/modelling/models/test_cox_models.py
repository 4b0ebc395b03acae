"""What LASSO-Cox survives."""

from __future__ import annotations

import numpy as np

from features.core.kinds.endpoint import surv
from tasks.modelling.estimators.lasso_cox import LassoCox
from tests.support.design import make_design


def test_lasso_cox_may_choose_nothing() -> None:
    design = make_design("survival", nan=0.0)
    X = design.X[["radiomics_1", "radiomics_2"]].to_numpy()
    model = LassoCox(alpha_fraction=0.999).fit(X, surv(design.outcome))
    assert np.abs(model.coef_).max() < 1e-2
    assert np.isfinite(model.predict(X)).all()
