"""Files for use outside the store, by the ending of their name. Each is written whole or not at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from features.core.errors import RadweaveError
from features.core.storage.place import is_remote, write_bytes
from features.core.storage.store import Store
from features.core.storage.table import levels_text, parquet_bytes
from flows.commands.spreadsheet import csv_bytes, xlsx_bytes

TABLES = (".csv", ".xlsx", ".parquet")


def check_output(store: Store, output: Path, allowed: tuple[str, ...]) -> None:
    """Raises RadweaveError if the ending is not allowed, or the file would lie in the store or below another file."""
    if output.suffix.lower() not in allowed:
        raise RadweaveError(f"{output}: unknown ending; allowed: {', '.join(allowed)}")
    if any(folder.is_file() for folder in output.parents):
        raise RadweaveError(f"{output}: a part of this path is a file, not a folder")
    if not is_remote(store.root) and output.resolve().is_relative_to(store.root.resolve()):
        raise RadweaveError(
            f"{output}: lies in the store, which only refreshes and studies write; choose another folder"
        )


def write_tables(
    store: Store, output: Path, tables: Mapping[str, pa.Table], levels: Mapping[str, Sequence[str]] | None = None
) -> list[Path]:
    """Write tables, the main one first: as sheets of one XLSX, or as CSV or Parquet with the others as CSV beside it.

    levels: of columns of the main table, which Parquet keeps as ordered categories.
    Returns what was written. Raises RadweaveError as `check_output`, StoreError if the disk is full or not writable.
    """
    check_output(store, output, TABLES)
    (_, main), *others = tables.items()
    if output.suffix.lower() == ".xlsx":
        write_bytes(output, xlsx_bytes(tables))
        return [output]
    beside = {output.with_name(f"{output.stem}.{name}.csv"): table for name, table in others}
    for path, table in beside.items():
        write_bytes(path, csv_bytes(table))
    write_bytes(
        output,
        parquet_bytes(main, levels_text(levels or {})) if output.suffix.lower() == ".parquet" else csv_bytes(main),
    )
    return [output, *beside]
