"""Export: what leaves the store in one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class Export:
    """A table, where its columns come from (block and name there), and one dictionary row per column and cohort.

    levels: of its columns that have any, in their declared order.
    """

    table: pa.Table
    names: Mapping[str, tuple[str, str]]
    dictionary: pa.Table | None  # None for the tables of studies
    refresh: int
    levels: Mapping[str, Sequence[str]] = field(default_factory=dict)
