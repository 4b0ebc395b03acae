"""Support vector classifiers beside those of scikit-learn (LIBSVM)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics.pairwise import linear_kernel, rbf_kernel
from sklearn.svm import SVC

from tasks.modelling.solvers.kernels import linear, rbf
from tasks.modelling.solvers.svm_dual import solve_machine

GAMMA = 0.1


def table() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 8))
    return X, X[:, 0] + rng.logistic(size=90) > 0.5


def test_kernels_are_those_of_scikit_learn() -> None:
    X, _ = table()
    np.testing.assert_allclose(linear(X[:50], X[50:]), linear_kernel(X[:50], X[50:]), atol=1e-12)
    np.testing.assert_allclose(rbf(X[:50], X[50:], GAMMA), rbf_kernel(X[:50], X[50:], gamma=GAMMA), atol=1e-12)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("weights", [None, {False: 0.6, True: 2.5}])
def test_decisions_equal_libsvm(kernel: str, C: float, weights: dict[bool, float] | None) -> None:
    X, y = table()
    train, test = np.arange(60), np.arange(60, 90)
    peer = SVC(C=C, kernel=kernel, gamma=GAMMA, class_weight=weights, tol=1e-7).fit(X[train], y[train])
    bound = C * (np.where(y[train], weights[True], weights[False]) if weights else np.ones(60))
    near = linear(X, X[train]) if kernel == "linear" else rbf(X, X[train], GAMMA)
    machine = solve_machine(near[train], y[train], bound, tolerance=1e-7)
    assert machine.is_optimal
    found = near[test] @ machine.dual + machine.intercept
    np.testing.assert_allclose(found, peer.decision_function(X[test]), atol=1e-4)
    assert abs(machine.dual.sum()) < 1e-9


def test_what_can_be_parted_has_a_margin_of_one() -> None:
    X = np.array([[0.0], [1.0], [3.0], [4.0]])
    machine = solve_machine(linear(X, X), np.array([False, False, True, True]), np.full(4, 1e6))
    np.testing.assert_allclose(linear(X, X) @ machine.dual + machine.intercept, [-2, -1, 1, 2], atol=1e-3)


def test_too_few_steps_are_said() -> None:
    X, y = table()
    machine = solve_machine(linear(X, X), y, np.full(90, 1.0), most_steps=3)
    assert (machine.steps, machine.is_optimal) == (3, False)
