"""keep_parquet: a table of the mart becomes a file under its digest."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from features.core.errors import StoreError
from features.core.storage.place import is_remote
from features.core.storage.store import Store
from features.core.storage.table import parquet_bytes, write_by_digest
from features.results.manifest import File, keep_table


def keep_parquet(store: Store, table: str, cohort: str, data: pa.Table, provenance: Mapping[str, str]) -> File:
    """Write a table under the digest of its bytes, unless it is there; on a local disk memory never holds these bytes."""
    if is_remote(store.root):
        return keep_table(store, table, cohort, parquet_bytes(data, provenance), data.num_rows)
    place = store.root / f"tables/{table}"
    try:
        found = write_by_digest(place, lambda sha256: f"{cohort}.{sha256[:16]}.parquet", data, provenance)
    except OSError as error:
        raise StoreError(f"{place}: a table cannot be written: {error.strerror or error}") from error
    path = f"tables/{table}/{found.path.name}"
    return File(path=path, sha256=found.sha256, bytes=found.bytes, rows=data.num_rows)
