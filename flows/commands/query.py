"""query: read-only SQL over the store, answered as text or as a file."""

import io
import json
import math
from contextlib import redirect_stdout
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from features.core.errors import RadweaveError
from features.core.storage.store import Store
from features.core.wording import counted
from flows.commands.output import write_tables
from flows.commands.spreadsheet import csv_bytes
from flows.commands.views import Views, relation_table

MOST_VIEWS = 1000
LIST = "SELECT table_name AS view, count(*) AS columns FROM information_schema.columns GROUP BY 1 ORDER BY 1"


def run_query(
    store: Store, sql: str, form: str = "table", refresh: int | None = None, output: Path | None = None
) -> str:
    """The answer as a table (cut to what fits the screen), as CSV or as JSON; with `output`, it is all written there.

    Raises StoreError if the store is empty or damaged, RadweaveError if the SQL is faulty.
    """
    if form not in ("table", "csv", "json"):
        raise RadweaveError(f'unknown format "{form}"; allowed: table, csv, json')
    found = Views(store, refresh).ask(sql or LIST)
    if output is not None:
        table = relation_table(found)
        write_tables(store, output, {"answer": table})
        return f"{output}: {counted(table.num_rows, 'row')}, {counted(table.num_columns, 'column')}\n"
    if form == "table":
        return _shown(found, None if sql else MOST_VIEWS)
    table = relation_table(found)
    return csv_bytes(table).decode() if form == "csv" else json_text(table)


def json_text(table: pa.Table) -> str:
    """A list of objects, one per row. NaN and infinity, which JSON does not know, are null."""
    return json.dumps([_plain(row) for row in table.to_pylist()], indent=1, allow_nan=False) + "\n"


def _shown(relation: duckdb.DuckDBPyRelation, rows: int | None) -> str:
    """A relation as DuckDB draws it. rows: how many at most; None: as DuckDB chooses."""
    drawn = io.StringIO()
    try:
        with redirect_stdout(drawn):
            relation.show(max_rows=rows)
        return drawn.getvalue().rstrip("\n") + "\n\n"
    except duckdb.Error as error:
        raise RadweaveError(f"the query fails: {error}") from error


def _plain(value: object) -> object:
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)
