"""Survival forests: higher risks die earlier, also where other events compete."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.core.outcome import Outcome
from tasks.modelling.curves.aalen_johansen import aalen_johansen
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


@pytest.mark.data
def test_curves_are_those_of_scikit_survival_but_for_chance(public_data: Path) -> None:
    """nki70: 44 cases that were held out. On average 0.036 apart, two of theirs 0.021: other log-rank tests."""
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.util import Surv

    table = pd.read_csv(public_data / "genomic-survival" / "nki70_breast_144x77.csv")
    X, event, days = table.iloc[:, 6:].to_numpy(float), table["event"].to_numpy(bool), table["time"].to_numpy()
    rows = make_rows(dict(zip(table.columns[6:], X.T, strict=True)))
    train, test = np.arange(100), np.arange(100, 144)
    target = Target(Outcome.of_days(event, days), ANY_ENDPOINT["survival"]).take(train)
    found = SurvivalForest(trees=300).fit(rows.take(train), target, 0).predict(rows.take(test)).incidence
    peer = RandomSurvivalForest(300, min_samples_leaf=3, max_features="sqrt", random_state=0)
    peer.fit(X[train], Surv.from_arrays(event[train], days[train]))
    steps = peer.predict_survival_function(X[test], return_array=True)
    assert found is not None
    theirs = steps[:, np.searchsorted(peer.unique_times_, found.days)]
    assert np.abs(found.survival() - theirs).mean() < 0.05
    assert np.corrcoef(found.survival()[:, -1], theirs[:, -1])[0, 1] > 0.9


@pytest.mark.parametrize("kind", sorted(SurvivalForest.endpoints))
def test_curves_are_means_of_what_leaves_hold(kind: str) -> None:
    """Each leaf by hand: its training rows, as often as the tree drew them, by the estimate of Aalen and Johansen."""
    design = make_design(kind, n=60, nan=0.0)
    rows = make_rows({name: design.X[name].to_numpy() for name in ("radiomics_0", "radiomics_1")})
    model = SurvivalForest(trees=3).fit(rows, Target(design.outcome, ANY_ENDPOINT[kind]), 0)
    found, curves, forest = model.predict(rows).incidence, model.curves, model.forest
    assert found is not None and design.outcome.days is not None
    order, expected = np.argsort(design.outcome.days, kind="stable"), np.zeros_like(found.value)
    for tree in range(3):
        own = replace(forest, starts=np.array([0, forest.starts[tree + 1] - forest.starts[tree]]))
        nodes = slice(forest.starts[tree], forest.starts[tree + 1])
        own = replace(own, column=forest.column[nodes], threshold=forest.threshold[nodes], left=forest.left[nodes])
        leaf = replace(own, value=np.arange(len(own.column), dtype=float)[:, None]).predict(rows.X)[:, 0]
        assert curves.drawn[tree].sum() == 60
        for one in np.unique(leaf):
            inside = np.repeat(order, curves.drawn[tree])
            inside = inside[leaf[inside] == one]
            for cause in range(found.value.shape[1]):
                code = design.outcome.code[inside]
                code = np.where(code == 0, 0, np.where(code == cause + 1, 1, 2))
                curve = aalen_johansen(design.outcome.days[inside], code, np.array([0.0]))
                places = np.searchsorted(curve.days, found.days, side="right") - 1
                expected[leaf == one, cause] += np.array(curve.share)[places] / 3
    np.testing.assert_allclose(found.value, expected, atol=1e-12)
