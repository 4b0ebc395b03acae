"""Views: the tables of each refresh under plain names. They are hard links, so that a view holds what its tables hold.

A store that was copied without its links has views of their own, which may be damaged while the tables are whole: they
are compared byte by byte, and built again by whoever writes next.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from features.core.digest import digest_file
from features.core.errors import StoreError
from features.core.storage.place import is_remote
from features.core.storage.seal import read_json
from features.core.storage.store import Store
from features.results.manifest import (
    Manifest,
    build_view,
    manifest_at,
    mart_refresh,
    newest,
    point_mart,
    refresh_numbers,
    without_audit,
)


def view_faults(store: Store, manifest: Manifest) -> Iterator[str]:
    """A sentence for each file of a refresh's view that is not what it should be. Local disks only."""
    if is_remote(store.root):
        return
    view = store.view(manifest.refresh)
    for name, file in manifest.files.items():
        path = view / f"{name}.parquet"
        if not _is_linked(path, store.root / file.path) and not _has_digest(path, file.sha256):
            yield f"{path}: is not the table of refresh {manifest.refresh}; the next refresh builds the view again"
    if not _is_told(store, manifest):
        yield f"{view / 'manifest.json'}: is not the manifest of refresh {manifest.refresh}; the next refresh writes it again"


def mend_mart(store: Store) -> list[int]:
    """Finish what a killed commit left, and build views again that do not consist of links to their tables.

    Returns the refreshes whose views were built again. Where a table or manifest is missing, its view stays as it is.
    """
    if is_remote(store.root):
        return []
    built = []
    for number in refresh_numbers(store):
        try:
            manifest = manifest_at(store, number)
        except StoreError:
            continue  # damaged: for `verify`
        view, tables = store.view(number), [(name, store.root / file.path) for name, file in manifest.files.items()]
        linked = all(_is_linked(view / f"{name}.parquet", table) for name, table in tables)
        if not (linked and _is_told(store, manifest)) and all(table.is_file() for _, table in tables):
            build_view(store, manifest)
            built.append(number)
    if (refresh := newest(store).refresh) and mart_refresh(store) != refresh:
        point_mart(store, refresh)
    return built


def _is_linked(path: Path, table: Path) -> bool:
    try:
        return path.samefile(table)
    except OSError:
        return False


def _has_digest(path: Path, sha256: str) -> bool:
    try:
        return digest_file(path) == sha256
    except OSError:
        return False


def _is_told(store: Store, manifest: Manifest) -> bool:
    """Whether the manifest in a view is that of the refresh, whatever layout it says.

    An earlier radweave put the audit's digest there, too.
    """
    try:
        told = Manifest.model_validate(read_json(store.view(manifest.refresh) / "manifest.json"))
    except (StoreError, ValueError):
        return False
    return without_audit(told) == without_audit(manifest.model_copy(update={"layout": told.layout}))
