"""What each block of a set contributes to a prediction: its share, which is no score.

Of one model of all columns, the share of a block is its part of the absolute weights: of coefficients for columns of equal spread,
or of importances. Of a model for each block, it is the weight of the block's prediction times the spread of that prediction out of
fold, over the sum of these (see Combiner). Shares of a set sum to 1. A block has a share also where its weights fit noise.
"""

from __future__ import annotations

import numpy as np

from tasks.modelling.rows import Columns, Floats


def block_shares(columns: Columns, weights: Floats) -> dict[str, float]:
    """Block → its part of the absolute weights, (p,); of the columns where a model has no weights. They sum to 1.

    Weights belong to columns of equal spread. Where all are 0 nobody contributes, and every share is 0.
    """
    size = np.abs(weights)
    size = np.ones(len(size)) if np.isnan(size).any() else size
    total = float(size.sum())
    return {
        str(block): float(size[columns.blocks == block].sum()) / total if total > 0 else 0.0
        for block in dict.fromkeys(columns.blocks.tolist())
    }
