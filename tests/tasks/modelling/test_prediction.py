"""Predictions of fitted models, in one form."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.outcome import Outcome
from features.endpoints.multilabel import Multilabel
from tasks.modelling.models.model import MODELS, models_of
from tasks.modelling.prediction import MOST_DAYS, Incidence, Prediction, curve_days
from tasks.modelling.target import Target
from tests.support.design import make_rows
from tests.support.kinds import of_columns, small_model


@pytest.mark.parametrize("kind", of_columns(models_of("multilabel")))
@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
@pytest.mark.filterwarnings("ignore:stacking. .*so all members count alike")
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


def test_curves_step_on_their_days_and_are_thinned_by_events() -> None:
    value = np.array([[[0.1, 0.4, 0.5]], [[0.0, 0.25, 0.75]]])
    curves = Incidence(np.array([2.0, 5.0, 9.0]), value)
    asked = curves.at(np.array([0.0, 2.0, 4.9, 5.0, 100.0]))
    np.testing.assert_array_equal(asked[:, 0], [[0, 0.1, 0.1, 0.4, 0.5], [0, 0, 0, 0.25, 0.75]])
    np.testing.assert_array_equal(curves.survival(), [[0.9, 0.6, 0.5], [1, 0.75, 0.25]])
    both = Prediction(risk=np.array([1.0, 2.0]), incidence=curves).take(np.array([1]))
    assert both.incidence is not None and len(both) == len(both.incidence) == 1
    np.testing.assert_array_equal(both.incidence.value, value[1:])
    with pytest.raises(ValueError, match="do not have 2 days"):
        Incidence(np.array([2.0, 5.0]), value)
    days = np.random.default_rng(0).exponential(500, 1000).round()
    kept = curve_days(days)
    assert len(kept) <= MOST_DAYS and kept[0] == days.min() and kept[-1] == days.max() and np.isin(kept, days).all()
    between = np.diff(np.searchsorted(np.sort(days), kept, side="right"))
    assert between.max() <= 20  # 1,000 events, about five for each day; more where several share one


def test_the_mean_of_curves_weighs_them() -> None:
    one = Incidence(np.array([1.0, 3.0]), np.array([[[0.2, 0.6]]]))
    other = Incidence(np.array([2.0]), np.array([[[1.0]]]))
    found = Incidence.mean([one, other], [3.0, 1.0])
    np.testing.assert_array_equal(found.days, [1, 2, 3])
    np.testing.assert_allclose(found.value[0, 0], [0.15, 0.4, 0.7])
    np.testing.assert_array_equal(Incidence.mean([one, one], [1.0, 2.0]).value, one.value)
