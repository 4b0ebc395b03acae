"""Survival forests: higher risks die earlier, also where other events compete."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.modelling.metrics.harrell_c import HarrellC
from tasks.modelling.metrics.metric import Scored
from tasks.modelling.models.survival_forest import SurvivalForest
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_design, make_rows


@pytest.mark.parametrize("kind", sorted(SurvivalForest.endpoints))
def test_risk_orders_cases_that_were_not_seen(kind: str) -> None:
    design = make_design(kind, n=120, nan=0.0)
    rows = make_rows({name: design.X[name].to_numpy() for name in ("radiomics_0", "radiomics_1", "clinical_age")})
    target = Target(design.outcome, ANY_ENDPOINT[kind])
    train, test = np.arange(80), np.arange(80, 120)
    model = SurvivalForest(trees=50).fit(rows.take(train), target.take(train), 0)
    prediction, seen = model.predict(rows.take(test)), target.outcome.take(test)
    scored = Scored(test, seen, prediction, target.outcome.take(train), target.endpoint)
    value = HarrellC().value([scored])
    assert value is not None and value > 0.7
    assert model.importance().argmax() == 0
