"""inputs_of: what a model is given of each case, as a digest: a case whose values changed is told from one that was scored."""

from __future__ import annotations

import hashlib

import numpy as np

from tasks.modelling.evaluation.final import Final
from tasks.modelling.rows import Rows

DIGITS = 16


def inputs_of(final: Final, rows: Rows) -> list[str]:
    """(n,) of its columns, of the clinical columns that its harmonisers look at, of the centre, and of images that it is shown.

    Values count to seven digits (float32): a table that was written and read again has others in the sixteenth.
    Raises as `Final.needed`.
    """
    needed = final.needed(rows)
    known = [needed.covariates[name] for name in final.covariates]
    with np.errstate(over="ignore"):
        values = np.column_stack([needed.X, *known]).astype("<f4") + np.float32(0)  # −0 is 0
    values[np.isnan(values)] = np.nan  # whatever bits a missing value had
    shown = [""] * len(needed) if needed.images is None else needed.images.addresses.tolist()
    others = (f"{centre}{image}" for centre, image in zip(needed.groups["centre"].tolist(), shown, strict=True))
    return [
        hashlib.sha256(row.tobytes() + other.encode()).hexdigest()[:DIGITS]
        for row, other in zip(values, others, strict=True)
    ]
