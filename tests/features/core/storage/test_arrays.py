"""array_of gives the arrays of pyarrow, and no command that needs no pandas imports it."""

import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.storage.arrays import array_of

LISTS = st.one_of(
    st.tuples(st.just(pa.float64()), st.lists(st.none() | st.floats(allow_nan=False) | st.integers(-(2**50), 2**50))),
    st.tuples(st.just(pa.int64()), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1))),
    st.tuples(st.just(pa.string()), st.lists(st.none() | st.text())),
)


@settings(deadline=None)  # pyarrow imports pandas at the first list
@given(LISTS)
def test_arrays_are_those_of_pyarrow(given_: tuple[pa.DataType, list[float | int | str | None]]) -> None:
    kind, values = given_
    found = array_of(values, kind)
    found.validate(full=True)
    assert found.equals(pa.array(values, kind))


def test_a_fraction_is_no_whole_number() -> None:
    with pytest.raises(TypeError):
        array_of([1.5], pa.int64())


def test_a_csv_is_written_without_pandas() -> None:
    script = (
        "import sys; from flows.commands.extract import as_table; from flows.commands.spreadsheet import csv_bytes; "
        "print(csv_bytes(as_table([{'ID': 'a', 'x': 1.5, 'diagnostics_n': 2}, {'ID': 'b', 'x': None}])).decode(), end=''); "
        "assert 'pandas' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == '"ID","x","diagnostics_n"\n"a",1.5,2\n"b",,\n'
