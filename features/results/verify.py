"""verify: every digest and every count of a store, and whether its parts belong together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from features.core.errors import StoreError
from features.core.place import TEMPORARY, find_files, is_remote
from features.core.progress import tell
from features.core.store import Store
from features.core.table import column_names, read_table, table_of_bytes
from features.results.collect import addresses_in
from features.results.manifest import Manifest, Mart, checked_bytes, manifest_at, mart_refresh, refresh_numbers
from features.results.withdraw import is_of, read_audit, withdrawn_cases


@dataclass(frozen=True)
class Verified:
    """What was looked at, what is wrong (with what to do), and what is only worth knowing."""

    refreshes: int
    tables: int
    results: int
    studies: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def verify(store: Store) -> Verified:
    """Read everything that the store keeps. Changes nothing."""
    faults: list[str] = []
    notes: list[str] = []
    manifests: list[Manifest] = []
    for number in refresh_numbers(store):
        try:
            manifests.append(manifest_at(store, number))
        except StoreError as error:
            faults.append(str(error))
    files = {file.path: file for manifest in manifests for file in manifest.files.values()}
    whole = True
    for done, file in enumerate(files.values(), start=1):
        try:
            rows = table_of_bytes(checked_bytes(store, file), store.root / file.path, []).num_rows
            if rows != file.rows:
                faults.append(f"{file.path}: {rows} rows, the manifest says {file.rows}")
        except StoreError as error:
            whole = False
            what = str(error).removesuffix("; run radweave verify")
            faults.append(f"{what}; remove it, and the next refresh of its cohort writes it again")
        tell("tables", done, len(files))
    for manifest in manifests:
        faults += _view_faults(store, manifest)
    if manifests and whole:
        faults += _count_faults(Mart(store, manifests[-1]))
    if manifests and not is_remote(store.root) and mart_refresh(store) != manifests[-1].refresh:
        faults.append(f"{store.mart}: names another refresh than the newest; the next refresh mends it")
    results = [(block, digest) for block, found in sorted(store.results().items()) for digest in sorted(found)]
    faults += _result_faults(store, results)
    if whole:
        notes += _lacking(store, manifests, {digest for _, digest in results})
    studies = find_files(store.root / "studies")
    for name in (name for name in studies if name.endswith(".parquet")):
        try:
            read_table(store.root / "studies" / name)
        except StoreError as error:
            faults.append(f"{error}: remove the folder of this run and run the study again")
    left = [name for name in find_files(store.root) if name.endswith(TEMPORARY)]
    if left:
        notes.append(f"{len(left)} files that a killed process was writing; radweave gc removes them")
    pending = [entry.case for entry in read_audit(store) if not entry.done]
    faults += [f"{case}: its withdrawal was not finished; the next refresh does so" for case in pending]
    faults += _withdrawn_faults(store, manifests) if whole else []
    runs = len([name for name in studies if name.endswith("/study.json")])
    return Verified(len(manifests), len(files), len(results), runs, tuple(faults), tuple(notes))


def _view_faults(store: Store, manifest: Manifest) -> Iterator[str]:
    if is_remote(store.root):
        return
    view = store.view(manifest.refresh)
    for name, file in manifest.files.items():
        path = view / f"{name}.parquet"
        if not path.is_file() or path.stat().st_size != file.bytes:
            yield f"{path}: is not the table of refresh {manifest.refresh}; remove {view} and refresh"


def _count_faults(mart: Mart) -> Iterator[str]:
    for cohort, state in mart.manifest.cohorts.items():
        scans = mart.read("scans", cohort, ["state"])["state"].to_pylist()
        quarantine = mart.read("quarantine", cohort, ["stage"])["stage"].to_pylist()
        used, refused = scans.count("used"), quarantine.count("index")
        told = state.used + sum(state.quarantined.values()) + state.withdrawn
        if not state.scans == told == len(scans) + refused + state.withdrawn or used != state.used:
            yield (
                f'cohort "{cohort}": {state.scans} scans in, {told} accounted for, {len(scans)} in the table of scans '
                f"({used} used), {refused} refused by the index, {state.withdrawn} withdrawn"
            )


def _result_faults(store: Store, results: list[tuple[str, str]]) -> Iterator[str]:
    for done, (block, digest) in enumerate(results, start=1):
        try:
            store.load(block, digest)
        except StoreError as error:
            yield f"{error}: remove it and refresh"
        tell("results", done, len(results))


def _lacking(store: Store, manifests: list[Manifest], there: set[str]) -> Iterator[str]:
    """Addresses in the newest tables whose results are not kept: their values stand in the tables alone."""
    if manifests:
        paths = [store.root / file.path for file in manifests[-1].files.values()]
        lacking = {address for path in paths for address in addresses_in(path)} - there
        if lacking:
            yield f"{len(lacking)} results of the newest tables are no longer in work/; the tables still hold their values"


def _withdrawn_faults(store: Store, manifests: list[Manifest]) -> Iterator[str]:
    withdrawn = withdrawn_cases(store)
    if not withdrawn:
        return
    for manifest in manifests:
        for name, file in manifest.files.items():
            path = store.root / file.path
            cases = read_table(path, ["case"])["case"].unique().to_pylist() if "case" in column_names(path) else []
            for case in withdrawn:
                if any(is_of(found, case) for found in cases):
                    yield f"{name} of refresh {manifest.refresh}: holds {case}, which was withdrawn; withdraw it again"
