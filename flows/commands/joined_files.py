"""JoinedFiles: an image block over all cohorts, whose recipes lie in files of their own, as one table for DuckDB and pyarrow."""

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from features.results.side_by_side import KEYS, side_by_side


class JoinedFiles(ds.Dataset):  # type: ignore[misc]
    """A row per case, cohort after cohort; columns of all files. Who reads it asks `scanner` for the columns that are needed.

    Of files without such columns only the cases are read.
    """

    def __init__(self, cohorts: Sequence[Sequence[ds.Fragment]], schema: pa.Schema) -> None:
        # that of ds.Dataset only refuses: nothing of it is used but its type, by which DuckDB knows what to ask
        self._cohorts, self._schema = cohorts, schema

    @property
    def schema(self) -> pa.Schema:
        return self._schema

    def scanner(self, columns: Collection[str] | None = None, filter: Any = None, **_: Any) -> ds.Scanner:
        """What gives these columns of the rows that fulfil a condition of pyarrow.

        They are joined here and now: an iterator of Python would be held by pyarrow's threads, see `arrow_memory`.
        """
        said, asked = str(filter), None if columns is None else {*columns}
        schema = pa.schema([one for one in self._schema if asked is None or one.name in asked or one.name in said])
        found = pa.concat_tables([_joined(files, schema) for files in self._cohorts])
        return ds.dataset(found).scanner(columns=columns, filter=filter)


def _joined(files: Sequence[ds.Fragment], schema: pa.Schema) -> pa.Table:
    """The rows of a cohort, with null in the columns of recipes that it does not have."""
    keys = [name for name in KEYS if name == "case" or name in schema.names]
    wanted = {*schema.names} - {*KEYS}
    own = [[name for name in file.physical_schema.names if name in wanted] for file in files]
    found = side_by_side([file.to_table(columns=[*keys, *names]) for file, names in zip(files, own, strict=True)])
    there = dict(zip(found.schema.names, found.columns, strict=True))
    arrays = [there[one.name] if one.name in there else pa.nulls(found.num_rows, one.type) for one in schema]
    return pa.table(arrays, schema=schema)
