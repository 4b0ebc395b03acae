"""array_of: Arrow arrays of numbers and texts, made without pandas, which pyarrow imports for any list of Python's."""

from collections.abc import Sequence
from itertools import accumulate
from operator import index
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def array_of(values: Sequence[Any] | NDArray[np.float64], kind: pa.DataType) -> pa.Array:
    """As `pa.array(values, kind)` for float64, int64 and string; None is null, NaN is not. Raises TypeError for 1.5 as int64.

    pyarrow asks pandas whether a list is one of its own, and imports it for that: 0.4 s of CPU at the start of a command.
    """
    if isinstance(values, np.ndarray) and values.dtype == np.float64 and pa.types.is_float64(kind):
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])
    missing = [value is None for value in values]
    valid = pa.py_buffer(np.packbits(np.logical_not(missing), bitorder="little")) if any(missing) else None
    if pa.types.is_string(kind):
        texts = [b"" if value is None else str(value).encode() for value in values]
        ends = np.array([0, *accumulate(map(len, texts))], np.int32)
        return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(b"".join(texts)), valid)
    filled = [0 if value is None else value for value in values]
    whole = pa.types.is_int64(kind)
    numbers = np.array([index(value) for value in filled], np.int64) if whole else np.array(filled, np.float64)
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(numbers)])
