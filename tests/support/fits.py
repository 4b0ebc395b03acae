"""Fits as equal to the last bit."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.prediction import Incidence, Prediction


def assert_same_fit(first: Fit, second: Fit | None) -> None:
    """Every field is equal, arrays bit for bit; what was fitted, and the fold, apart."""
    assert second is not None
    for one in fields(Fit):
        if one.name not in ("fold", "fitted"):
            assert _same(getattr(first, one.name), getattr(second, one.name)), one.name


def _same(first: object, second: object) -> bool:
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return first.dtype == second.dtype and first.shape == second.shape and first.tobytes() == second.tobytes()
    for kind in (Prediction, Incidence):
        if isinstance(first, kind) and isinstance(second, kind):
            return all(_same(getattr(first, one.name), getattr(second, one.name)) for one in fields(kind))
    return repr(first) == repr(second) and type(first) is type(second)
