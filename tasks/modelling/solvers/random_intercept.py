"""Linear regression with a random intercept of each group, by restricted maximum likelihood (REML)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST = 1e6  # of the variance between groups, in units of that within


@dataclass(frozen=True, eq=False)
class RandomIntercept:
    """coefficients: (p,) of the columns. between, within: variances of the groups' intercepts, and of what is left.

    covariance: (p, p) of the coefficients at these variances.
    """

    coefficients: Floats
    between: float
    within: float
    covariance: Floats


def fit_random_intercept(A: Floats, y: Floats, groups: NDArray[np.intp]) -> RandomIntercept:
    """A: (n, p) of full rank, with a column of ones if there is to be an intercept. y: (n,). groups: (n,) codes from 0.

    The ratio of both variances is searched along one line, the rest follows from it. Where no group has two rows it is least
    squares, and all variance is within. Raises ValueError for as many columns as rows or columns that depend on each other,
    ArithmeticError where all variance lies between groups. Laird & Ware, Biometrics 1982;38:963.
    """
    from scipy.optimize import minimize_scalar

    n, p = A.shape
    if p >= n:
        raise ValueError(f"a mixed model of {p} coefficients needs more than {p} rows; found {n}: screen the columns")
    if np.linalg.matrix_rank(A) < p:
        raise ValueError(
            f"a mixed model needs columns of which none follows from others: {p} have rank {np.linalg.matrix_rank(A)}"
        )
    sizes = np.bincount(groups).astype(np.float64)
    sums, total = np.zeros((len(sizes), p)), np.zeros(len(sizes))
    np.add.at(sums, groups, A)
    np.add.at(total, groups, y)
    gram, cross, square = A.T @ A, A.T @ y, float(y @ y)

    def weighed(ratio: float) -> tuple[Floats, Floats]:
        """At a ratio of variances, how much each group's sum is shrunk, and the gram of the columns."""
        shrink = ratio / (1.0 + ratio * sizes)
        return shrink, gram - (sums.T * shrink) @ sums

    def solved(ratio: float) -> tuple[float, Floats, float]:
        """Deviance at a ratio of variances, coefficients, and the weighted sum of squares that is left."""
        shrink, own = weighed(ratio)
        beta = np.linalg.solve(own, cross - sums.T @ (shrink * total))
        left = square - float(shrink @ total**2) - float(beta @ (cross - sums.T @ (shrink * total)))
        left = max(left, 1e-12 * square)
        deviance = float(np.log1p(ratio * sizes).sum()) + float(np.linalg.slogdet(own)[1]) + (n - p) * np.log(left)
        return deviance, np.asarray(beta, np.float64), left

    if (sizes <= 1).all():
        _, beta, left = solved(0.0)
        return RandomIntercept(beta, 0.0, left / (n - p), left / (n - p) * np.linalg.inv(gram))
    tried = np.linspace(np.log(1e-4), np.log(MOST), 24)
    best = int(np.argmin([solved(float(np.exp(one)))[0] for one in tried]))
    if best == len(tried) - 1:
        raise ArithmeticError("a mixed model finds no variance within patients: the rows of a patient may be copies")
    around = (float(tried[max(best - 1, 0)]), float(tried[best + 1]))
    found = minimize_scalar(
        lambda log: solved(float(np.exp(log)))[0], bounds=around, method="bounded", options={"xatol": 1e-7}
    )
    ratio = float(np.exp(found.x))
    if solved(0.0)[0] <= float(found.fun):
        ratio = 0.0
    _, beta, left = solved(ratio)
    within = left / (n - p)
    return RandomIntercept(beta, ratio * within, within, within * np.linalg.inv(weighed(ratio)[1]))
