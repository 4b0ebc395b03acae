"""Cox regression takes no more columns than events allow."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.errors import FitError
from tasks.modelling.models.cox import Cox
from tasks.modelling.target import Target
from tests.support.design import SURVIVAL, make_design, make_rows


def test_cox_refuses_more_features_than_a_tenth_of_the_events() -> None:
    design = make_design("survival", nan=0.0)
    design.outcome.code[:] = np.arange(len(design.X)) < 25
    rows = make_rows({name: design.X[name].to_numpy() for name in ("radiomics_0", "radiomics_1", "radiomics_2")})
    target = Target(design.outcome, SURVIVAL)
    with pytest.raises(FitError, match="3 features for 25 events; allowed: at most 2"):
        Cox().fit(rows, target, 0)
    model = Cox().fit(rows.keep(np.array([0, 1])), target, 0)
    assert model.importance()[0] > 0 and len(model.predict(rows.keep(np.array([0, 1])))) == len(design.X)
