"""query: read-only SQL over the store. DuckDB sees registered tables alone: no file, no network, no setting to change."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from features.core.errors import RadweaveError, StoreError
from features.core.store import Store
from features.core.table import read_table
from features.results.mart import manifest_files, mart_paths

BLOCKS = ("region", "radiomics", "deep", "clinical", "genomic")


def run_query(root: Path, sql: str, form: str) -> str:
    """The answer as a table, as CSV or as JSON. Raises StoreError for an empty store, RadweaveError for faulty SQL."""
    if form not in ("table", "csv", "json"):
        raise RadweaveError(f'unknown format "{form}"; allowed: table, csv, json')
    views = open_views(Store(root))
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


def open_views(store: Store) -> dict[str, pa.Table | ds.Dataset]:
    """Name → table or dataset: a view per block over all cohorts, the dictionary, the index, quarantine and studies."""
    if not manifest_files(store):
        raise StoreError(f"{store.root}: the store is empty: run radweave refresh")
    views: dict[str, pa.Table | ds.Dataset] = {"dictionary": read_table(store.dictionary)}
    for block in BLOCKS:
        paths = mart_paths(store, block)
        if paths:
            views[block] = _union(paths)
    for name, pattern in (("scans", "index/*/scans.parquet"), ("quarantine", "quarantine/*/cases.parquet")):
        views[name] = _union(sorted(store.root.glob(pattern)))
    for name in ("scores", "predictions", "selected"):
        paths = sorted(
            path for path in store.root.glob(f"studies/*/*/{name}.parquet") if (path.parent / "study.json").is_file()
        )
        if paths:
            views[name] = pa.concat_tables([_named(path) for path in paths], promote_options="permissive")
    return views


def _union(paths: list[Path]) -> ds.Dataset:
    """Files as one dataset with the columns of all of them; pyarrow alone would take the first file's."""
    schema = pa.unify_schemas([ds.dataset(path).schema for path in paths])
    return ds.dataset([str(path) for path in paths], schema=schema)


def _named(path: Path) -> pa.Table:
    table = read_table(path)
    for i, (name, value) in enumerate((("study", path.parent.parent.name), ("run", path.parent.name))):
        table = table.add_column(i, name, pa.array([value] * table.num_rows, pa.string()))
    return table
