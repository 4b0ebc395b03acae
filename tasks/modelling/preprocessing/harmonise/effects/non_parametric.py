"""Non-parametric empirical Bayes: the prior of a column's shift and spread are those of all other columns."""

from __future__ import annotations

import numpy as np

from tasks.modelling.preprocessing.harmonise.effects.statistics import Floats, Statistics

CELLS = 1 << 20  # of the table of columns × columns that is held at a time


def non_parametric(own: Statistics) -> tuple[Floats, Floats]:
    """Posterior shift and spread of each column of a centre, (p,) each. Johnson et al., Biostatistics 2007;8:118.

    Each is a mean over the other columns, weighted by how likely their shift and spread make the column's own rows. Weights
    are held as logarithms: the likelihood of some hundreds of rows is below the smallest number of the machine.
    The time grows with the square of the number of columns.
    """
    n, p = own.n, len(own.mean)
    half = n / 2 * np.log(own.variance)
    both = np.column_stack([own.mean, own.variance])
    found = np.empty((p, 2))
    step = max(1, CELLS // p)
    for start in range(0, p, step):
        part = np.arange(start, min(start + step, p))
        squares = n * (own.mean[part, None] - own.mean[None, :]) ** 2
        squares += own.squares[part, None]
        weight = -squares / (2 * own.variance) - half
        weight[np.arange(len(part)), part] = -np.inf  # a column is no prior of itself
        weight -= weight.max(axis=1, keepdims=True)
        np.exp(weight, out=weight)
        found[part] = (weight @ both) / weight.sum(axis=1, keepdims=True)
    return found[:, 0], found[:, 1]
