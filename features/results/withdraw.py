"""withdraw: a case leaves every table, result and study of the store and never comes back; an audit row stays."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from features.core.digest import digest_bytes
from features.core.errors import DamagedError, RadweaveError, StoreError, past_damage
from features.core.storage.place import is_file, is_remote, read_bytes, remove_file, write_bytes
from features.core.storage.seal import check_seal, json_bytes
from features.core.storage.store import FIT, LABEL_MAPS, PICTURES, SAMPLES, TRAINING, Store
from features.core.storage.table import parquet_bytes, read_provenance, read_table, read_with_provenance
from features.results.audit import (
    DAMAGED,
    Entry,
    Reason,
    key_in,
    read_rows,
    told_cases,
    unpurged_in,
    with_key,
    withdrawn_in,
    write_rows,
)
from features.results.cases import PLACE, check_case, nearest, told
from features.results.fits import fits_with
from features.results.manifest import (
    EMPTY,
    File,
    Manifest,
    build_view,
    keep_table,
    kept_manifests,
    manifest_at,
    newest,
    read_audit,
    refresh_numbers,
    rewrite,
    split_name,
)
from features.results.models import models_that_hold, remove_model
from features.results.release import forget_case
from features.results.runs import STUDY, read_run, run_files
from features.results.scan_name import ABSENT
from features.results.unneeded import addresses, addresses_in, remove_unneeded_tables, unneeded_tables


@dataclass(frozen=True)
class Withdrawn:
    """What a withdrawal removed: rows of the mart's tables (all refreshes), per-case results; runs of studies that held it.

    fits: kept fits of its cohort, all of them, since they do not tell of whom they were made; models: those saved models of it that
    hold values of single cases, as STUDY/DIGEST. unread: a sentence for each damaged
    file, which may still hold the case: until there is none, it is not finished.
    """

    case: str
    rows: int
    results: int
    studies: tuple[str, ...]
    unread: tuple[str, ...] = ()
    fits: int = 0
    models: tuple[str, ...] = ()


def withdrawn_cases(store: Store) -> frozenset[str]:
    """Cases, and patients as `cohort:patient`, that must not enter the store. Raises StoreError as `read_audit`."""
    return withdrawn_in(read_audit(store))


def withdraw(store: Store, case: str, reason: Reason, *, in_advance: bool = False) -> Withdrawn:
    """Remove a case, or all of a patient (`cohort:patient`), from every refresh, result and study, and bar it for ever.

    in_advance: also a patient of whom the store holds nothing yet. Damaged files are passed over, and named.
    Raises RadweaveError if it is no case of the store, which is not changed then; StoreError if somebody writes just now.
    """
    with store.cleaning():
        check_case(store, case, in_advance=in_advance)
        _note(store, Entry(case=case, action="withdrawn", reason=reason, at=_now()))
        return _purge(store, case)


def restore(store: Store, case: str, reason: Reason) -> None:
    """Let a withdrawn case in again; the next refresh finds it. Raises RadweaveError if it was not withdrawn."""
    with store.cleaning():
        withdrawn = withdrawn_cases(store)
        if case not in withdrawn:
            said = f"{told(case)} was not withdrawn, and nothing was changed; withdrawn are "
            raise RadweaveError(said + (", ".join(nearest(case, withdrawn) or sorted(withdrawn)[:10]) or "none"))
        _note(store, Entry(case=case, action="restored", reason=reason, at=_now()))


def finish_withdrawals(store: Store) -> list[Withdrawn]:
    """Go on with the purges that a killed process, or damage, left unfinished."""
    if not unpurged_in(read_audit(store)):
        return []
    with store.cleaning():
        return [_purge(store, case) for case in unpurged_in(read_audit(store))]


@dataclass(frozen=True)
class Restarted:
    """A new audit. cases: who is withdrawn in it; named: those of them that only the damaged file named, restored or not.

    aside: the damaged file, None if there was none.
    """

    cases: tuple[str, ...]
    named: tuple[str, ...]
    aside: Path | None
    purged: tuple[Withdrawn, ...]


def restart_audit(store: Store) -> Restarted:
    """Begin the audit of withdrawals anew where it is damaged and there is no backup: nobody who was withdrawn comes back.

    Who is withdrawn is known from the newest refresh. Whoever else the damaged file still names is withdrawn too: there may
    be rows that no refresh remembers. The damaged file is kept beside. Raises RadweaveError if the audit is whole; StoreError
    if the newest refresh does not remember who is withdrawn, or somebody writes just now. Then nothing is changed.
    """
    with store.cleaning():
        if is_file(store.renaming):
            newest(store)  # raises: finish the change of key first
        numbers = refresh_numbers(store)
        manifest = manifest_at(store, numbers[-1]) if numbers else EMPTY
        if _is_whole(store, manifest):
            raise RadweaveError(f"{store.withdrawals}: the audit of withdrawals is whole; nothing was changed")
        if manifest.audit is None or manifest.audit.withdrawn is None:
            untold = (
                "the newest refresh, of an earlier radweave, does not tell"
                if numbers
                else "no refresh is left that tells"
            )
            raise StoreError(
                f"{store.root}: {untold} who was withdrawn. Restore the audit from a backup, or make a new store with the same "
                "key, and withdraw these patients there with --bar before its scans are used; nothing was changed"
            )
        data = read_bytes(store.withdrawals) if is_file(store.withdrawals) else b""
        aside = store.root / f"withdrawals.{digest_bytes(data)[:12]}{DAMAGED}" if data else None
        if aside is not None:
            write_bytes(aside, data)
        remembered = frozenset(manifest.audit.withdrawn)
        named = {case for case in told_cases(data) - remembered if case.split(":")[0] in manifest.cohorts}
        cases = sorted(remembered | named)
        if not cases:
            remove_file(store.withdrawals)
        rows = [Entry(case=case, action="withdrawn", reason="restarted", at=_now()) for case in cases]
        head = write_rows(store, with_key(rows, manifest.key_fingerprint))
        for one in kept_manifests(store, []):  # the newest last: killed before it, the audit is still to be begun anew
            rewrite(store, one.model_copy(update={"audit": head}))
        purged = tuple(_purge(store, case) for case in cases)
        return Restarted(tuple(cases), tuple(sorted(named)), aside, purged)


def _is_whole(store: Store, manifest: Manifest) -> bool:
    try:
        read_rows(store, manifest.audit)
    except StoreError:
        return False
    return True


@contextmanager
def writing_study(store: Store, cohorts: Collection[str], withdrawn: frozenset[str]) -> Iterator[None]:
    """Inside the block a study may write what it made of cohorts: no case leaves the store meanwhile.

    withdrawn: the cases that were withdrawn when the study began to read. Raises StoreError if there are others now: they
    would stand in what is written.
    """
    with store.reading():
        if any(case.split(":")[0] in cohorts for case in withdrawn_cases(store) - withdrawn):
            raise StoreError(f"{store.root}: a case was withdrawn while the study ran; run the study again")
        yield


def _purge(store: Store, case: str) -> Withdrawn:
    """Results go first: while the manifests still name the case, a killed purge can find them again.

    What is damaged is passed over; then the purge is not finished.
    """
    unread: list[str] = []
    manifests = kept_manifests(store, unread)
    cohort = case.split(":")[0]
    files = {file.path: name for manifest in manifests for name, file in manifest.files.items()}
    unlisted = unneeded_tables(store, manifests)  # left by a killed process, or of a refresh whose manifest is damaged
    new: dict[str, File] = {}
    gone: dict[str, pa.Table] = {}
    for path, name in files.items():
        table, owner = split_name(name)
        if owner == cohort:
            with past_damage(unread):
                kept, removed = _filtered(store, table, cohort, store.root / path, case)
                if removed.num_rows:
                    new[path], gone[path] = kept, removed
    for path in unlisted:
        with past_damage(unread):
            if (removed := rows_of(read_table(store.root / path), case, keep=False)).num_rows:
                gone[path] = removed
    lost = {address for table in gone.values() for address in addresses(table)}
    lost |= _results_of_images(store, gone.values(), everything=bool(unread))
    for path in {new[path].path if path in new else path for path in files}:
        with past_damage(unread):
            lost -= addresses_in(store.root / path)
    results = [(block, digest) for block, digests in store.results().items() for digest in sorted(digests & lost)]
    for block, digest in results:
        remove_file(store.work(block, digest))
    fits = fits_with(store, cohort)
    for digest in fits:
        remove_file(store.work(FIT, digest))
    for digest in sorted(store.results().get(TRAINING, ())):  # its images may have taught them; they are taught again
        remove_file(store.work(TRAINING, digest))
    studies = tuple(_purge_studies(store, case, unread))
    models = models_that_hold(store, cohort)
    for one in models:
        remove_model(one)
    for page in (
        store.quality_pages(cohort) if gone or unread else ()
    ):  # they show cases; the next refresh makes them again
        remove_file(page)
    for manifest in manifests:
        if any(file.path in new for file in manifest.files.values()):
            _replace(store, manifest, new, gone, cohort)
    for path in gone:
        remove_file(store.root / path)
    _remove_views(store, manifests)
    with past_damage(unread):
        forget_case(store, case)
    if not unread:
        remove_unneeded_tables(store)
        _note(store, Entry(case=case, action="purged", at=_now()))
    rows = sum(gone[path].num_rows for path in new)
    return Withdrawn(
        case,
        rows,
        len(results),
        studies,
        tuple(unread),
        len(fits),
        tuple(f"{one.parent.name}/{one.name}" for one in models),
    )


def _results_of_images(store: Store, gone: Iterable[pa.Table], *, everything: bool) -> set[str]:
    """Addresses of the results that were computed from the images in rows of scans, and that no table tells: what networks were
    shown, and label maps that programs made; of a damaged table, everything.
    """
    images = {
        digest for table in gone if "image_digest" in table.schema.names for digest in table["image_digest"].to_pylist()
    }
    found: set[str] = set()
    results = store.results() if images else {}
    for block, digests in (
        results.items()
        if everything
        else [(block, results.get(block, ())) for block in (SAMPLES, LABEL_MAPS, PICTURES)]
    ):
        for digest in digests:
            with suppress(DamagedError):  # it holds no id, and is computed again
                if read_provenance(store.work(block, digest)).get("image") in images:
                    found.add(digest)
    return found


def _remove_views(store: Store, manifests: Iterable[Manifest]) -> None:
    """Remove the views of refreshes whose manifests are damaged: they may link to tables that hold the case."""
    for number in set(refresh_numbers(store)) - {manifest.refresh for manifest in manifests}:
        if not is_remote(store.root):
            shutil.rmtree(store.view(number), ignore_errors=True)


def _filtered(store: Store, table: str, cohort: str, path: Path, case: str) -> tuple[File, pa.Table]:
    """The table without a case, kept, and the rows that left it."""
    found, provenance = read_with_provenance(path)
    kept, removed = rows_of(found, case, keep=True), rows_of(found, case, keep=False)
    return keep_table(store, table, cohort, parquet_bytes(kept, provenance), kept.num_rows), removed


def rows_of(table: pa.Table, case: str, *, keep: bool) -> pa.Table:
    """The rows of a case (keep: all others). A patient's withdrawal covers all of her rows, that of a time point or a lesion
    those of tables that tell it.
    """
    names = table.schema.names
    asked = dict(zip(PLACE, case.split(":")[1:], strict=False))
    mask = pa.chunked_array([pa.array([asked.keys() <= {*names}] * table.num_rows, pa.bool_())])
    if "case" in names:
        mask = pc.or_(pc.equal(table["case"], case), pc.starts_with(table["case"], f"{case}:"))
    elif asked.keys() <= {*names}:
        for name, value in asked.items():
            mask = pc.and_(mask, pc.equal(table[name], value))
    return table.filter(pc.invert(mask) if keep else mask)


def _replace(
    store: Store, manifest: Manifest, new: Mapping[str, File], gone: Mapping[str, pa.Table], cohort: str
) -> None:
    """The same refresh without the case: its counts move from used, absent and quarantined to withdrawn."""
    state = manifest.cohorts[cohort]
    codes: list[str] = []
    for table, file in ((name, manifest.file(name, cohort)) for name in ("scans", "quarantine")):
        rows = gone[file.path].to_pylist() if file is not None and file.path in gone else []
        codes += [
            row["state"] if table == "scans" else row["code"] for row in rows if row.get("stage", "index") == "index"
        ]
    left = Counter(state.quarantined)
    left.subtract(code for code in codes if code not in ("used", ABSENT))
    warnings = manifest.file("warnings", cohort)
    said = Counter(state.warned)
    said.subtract(gone[warnings.path]["code"].to_pylist() if warnings is not None and warnings.path in gone else [])
    facts = {
        "key": "",  # the next refresh builds the tables again
        "used": state.used - codes.count("used"),
        "absent": state.absent - codes.count(ABSENT),
        "quarantined": {code: count for code, count in sorted(left.items()) if count},
        "warned": {code: count for code, count in sorted(said.items()) if count},
        "withdrawn": state.withdrawn + len(codes),
    }
    files = {name: new.get(file.path, file) for name, file in manifest.files.items()}
    cohorts = {**manifest.cohorts, cohort: state.model_copy(update=facts)}
    changed = manifest.model_copy(update={"files": files, "cohorts": cohorts})
    rewrite(store, changed)
    build_view(store, changed)


def _purge_studies(store: Store, case: str, unread: list[str]) -> Iterable[str]:
    """Rows of the case leave the studies' tables; what else names its patient is removed. Yields the runs that held it."""
    folder = store.root
    names = run_files(store)
    patient = case.split(":")[1].encode()
    for run in sorted({name.rsplit("/", 1)[0] for name in names}):
        held = False
        for path in (folder / name for name in names if name.rsplit("/", 1)[0] == run):
            with past_damage(unread):
                if path.suffix == ".parquet":
                    table, provenance = read_with_provenance(path)
                    kept = rows_of(table, case, keep=True)
                    if kept.num_rows < table.num_rows:
                        held = True
                        write_bytes(path, parquet_bytes(kept, provenance))
                elif patient in (data := read_bytes(path)):
                    held = True
                    remove_file(path)
                elif path.name == STUDY:
                    read_run(path.parent)
                else:
                    check_seal(data, path)
        if held:
            with past_damage(unread):
                _mark(store, run)
            yield run.removeprefix("studies/")


def _mark(store: Store, run: str) -> None:
    """A study that held a withdrawn case says so: it is stale until it is run again."""
    path = store.root / run / STUDY
    if path.is_file():
        facts = read_run(path.parent)
        facts["withdrawn"] = facts.get("withdrawn", 0) + 1
        write_bytes(path, json_bytes(facts))


def _note(store: Store, entry: Entry) -> None:
    """First the audit has the row, then every refresh remembers it: a process may be killed in between."""
    manifests, rows = kept_manifests(store, []), read_audit(store)
    head = write_rows(store, [*rows, *with_key([entry], newest(store).key_fingerprint or key_in(rows))])
    for manifest in reversed(manifests):
        rewrite(store, manifest.model_copy(update={"audit": head}))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
