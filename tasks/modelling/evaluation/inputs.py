"""inputs_of: what a model is given of each case, as a digest: a case whose values changed is told from one that was scored."""

from __future__ import annotations

import hashlib

import numpy as np

from tasks.modelling.evaluation.final import Final
from tasks.modelling.rows import Rows

DIGITS = 16


def inputs_of(final: Final, rows: Rows) -> list[str]:
    """(n,) of its columns, of the clinical columns that its harmonisers look at, of what it is shown, and of the centre.

    Values count to seven digits (float32): a table that was written and read again has others in the sixteenth. Raises as
    `Final.needed`.
    """
    needed = final.needed(rows)
    known = [needed.covariates[name] for name in final.covariates]
    with np.errstate(over="ignore"):
        values = np.column_stack([needed.X, *known]).astype("<f4") + np.float32(0)  # −0 is 0
    values[np.isnan(values)] = np.nan  # whatever bits a missing value had
    centres = needed.groups["centre"].tolist()
    shown = needed.images.addresses.tolist() if final.of_images and needed.images is not None else [""] * len(needed)
    return [
        hashlib.sha256(row.tobytes() + f"{centre}{address}".encode()).hexdigest()[:DIGITS]
        for row, centre, address in zip(values, centres, shown, strict=True)
    ]
