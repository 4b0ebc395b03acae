"""Survival SVM: that of scikit-survival on a real table, and what it says where it cannot be fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sksurv.svm import FastSurvivalSVM

from features.core.outcome import Outcome
from tasks.modelling.models.survival_svm import SurvivalSvm
from tasks.modelling.target import Target
from tests.support.design import SURVIVAL, make_rows
from tests.support.public_tables import vdv


@pytest.mark.data
def test_weights_are_those_of_scikit_survival(public_data: Path) -> None:
    table = vdv(public_data, 100)
    pairs = np.count_nonzero(table.event[:, None] & (table.days[:, None] < table.days))
    peer = FastSurvivalSVM(alpha=0.01 * len(table.X) / pairs, max_iter=1000, random_state=0)
    peer.fit(table.X, table.target.y)
    found = SurvivalSvm(C=(0.01,)).fit(table.rows, table.target, 0)
    np.testing.assert_allclose(found.importance(), -peer.coef_, atol=1e-12)
    risk = found.predict(table.rows).risk
    np.testing.assert_allclose(risk, peer.predict(table.X), atol=1e-12)


def test_too_few_pairs_and_too_few_steps_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows, days = make_rows({"a": rng.normal(size=30), "b": rng.normal(size=30)}), np.arange(30.0) + 1
    last = Target(Outcome.of_days(days == 30, days), SURVIVAL)
    with pytest.raises(ValueError, match="no event of 1 is before the end of another case's follow-up"):
        SurvivalSvm().fit(rows, last, 0)
    monkeypatch.setattr("tasks.modelling.models.survival_svm.MOST_STEPS", 1)
    with pytest.raises(ArithmeticError, match="no optimum within 1 steps at C = 0.001, with 2 columns and 30 cases"):
        SurvivalSvm().fit(rows, Target(Outcome.of_days(days > 3, days), SURVIVAL), 0)
