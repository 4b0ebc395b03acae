"""remove_unneeded: what no kept refresh, and no run of a study, needs is removed. Results newer than the last refresh are kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from features.core.progress import tell
from features.core.storage.place import TEMPORARY, find_files, is_remote, remove_file
from features.core.storage.store import FIT, LABEL_MAPS, SAMPLES, Store
from features.core.storage.table import column_names, read_provenance, read_table
from features.results.fits import fits_of_runs
from features.results.manifest import Manifest, kept_manifests, manifest_at, newest, refresh_numbers
from features.results.prefixes import RESULT
from features.results.runs import remove_run, unfinished_folders, unfinished_runs
from features.results.scan_name import PICTURE
from features.results.schemas import SAMPLE
from features.results.view import mend_mart


@dataclass(frozen=True)
class Removed:
    """What was, or would be, removed: numbers of refreshes, counts and bytes of files, and unfinished runs of studies, models and
    scores.
    """

    refreshes: tuple[int, ...]
    tables: int
    results: int
    temporary: int
    bytes: int
    runs: int = 0


def remove_unneeded(store: Store, keep: int, *, dry: bool = False) -> Removed:
    """Keep the newest refreshes and what they need. dry: only tell. Raises StoreError if somebody writes just now."""
    with store.cleaning():
        newest(store)  # raises where nothing may be read
        if not dry:
            mend_mart(store)
        numbers = refresh_numbers(store)
        kept, old = numbers[-keep:], numbers[:-keep]
        temporary = [name for name in find_files(store.root) if _is_temporary(name)]
        tables = unneeded_tables(store, [manifest_at(store, number) for number in kept])
        results = _unneeded_results(store, kept)
        runs = [*unfinished_runs(store), *unfinished_folders(store)]
        gone = [*(store.root / name for name in [*temporary, *tables]), *(store.work(*result) for result in results)]
        gone += [folder / name for folder in runs for name in find_files(folder) if not _is_temporary(name)]
        size = sum(path.stat().st_size for path in gone)
        if not dry:
            for number in old:
                remove_file(store.refresh(number))
                if not is_remote(store.root):
                    shutil.rmtree(store.view(number), ignore_errors=True)
            for done, path in enumerate(gone, start=1):
                remove_file(path)
                tell("remove", done, len(gone))
            for folder in runs:
                remove_run(folder)
        return Removed(tuple(old), len(tables), len(results), len(temporary), size, len(runs))


def addresses(table: pa.Table) -> set[str]:
    """Addresses of per-case results that stand in a table."""
    columns = [name for name in table.schema.names if _holds_addresses(name)]
    return {value for name in columns for value in table[name].unique().to_pylist() if value}


def _holds_addresses(name: str) -> bool:
    return name in (RESULT, PICTURE, SAMPLE) or name.endswith(f"__{RESULT}")


def addresses_in(path: Path) -> set[str]:
    """Addresses of per-case results that stand in a table file; its other columns are not read."""
    names = [name for name in column_names(path) if _holds_addresses(name)]
    return addresses(read_table(path, names)) if names else set()


def unneeded_tables(store: Store, kept: Iterable[Manifest]) -> list[str]:
    """Names of the tables that belong to none of the refreshes."""
    needed = {file.path for manifest in kept for file in manifest.files.values()}
    found = (f"tables/{name}" for name in find_files(store.root / "tables"))
    return [name for name in found if name not in needed and not _is_temporary(name)]


def remove_unneeded_tables(store: Store) -> None:
    """Remove the tables that belong to no refresh at all."""
    for name in unneeded_tables(store, kept_manifests(store)):
        remove_file(store.root / name)


def _unneeded_results(store: Store, kept: list[int]) -> list[tuple[str, str]]:
    if not kept:
        return []
    files = {file.path for number in kept for file in manifest_at(store, number).files.values()}
    needed = {address for path in sorted(files) for address in addresses_in(store.root / path)}
    since = store.refresh(kept[-1]).stat().st_mtime
    there = store.results()
    needed |= fits_of_runs(store) if FIT in there else set()
    needed |= _samples_of(store, sorted(there.get("deep", set()) & needed)) if SAMPLES in there else set()
    needed |= _label_maps_of(store, sorted(files), there[LABEL_MAPS]) if LABEL_MAPS in there else set()
    unneeded = [(block, digest) for block, found in there.items() for digest in sorted(found - needed)]
    return [result for result in unneeded if store.work(*result).stat().st_mtime < since]


def _samples_of(store: Store, results: Iterable[str]) -> set[str]:
    """Addresses of what networks were shown for these results, as far as work/ holds them."""
    return {
        address
        for digest in results
        for address in read_provenance(store.work("deep", digest)).get("samples", "").split()
    }


def _label_maps_of(store: Store, files: Iterable[str], there: Iterable[str]) -> set[str]:
    """Addresses of label maps that programs made of images which stand in these tables."""
    paths = [store.root / name for name in files]
    tables = [read_table(path, ["image_digest"]) for path in paths if "image_digest" in column_names(path)]
    images = {digest for table in tables for digest in table["image_digest"].to_pylist()}
    return {one for one in there if read_provenance(store.work(LABEL_MAPS, one)).get("image") in images}


def _is_temporary(name: str) -> bool:
    return name.endswith(TEMPORARY) and name.rsplit("/", 1)[-1].startswith(".")
