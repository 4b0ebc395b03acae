"""Partial correlation: of what is left of two columns once a regression on others is taken out of both."""

from __future__ import annotations

import numpy as np

from tasks.modelling.correlation_interval import by_fisher
from tasks.modelling.effects.effect import Estimate, Floats


def partial_correlation(x: Floats, y: Floats, adjusted: Floats, *, ranks: bool = False) -> Estimate:
    """x, y: (n,). adjusted: (n, k); columns that follow from others count once. ranks: x, y and adjusted are ranks.

    p by the t distribution with n − 2 − k degrees of freedom, interval by Fisher's transform with n − k − 3.
    """
    from scipy.stats import t as student

    n = len(x)
    A = np.column_stack([np.ones(n), adjusted])
    size = np.sqrt((A * A).sum(axis=0))
    left, strength, _ = np.linalg.svd(A / np.where(size > 0, size, 1.0), full_matrices=False)
    basis = left[:, strength > strength[0] * 1e-10]
    k = basis.shape[1] - 1
    if n - 2 - k < 2:
        return Estimate(
            reason=f"{n} cases and {k} columns that are held fixed leave {n - 2 - k} degrees of freedom; needed: 2"
        )
    first, second = (one - basis @ (basis.T @ one) for one in (x, y))
    for own, rest, what in ((x, first, "the column"), (y, second, "the variable")):
        if rest @ rest < 1e-16 * max(float(own @ own), 1e-300) or rest.std() < 1e-9 * own.std():
            return Estimate(reason=f"{what} follows from what is held fixed")
    r = float(np.clip(first @ second / np.sqrt((first @ first) * (second @ second)), -1.0, 1.0))
    free = n - 2 - k
    p = float(2 * student.sf(abs(r) * np.sqrt(free / max(1 - r * r, 1e-300)), free))
    return by_fisher(r, p, n - k - 3, ranks=ranks)
