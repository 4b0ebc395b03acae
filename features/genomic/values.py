"""Values: what one genomic table says, patient by patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.catalog.genomic_source import GenomicTable
from features.core.column import Column
from features.core.errors import ConfigError, Fault
from features.core.wording import counted


@dataclass(frozen=True, eq=False)
class Values:
    """A number per patient and column, NaN where missing, (patients, columns); flags are 0 and 1.

    places: where each patient stands in the file, for messages.
    """

    patients: Sequence[str]
    places: Sequence[str]
    columns: Sequence[Column]
    numbers: NDArray[np.float64]


def check_values(source: GenomicTable, wrong: NDArray[np.bool_], allowed: str, hint: str = "") -> None:
    """Raises ConfigError with the number of values that contradict what the catalog declares."""
    if wrong.any():
        what = f"{counted(int(wrong.sum()), 'value contradicts', 'values contradict')} what is declared"
        raise ConfigError([Fault(source.path, what, "", allowed, hint)])
