"""query: read-only SQL over the store. DuckDB sees registered tables alone: no file, no network, no setting to change."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from features.core.errors import RadweaveError, StoreError
from features.core.place import file_system, find_files, is_remote
from features.core.store import Store
from features.core.table import read_table
from features.results.manifest import File, manifest_at


def run_query(store: Store, sql: str, form: str, refresh: int | None = None) -> str:
    """The answer as a table, as CSV or as JSON. Raises StoreError for an empty store, RadweaveError for faulty SQL."""
    if form not in ("table", "csv", "json"):
        raise RadweaveError(f'unknown format "{form}"; allowed: table, csv, json')
    views = open_views(store, refresh)
    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    for name, view in views.items():
        connection.register(name, view)
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    if not sql:
        sql = "SELECT table_name AS view, count(*) AS columns FROM information_schema.columns GROUP BY 1 ORDER BY 1"
    try:
        found: Any = connection.sql(sql)
        if found is None:  # a statement without an answer
            return ""
        if form == "table":
            return f"{found}\n"
        frame = found.df()
    except duckdb.Error as error:
        raise RadweaveError(f"the query fails: {error}") from error
    if form == "csv":
        return str(frame.to_csv(index=False, lineterminator="\n"))
    return json.dumps(json.loads(frame.to_json(orient="records", date_format="iso")), indent=1) + "\n"


def open_views(store: Store, refresh: int | None = None) -> dict[str, pa.Table | ds.Dataset]:
    """Name → table or dataset: a view per table of the mart over all cohorts, and the tables of whole studies.

    refresh: the tables as they were then; None: the newest. Sizes are compared with the manifest, every byte by `verify`.
    Raises StoreError if the store is empty, or a file is not the one that the manifest names.
    """
    manifest = manifest_at(store, refresh)
    if not manifest.files:
        raise StoreError(f"{store.root}: the store is empty: run radweave refresh")
    views: dict[str, pa.Table | ds.Dataset] = {}
    for name in sorted({name.split("/")[0] for name in manifest.files}):
        views[name] = _union(store, manifest.of_table(name))
    for name in ("scores", "predictions", "selected"):
        found = [file for file in find_files(store.root / "studies") if file.endswith(f"/{name}.parquet")]
        whole = [store.root / "studies" / file for file in found]
        tables = [_named(path) for path in whole if (path.parent / "study.json").is_file()]
        if tables:
            views[name] = pa.concat_tables(tables, promote_options="permissive")
    return views


def _union(store: Store, files: Sequence[File]) -> ds.Dataset:
    """Files as one dataset with the columns of all of them; pyarrow alone would take the first file's."""
    paths = [store.root / file.path for file in files]
    for path, file in zip(paths, files, strict=True):
        if not path.is_file() or path.stat().st_size != file.bytes:
            raise StoreError(f"{path}: is not the file that the manifest names; run radweave verify")
    system = file_system(store.root) if is_remote(store.root) else None
    places = [path.path if system else str(path) for path in paths]  # type: ignore[attr-defined]
    schema = pa.unify_schemas([ds.dataset(place, filesystem=system).schema for place in places])
    return ds.dataset(places, schema=schema, filesystem=system)


def _named(path: Path) -> pa.Table:
    table = read_table(path)
    for i, (name, value) in enumerate((("study", path.parent.parent.name), ("run", path.parent.name))):
        table = table.add_column(i, name, pa.array([value] * table.num_rows, pa.string()))
    return table
