"""The newest refresh of a store as the radweave left it that knew one image of a modality, with one ROI."""

from __future__ import annotations

import pyarrow as pa

from features.core.storage.place import write_bytes
from features.core.storage.seal import json_bytes
from features.core.storage.store import Store
from features.core.storage.table import parquet_bytes, read_with_provenance
from features.results.manifest import build_view, keep_table, newest, split_name

_GONE = {
    "scans": ("image", "roi", "reader", "drawn_on", "picture", "segmentation", "segmented_by"),
    "quarantine": ("image", "roi", "segmentation"),
    "warnings": ("image", "roi", "segmentation"),
    "dictionary": ("image",),
}
LATER = ("visits",)  # tables that it did not have


def make_earlier(store: Store) -> None:
    """Give all cohorts of the newest refresh tables of layout 6, with the key of another version."""
    manifest = newest(store)
    files = {}
    for name, file in manifest.files.items():
        table, cohort = split_name(name)
        if table in _GONE:
            data, provenance = read_with_provenance(store.root / file.path)
            file = keep_table(store, table, cohort, parquet_bytes(_earlier(table, data), provenance), data.num_rows)
        if table not in LATER:
            files[name] = file
    states = {name: state.model_copy(update={"key": "of version 5"}) for name, state in manifest.cohorts.items()}
    old = manifest.model_copy(update={"files": files, "cohorts": states, "layout": 6})
    facts = old.model_dump(mode="json")
    for state in facts["cohorts"].values():
        del state["absent"]
    write_bytes(store.refresh(old.refresh), json_bytes(facts))
    build_view(store, old)


def _earlier(name: str, table: pa.Table) -> pa.Table:
    found = table.drop_columns(list(_GONE[name]))
    if name == "scans":
        return found.rename_columns(["roi" if one == "roi_pattern" else one for one in found.schema.names])
    if name == "dictionary":
        blank = pa.array([""] * found.num_rows, pa.string())
        return found.set_column(found.schema.get_field_index("roi"), "roi", blank)
    return found
