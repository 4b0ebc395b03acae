"""How much each block weighs: non-negative least squares of what is to be explained on out-of-fold predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Floats = NDArray[np.float64]

RIDGE = 0.01  # makes weights unique where two blocks predict the same; of the squared spread of a block, which is 1


def block_weights(predicted: Floats, residual: Floats) -> Floats:
    """The weight of each block's predictions in units of their spread, (blocks,), none below 0.

    predicted: (blocks, n, m), out of fold, centred, of root mean square 1, or 0 of a block that predicts the same for all.
    residual: (n, m), centred. A block that predicts the same for all, or the reverse of what was seen, gets 0.
    Breiman, Mach Learn 1996;24:49 (stacking with weights that are not negative).
    """
    Z = predicted.reshape(len(predicted), -1)
    cross = Z @ residual.reshape(-1) / Z.shape[1]
    root = np.linalg.cholesky(Z @ Z.T / Z.shape[1] + RIDGE * np.eye(len(Z)))
    found: Floats = nnls(root.T, np.linalg.solve(root, cross))[0]
    return found
