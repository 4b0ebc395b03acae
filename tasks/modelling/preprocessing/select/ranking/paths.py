"""entries: in which order columns enter the path of a penalty that falls, LASSO or elastic net."""

from __future__ import annotations

import numpy as np

from features.core.outcome import Outcome
from tasks.modelling.rows import Floats

_STEPS, _ENDS = 20, (0.3, 0.1, 0.03, 0.01)  # penalties down to each of these shares of the largest


def entries(Z: Floats, contrast: Outcome, most: int, l1_ratio: float = 1.0) -> Floats:
    """The largest penalty, as a share of that which leaves no column, at which each column is in, (p,); 0 if at none.

    Z: (n, p) standardised. l1_ratio: the share of the penalty that is on sizes, the rest is on half of their squares. Of yes and
    no logistic, of follow-up Cox, of a number linear regression. The path ends once `most` columns are in, or at a hundredth.
    Columns that are in at the same of the 20 penalties of a part go by the size of their coefficient there.
    """
    found = np.zeros(Z.shape[1])
    start = 1.0
    for end in _ENDS:
        shares = np.geomspace(start, end, _STEPS + 1)[1:]
        path = np.abs(_path(Z, contrast, shares / l1_ratio, l1_ratio))
        for share, sizes in zip(shares, path, strict=True):
            new = (found == 0) & (sizes > 0)
            found[new] = share * (1.0 + 1e-3 * sizes[new] / max(sizes.max(), 1e-300))
        if np.count_nonzero(found) >= most:
            break
        start = end
    return found


def _path(Z: Floats, contrast: Outcome, shares: Floats, l1_ratio: float) -> Floats:
    """Coefficients at penalties that are shares of the largest, (k, p)."""
    n = len(Z)
    if contrast.days is not None:
        from tasks.modelling.solvers.lasso_cox_path import largest_cox_penalty, lasso_cox_path

        weights = np.ones(n)
        top = largest_cox_penalty(Z, contrast.flag, contrast.days, weights)
        return lasso_cox_path(Z, contrast.flag, contrast.days, weights, shares * (top or 1.0), l1_ratio=l1_ratio)
    answer = contrast.flag.astype(np.float64) if contrast.value is None else contrast.value
    top = float(np.abs(Z.T @ (answer - answer.mean())).max(initial=0.0)) / n
    if contrast.value is None:
        from tasks.modelling.solvers.lasso_logistic_path import lasso_logistic_path

        return lasso_logistic_path(Z, contrast.flag, np.ones(n), shares * (top or 1.0), l1_ratio=l1_ratio)[:, 1:]
    from sklearn.linear_model import enet_path

    penalties = shares * (top or 1.0)
    found = enet_path(Z, answer - answer.mean(), l1_ratio=l1_ratio, alphas=penalties, tol=1e-6, max_iter=20_000)
    return np.asarray(found[1]).T
