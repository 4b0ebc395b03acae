"""Boosted trees of follow-up: those of scikit-survival on real tables, for every number of trees of one run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sksurv.ensemble import GradientBoostingSurvivalAnalysis

from tasks.modelling.models.gradient_boosting_survival import GradientBoostingSurvival
from tests.support.public_tables import nki70, vdv


@pytest.mark.data
@pytest.mark.parametrize("name", ["nki70", "vdv"])
def test_scores_curves_and_weights_are_those_of_scikit_survival(name: str, public_data: Path) -> None:
    """Apart by 2e-15 as measured: the same trees, walked through without it."""
    table = nki70(public_data) if name == "nki70" else vdv(public_data, 300)
    model = GradientBoostingSurvival(stop_after=(10, 40))
    for one, found in zip(
        model.variants(), model.fit_variants(table.rows, table.target, 3, model.variants()), strict=True
    ):
        assert not isinstance(found, Exception)
        peer = GradientBoostingSurvivalAnalysis(
            n_estimators=one.stop_after[0], max_depth=2, min_samples_leaf=3, max_features="sqrt", random_state=3
        ).fit(table.X, table.target.y)
        prediction = found.predict(table.rows)
        assert prediction.risk is not None and prediction.incidence is not None
        np.testing.assert_allclose(prediction.risk, peer.predict(table.X), atol=1e-12)
        np.testing.assert_allclose(found.importance(), peer.feature_importances_, atol=1e-12)
        steps = peer.predict_survival_function(table.X, return_array=True)
        at = np.searchsorted(peer.unique_times_, prediction.incidence.days)
        np.testing.assert_allclose(prediction.incidence.survival(), steps[:, at], atol=1e-12)
