"""How much each block weighs: least squares of what is to be explained on out-of-fold predictions, no weight below 0."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_BLOCKS = 10  # of more, those that tell least alone get no weight: sets of them double with every block
RIDGE = 0.01  # makes weights unique where two blocks predict the same; of the squared spread of a block, which is 1


def block_weights(predicted: Floats, residual: Floats) -> Floats:
    """The weight of each block's predictions in units of their spread, (blocks,), none below 0.

    predicted: (blocks, n, m), out of fold, centred, of root mean square 1, or 0 of a block that predicts the same for all.
    residual: (n, m), centred, of what is to be explained.

    Every set of blocks, the empty one among them, has its non-negative least squares; the weights are the mean of these, each
    set counting exp(gain in log likelihood - number of blocks), its Akaike weight. So a block that tells nothing costs less
    than one fit of all blocks lets it cost, and no block is dropped at an edge. A block that predicts the same for all, or the
    reverse of what was seen, gets 0. Breiman, Mach Learn 1996;24:49 (stacking with weights that are not negative); Burnham &
    Anderson, Sociol Methods Res 2004;33:261.
    """
    Z = predicted.reshape(len(predicted), -1)
    cells, size = Z.shape[1], float((residual**2).mean())
    cross = Z @ residual.reshape(-1) / cells
    gram = Z @ Z.T / cells + RIDGE * np.eye(len(Z))
    found = np.zeros(len(Z))
    if size == 0:
        return found
    tell = np.sort(np.argsort(-cross, kind="stable")[:MOST_BLOCKS])
    weights, gains = [found], [0.0]
    for count in range(1, len(tell) + 1):
        for chosen in combinations(tell.tolist(), count):
            own = np.zeros(len(Z))
            own[list(chosen)] = _least_squares(gram[np.ix_(chosen, chosen)], cross[list(chosen)])
            weights.append(own)
            gains.append(cells * float(cross @ own) / (2 * size) - count)
    likely = np.exp(np.array(gains) - max(gains))
    mean: Floats = likely @ np.array(weights) / likely.sum()
    return mean


def _least_squares(gram: Floats, cross: Floats) -> Floats:
    from scipy.optimize import nnls  # here, so that reading a study does not import it

    root = np.linalg.cholesky(gram)
    found: Floats = nnls(root.T, np.linalg.solve(root, cross))[0]
    return found
