"""Missing values become the median of the training rows."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.errors import FitError
from tasks.modelling.preprocessing.impute.median import Median
from tests.support.design import make_rows, make_target


def test_the_median_is_that_of_the_known_training_values() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(31, 8))
    X[rng.random(X.shape) < 0.3] = np.nan
    step = Median().fit(make_rows({str(i): x for i, x in enumerate(X.T)}), make_target(np.arange(31) % 2), 0)
    np.testing.assert_array_equal(step.median, np.nanmedian(X, axis=0))
    other = step.apply(make_rows({str(i): [np.nan, 3.0] for i in range(8)}))
    np.testing.assert_array_equal(other.X, [step.median, np.full(8, 3.0)])


def test_a_column_without_any_value_is_refused() -> None:
    with pytest.raises(FitError, match="no median, for example b"):
        Median().fit(make_rows({"a": [1.0, 2.0], "b": [np.nan, np.nan]}), make_target([0, 1]), 0)
