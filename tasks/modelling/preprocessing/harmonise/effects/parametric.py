"""Parametric empirical Bayes: shifts have a normal prior over columns, spreads an inverse gamma prior."""

from __future__ import annotations

import numpy as np

from tasks.modelling.preprocessing.harmonise.effects.statistics import Floats, Statistics

TOLERANCE = 1e-10  # of shifts in standard deviations, of spreads relative; published programs stop at 1e-4
MOST_ROUNDS = 10_000


def parametric(own: Statistics) -> tuple[Floats, Floats]:
    """Posterior shift and spread of each column of a centre, (p,) each. Johnson et al., Biostatistics 2007;8:118.

    The priors are fitted by moments over the centre's columns. The two posteriors are found in turns until both stand still.
    Written without dividing by the variances of the priors, so that columns that are all alike take the prior itself.
    Raises ArithmeticError where that does not converge.
    """
    n, mean = own.n, own.mean
    centre, breadth = float(mean.mean()), float(mean.var(ddof=1))
    usual, doubt = float(own.variance.mean()), float(own.variance.var(ddof=1))
    shift, spread = mean, own.variance
    for _ in range(MOST_ROUNDS):
        new_shift = (n * breadth * mean + spread * centre) / (n * breadth + spread)
        squares = own.squares + n * (mean - new_shift) ** 2
        new_spread = (doubt * (squares / 2 + usual) + usual**3) / (doubt * (n / 2 + 1) + usual**2)
        moved = np.abs(new_shift - shift) / np.sqrt(new_spread), np.abs(new_spread - spread) / new_spread
        shift, spread = new_shift, new_spread
        if max(moved[0].max(), moved[1].max()) < TOLERANCE:
            return shift, spread
    raise ArithmeticError(f"the shrinkage of centre effects does not converge in {MOST_ROUNDS} rounds")
