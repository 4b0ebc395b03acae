"""Arrays of any type and shape as one table, a row each, which the store seals as it does every other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.core.errors import RadweaveError
from tasks.modelling.saved.structure import KINDS

_COLUMNS = ["type", "shape", "order", "data"]


def arrays_table(arrays: Sequence[NDArray[Any]]) -> pa.Table:
    """Columns type, shape, order (of rows C, of columns F: sums of products may depend on it) and data, little-endian bytes."""
    little = [np.asarray(one, one.dtype.newbyteorder("<")) for one in arrays]
    orders = ["F" if one.flags.f_contiguous and not one.flags.c_contiguous else "C" for one in little]
    data = [one.tobytes(order="F" if order == "F" else "C") for one, order in zip(little, orders, strict=True)]
    columns = [
        pa.array([one.dtype.str for one in little], pa.string()),
        pa.array([json.dumps(one.shape) for one in little], pa.string()),
        pa.array(orders, pa.string()),
        pa.array(data, pa.large_binary()),
    ]
    return pa.Table.from_arrays(columns, _COLUMNS)


def arrays_of(table: pa.Table) -> list[NDArray[Any]]:
    """What `arrays_table` was given, to the bit. Raises RadweaveError for other columns, types and sizes."""
    if table.schema.names != _COLUMNS:
        raise RadweaveError(f"it is no table of arrays: its columns are {', '.join(table.schema.names)}")
    return [_array(**row) for row in table.to_pylist()]


def _array(*, type: str, shape: str, order: str, data: bytes) -> NDArray[Any]:
    kind = np.dtype(type)
    sizes = tuple(json.loads(shape))
    if kind.kind not in KINDS or kind.hasobject:
        raise RadweaveError(f"it holds an array of {kind}")
    whole = int(np.prod(sizes, dtype=np.int64)) * kind.itemsize
    if whole != len(data):
        raise RadweaveError(f"it holds an array of {len(data)} bytes where {whole} were written")
    found = np.frombuffer(bytearray(data), kind) if data else np.empty(0, kind)
    return found.reshape(sizes, order="F" if order == "F" else "C").astype(kind.newbyteorder("="), copy=False)
