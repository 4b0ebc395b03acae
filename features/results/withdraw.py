"""withdraw: a case leaves every table, result and study of the store and never comes back; an audit row stays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from features.core.errors import RadweaveError, StoreError
from features.core.place import find_files, read_bytes, remove_file, write_bytes
from features.core.room import Frozen
from features.core.seal import json_bytes
from features.core.store import Store
from features.core.table import parquet_bytes, read_provenance, read_with_provenance
from features.results.collect import addresses, addresses_in, remove_unneeded_tables
from features.results.manifest import (
    File,
    Manifest,
    build_view,
    keep_table,
    manifest_at,
    manifest_bytes,
    newest,
    refresh_numbers,
)
from features.results.runs import read_run

Reason = Literal["consent", "ineligible", "duplicate", "other"]
COPIES = ("design", "predictions", "copies")  # tables of a study that hold a row per case


class Entry(Frozen):
    """An audit row. `done`: whether the store was purged of the case (a killed purge is finished by the next writer)."""

    case: str
    action: Literal["withdrawn", "restored"]
    reason: Reason = "consent"
    at: str
    done: bool = True


@dataclass(frozen=True)
class Withdrawn:
    """What a withdrawal removed: rows of the mart's tables (all refreshes), per-case results; runs of studies that held it."""

    case: str
    rows: int
    results: int
    studies: tuple[str, ...]


def read_audit(store: Store) -> list[Entry]:
    """All withdrawals and restorations in their order. Raises StoreError if the audit is damaged."""
    if not store.withdrawals.is_file():
        return []
    try:
        return [Entry.model_validate(row) for row in json.loads(read_bytes(store.withdrawals))]
    except (ValueError, TypeError) as error:
        raise StoreError(f"{store.withdrawals}: is damaged; restore it from your backup before you refresh") from error


def withdrawn_cases(store: Store) -> frozenset[str]:
    """Cases, and patients as `cohort:patient`, that must not enter the store."""
    last = {entry.case: entry.action for entry in read_audit(store)}
    return frozenset(case for case, action in last.items() if action == "withdrawn")


def withdraw(store: Store, case: str, reason: Reason) -> Withdrawn:
    """Remove a case, or all of a patient (`cohort:patient`), from every refresh, result and study, and bar it for ever.

    Raises RadweaveError if it is no case id of a cohort of the store; StoreError if somebody writes just now.
    """
    _check_case(store, case)
    with store.cleaning():
        _note(store, Entry(case=case, action="withdrawn", reason=reason, at=_now(), done=False))
        return _purge(store, case)


def restore(store: Store, case: str, reason: Reason) -> None:
    """Let a withdrawn case in again; the next refresh finds it. Raises RadweaveError if it was not withdrawn."""
    if case not in withdrawn_cases(store):
        raise RadweaveError(
            f"{case}: was not withdrawn; withdrawn are {', '.join(sorted(withdrawn_cases(store))) or 'none'}"
        )
    with store.cleaning():
        _note(store, Entry(case=case, action="restored", reason=reason, at=_now()))


def finish_withdrawals(store: Store) -> list[Withdrawn]:
    """Finish the purges that a killed process left."""
    pending = [entry.case for entry in read_audit(store) if not entry.done]
    if not pending:
        return []
    with store.cleaning():
        return [_purge(store, case) for case in pending]


def is_of(case: str, withdrawn: str) -> bool:
    """Whether a case id is a withdrawn one, or of a withdrawn patient."""
    return case == withdrawn or case.startswith(f"{withdrawn}:")


def _check_case(store: Store, case: str) -> None:
    parts = case.split(":")
    cohorts = newest(store).cohorts
    if len(parts) < 2 or not all(parts):
        raise RadweaveError(f'"{case}": is no case id; it reads cohort:patient or cohort:patient:timepoint[:lesion]')
    if parts[0] not in cohorts:
        raise RadweaveError(f'the store has no cohort "{parts[0]}"; it has {", ".join(cohorts) or "none"}')


def _purge(store: Store, case: str) -> Withdrawn:
    """Results go first: while the manifests still name the case, a killed purge can find them again."""
    manifests = [manifest_at(store, number) for number in refresh_numbers(store)]
    cohort = case.split(":")[0]
    files = {file.path: name for manifest in manifests for name, file in manifest.files.items()}
    new: dict[str, File] = {}
    gone: dict[str, pa.Table] = {}
    for path, name in files.items():
        if name.endswith(f"/{cohort}"):
            kept, removed = _filtered(store, name.split("/")[0], cohort, store.root / path, case)
            if removed.num_rows:
                new[path], gone[path] = kept, removed
    lost = {address for table in gone.values() for address in addresses(table)}
    paths = {new[path].path if path in new else path for path in files}
    lost -= {address for path in paths for address in addresses_in(store.root / path)}
    results = [(block, digest) for block, digests in store.results().items() for digest in sorted(digests & lost)]
    for block, digest in results:
        remove_file(store.work(block, digest))
    studies = tuple(_purge_studies(store, case))
    for page in store.quality_pages(cohort):  # they show cases; the next refresh makes them anew
        remove_file(page)
    for manifest in manifests:
        if any(file.path in new for file in manifest.files.values()):
            _replace(store, manifest, new, gone, cohort)
    remove_unneeded_tables(store)
    entries = read_audit(store)
    _write(store, [e.model_copy(update={"done": True}) if e.case == case else e for e in entries])
    return Withdrawn(case, sum(table.num_rows for table in gone.values()), len(results), studies)


def _filtered(store: Store, table: str, cohort: str, path: Path, case: str) -> tuple[File, pa.Table]:
    """The table without a case, kept, and the rows that left it."""
    found, provenance = read_with_provenance(path)
    kept, removed = _rows_of(found, case, keep=True), _rows_of(found, case, keep=False)
    return keep_table(store, table, cohort, parquet_bytes(kept, provenance), kept.num_rows), removed


def _rows_of(table: pa.Table, case: str, *, keep: bool) -> pa.Table:
    """The rows of a case (keep: all others). A patient's withdrawal covers the tables that have one row per patient."""
    names = table.schema.names
    if "case" in names:
        mask = pc.or_(pc.equal(table["case"], case), pc.starts_with(table["case"], f"{case}:"))
    elif "patient" in names and case.count(":") == 1:
        mask = pc.equal(table["patient"], case.split(":")[1])
    else:
        mask = pa.chunked_array([pa.array([False] * table.num_rows, pa.bool_())])
    return table.filter(pc.invert(mask) if keep else mask)


def _replace(
    store: Store, manifest: Manifest, new: Mapping[str, File], gone: Mapping[str, pa.Table], cohort: str
) -> None:
    """The same refresh without the case: its counts move from used and quarantined to withdrawn."""
    state = manifest.cohorts[cohort]
    codes: list[str] = []
    for table, file in ((name, manifest.file(name, cohort)) for name in ("scans", "quarantine")):
        rows = gone[file.path].to_pylist() if file is not None and file.path in gone else []
        codes += [
            row["state"] if table == "scans" else row["code"] for row in rows if row.get("stage", "index") == "index"
        ]
    left = Counter(state.quarantined)
    left.subtract(code for code in codes if code != "used")
    warnings = manifest.file("warnings", cohort)
    said = Counter(state.warned)
    said.subtract(gone[warnings.path]["code"].to_pylist() if warnings is not None and warnings.path in gone else [])
    facts = {
        "key": "",  # the next refresh weaves anew
        "used": state.used - codes.count("used"),
        "quarantined": {code: count for code, count in sorted(left.items()) if count},
        "warned": {code: count for code, count in sorted(said.items()) if count},
        "withdrawn": state.withdrawn + len(codes),
    }
    files = {name: new.get(file.path, file) for name, file in manifest.files.items()}
    cohorts = {**manifest.cohorts, cohort: state.model_copy(update=facts)}
    changed = manifest.model_copy(update={"files": files, "cohorts": cohorts})
    write_bytes(store.refresh(manifest.refresh), manifest_bytes(changed))
    build_view(store, changed)


def _purge_studies(store: Store, case: str) -> Iterable[str]:
    """Rows of the case leave the studies' tables; pages that name its patient are removed. Yields the runs that held it."""
    folder = store.root / "studies"
    names = find_files(folder)
    for run in sorted({name.rsplit("/", 1)[0] for name in names}):
        held = False
        for name in (name for name in names if name.rsplit("/", 1)[0] == run):
            path = folder / name
            if path.name.removesuffix(".parquet") in COPIES:
                table, _ = read_with_provenance(path)
                kept = _rows_of(table, case, keep=True)
                if kept.num_rows < table.num_rows:
                    held = True
                    write_bytes(path, parquet_bytes(kept, read_provenance(path)))
            elif path.suffix in (".html", ".svg", ".png") and case.split(":")[1].encode() in read_bytes(path):
                held = True
                remove_file(path)
        if held:
            _mark(store, run)
            yield run


def _mark(store: Store, run: str) -> None:
    """A study that held a withdrawn case says so: it is stale until it is run again."""
    path = store.root / "studies" / run / "study.json"
    if path.is_file():
        facts = read_run(path.parent)
        facts["withdrawn"] = facts.get("withdrawn", 0) + 1
        write_bytes(path, json_bytes(facts))


def _note(store: Store, entry: Entry) -> None:
    _write(store, [*read_audit(store), entry])


def _write(store: Store, entries: list[Entry]) -> None:
    rows = [entry.model_dump(mode="json") for entry in entries]
    write_bytes(store.withdrawals, (json.dumps(rows, indent=1, sort_keys=True) + "\n").encode())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
