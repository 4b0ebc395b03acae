"""The members of an ensemble that names none."""

from __future__ import annotations

from typing import Any

from tasks.modelling.candidate import Candidate, parse_candidate
from tasks.modelling.models.model import usual_models_of

_ALL = ["drop_constant", "median", "yeo_johnson"]
_FEW = [*_ALL, {"kind": "mrmr", "k": [10, 20, 40]}]
# All columns and few of them, each by a line and by a curve, and trees: where a table's outcome hangs on a few columns the ones
# tell it, where it hangs a little on all the others do, and nobody knows beforehand. Measured by benchmarks/radmlbench.py.
_OF_TWO_CLASSES: tuple[dict[str, Any], ...] = (
    {
        "name": "ridge_of_all",
        "steps": ["drop_constant", "median", "quantile"],
        "model": {"kind": "ridge_logistic", "C": [0.01]},
    },
    {"name": "svm_of_all", "steps": _ALL, "model": {"kind": "svm", "kernel": ["rbf"], "C": [1.0]}},
    {"name": "ridge_of_few", "steps": _FEW, "model": {"kind": "ridge_logistic", "C": [0.01, 0.1, 1.0]}},
    {"name": "svm_of_few", "steps": _FEW, "model": {"kind": "svm", "kernel": ["rbf"], "C": [0.1, 1.0]}},
    {
        "name": "boosting",
        "steps": ["drop_constant", "median"],
        "model": {"kind": "gradient_boosting", "stop_after": [100]},
    },
)


def unnamed_members(endpoint: str) -> tuple[Candidate, ...]:
    """For two classes, views that differ in columns and in shape; else the usual models of a kind of endpoint."""
    given = _OF_TWO_CLASSES if endpoint == "binary" else usual_models_of(endpoint)
    return tuple(parse_candidate(one) for one in given)
