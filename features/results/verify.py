"""verify: every digest and every count of a store, and whether its parts belong together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from features.core.errors import StoreError
from features.core.progress import tell
from features.core.storage.place import TEMPORARY, find_files, is_folder, is_remote, read_bytes
from features.core.storage.store import Store
from features.core.storage.table import table_of_bytes
from features.core.wording import counted
from features.results.audit import Entry, read_rows, unpurged_in, withdrawn_in
from features.results.cases import cases_at
from features.results.manifest import (
    EMPTY,
    File,
    Manifest,
    Mart,
    checked_bytes,
    keys_differ,
    manifest_at,
    mart_refresh,
    refresh_numbers,
    split_name,
)
from features.results.missing import (
    missing_pictures,
    missing_releases,
    missing_results,
    missing_stability,
    missing_studies,
)
from features.results.models import model_faults
from features.results.pages import page_lack
from features.results.release import read_releases
from features.results.runs import STUDY, check_file, is_run, run_faults, run_files
from features.results.scan_name import ABSENT
from features.results.view import view_faults

_THREADS = 16  # on object storage, which answers slowly


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
    manifests: list[Manifest] = []
    for number in refresh_numbers(store):
        try:
            manifests.append(manifest_at(store, number))
        except StoreError as error:
            faults.append(str(error))
    files = {file.path: file for manifest in manifests for file in manifest.files.values()}
    damaged = list(_table_faults(store, manifests, list(files.values())))
    whole = not damaged
    faults += damaged
    for manifest in manifests:
        faults += view_faults(store, manifest)
    if manifests and whole:
        faults += _count_faults(Mart(store, manifests[-1]))
    faults += _link_faults(store, max(refresh_numbers(store), default=0))
    results = [(block, digest) for block, found in sorted(store.results().items()) for digest in sorted(found)]
    found, notes = _sealed(store, results)
    faults += found
    notes += _absent(store, manifests)
    if whole and manifests:
        notes += missing_results(store, manifests[-1])
        notes += missing_pictures(store, manifests[-1].cohorts)
        notes += missing_stability(store, manifests[-1])
    with suppress(StoreError):  # which is among the faults
        faults += missing_releases(store, manifests[-1] if manifests else EMPTY, len(read_releases(store)))
    faults += missing_studies(store)
    faults += model_faults(store)
    runs = sorted({name.rsplit("/", 1)[0] for name in run_files(store) if name.count("/") == 3})
    for folder in (store.root / run for run in runs):
        if is_run(folder):
            faults += run_faults(folder)
        elif not (folder / "report.html").is_file():
            notes.append(
                f"{folder / STUDY}: is not there, the run did not come to its end; run the study again, or radweave gc"
            )
    left = [name for name in find_files(store.root) if name.endswith(TEMPORARY)]
    if left:
        notes.append(f"{counted(len(left), 'file')} that a killed process was writing: radweave gc removes such")
    if store.renaming.is_file():
        faults.append(f"{store.renaming}: a change of the key was not finished; radweave rekey finishes it")
    rows, wrong = _audit(store, manifests)
    faults += wrong
    faults += [
        f"{case}: its withdrawal was not finished; refreshes go on with it, past what is damaged"
        for case in unpurged_in(rows)
    ]
    faults += _withdrawn_faults(store, manifests, rows) if whole else []
    whole_runs = sum(is_run(store.root / run) for run in runs if run.startswith("studies/"))
    return Verified(len(manifests), len(files), len(results), whole_runs, tuple(faults), tuple(notes))


def _table_faults(store: Store, manifests: list[Manifest], files: list[File]) -> Iterator[str]:
    for done, file in enumerate(files, start=1):
        try:
            rows = table_of_bytes(checked_bytes(store, file), store.root / file.path, []).num_rows
            if rows != file.rows:
                yield f"{file.path}: {counted(rows, 'row')}, the manifest says {file.rows}"
        except StoreError as error:
            yield f"{str(error).removesuffix('; run radweave verify')}; {_table_remedy(manifests, file)}"
        tell("tables", done, len(files))


def _table_remedy(manifests: list[Manifest], file: File) -> str:
    """Only the newest tables can be made again: those of earlier refreshes came from files as they were then."""
    of = [manifest.refresh for manifest in manifests if file in manifest.files.values()]
    newer = [manifest.refresh for manifest in manifests if manifest.refresh > of[-1]]
    if not newer:
        return "remove it, and the next refresh of its cohort writes it again"
    word = f"refresh {of[0]}" if len(of) == 1 else f"refreshes {', '.join(map(str, of))}"
    return f"only {word} had it: restore it from a backup, or let it go with radweave gc --keep {len(newer)}"


def _sealed(store: Store, results: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Faults and notes of the files that hold their own digest, tables apart."""
    checks: list[Callable[[], bool]] = [partial(store.check, *result) for result in results]
    for folder in ("index", "stability", "quality"):
        names = (name for name in find_files(store.root / folder) if not name.endswith(TEMPORARY))
        checks += [partial(check_file, store.root / folder / name) for name in names]
    checks += [lambda: read_releases(store) is not None]
    faults, unsealed = [], 0
    with ThreadPoolExecutor(_THREADS if is_remote(store.root) else 1) as pool:
        for done, outcome in enumerate(pool.map(_outcome, checks), start=1):
            if isinstance(outcome, str):
                faults.append(outcome)
            else:
                unsealed += not outcome
            tell("results", done, len(checks))
    files = counted(unsealed, "file")
    older = f"written by an older radweave, without a digest of their own: {files}; such files can be read"
    return faults, [older] if unsealed else []


def _outcome(check: Callable[[], bool]) -> bool | str:
    try:
        return check()
    except StoreError as error:
        return str(error)


def _absent(store: Store, manifests: list[Manifest]) -> Iterator[str]:
    """What can be made again and is not there, or shows other tables than the newest; and manifests between others."""
    numbers = refresh_numbers(store)
    for manifest in manifests:
        if manifest.parent not in numbers and numbers[0] < manifest.parent:
            yield f"{store.refresh(manifest.parent)}: is not there, though refresh {manifest.refresh} came after it"
    for cohort in manifests[-1].cohorts if manifests else ():
        if is_folder(store.root / "index") and not store.files(cohort).is_file():
            yield f"{store.files(cohort)}: is not there; the next refresh reads the files of this cohort again"
        if is_folder(store.root / "quality"):
            with suppress(StoreError):  # which is among the faults
                if lack := page_lack(store, manifests[-1], cohort):
                    yield lack


def _link_faults(store: Store, refresh: int) -> Iterator[str]:
    named = mart_refresh(store) or 0
    if named != refresh and not is_remote(store.root):
        lost = named > refresh and not store.refresh(named).is_file()
        about = f", and {store.refresh(named)} is not there" if lost else ""
        yield f"{store.mart}: names another refresh than the newest{about}; the next refresh mends it"


def _audit(store: Store, manifests: list[Manifest]) -> tuple[list[Entry], list[str]]:
    """The audit of withdrawals, and what is wrong with it: every refresh has to remember it, and be of its key."""
    rows: list[Entry] = []
    faults: dict[str, None] = {}
    for manifest in manifests or [EMPTY]:
        try:
            rows = read_rows(store, manifest.audit)
            faults[keys_differ(store, manifest)] = None
        except StoreError as error:
            faults[str(error)] = None
    return rows, [fault for fault in faults if fault]


def _count_faults(mart: Mart) -> Iterator[str]:
    for cohort, state in mart.manifest.cohorts.items():
        scans = mart.read("scans", cohort, ["state"])["state"].to_pylist()
        quarantine = mart.read("quarantine", cohort, ["stage"])["stage"].to_pylist()
        used, absent, refused = scans.count("used"), scans.count(ABSENT), quarantine.count("index")
        told = state.used + state.absent + sum(state.quarantined.values()) + state.withdrawn
        alike = used == state.used and absent == state.absent
        if not (state.scans == told == len(scans) + refused + state.withdrawn and alike):
            yield (
                f'cohort "{cohort}": {counted(state.scans, "scan")} in, {told} accounted for, {len(scans)} in the table of scans '
                f"({used} used, {absent} absent), {refused} refused by the index, {state.withdrawn} withdrawn"
            )


def _withdrawn_faults(store: Store, manifests: list[Manifest], rows: list[Entry]) -> Iterator[str]:
    """Tables, studies and pages that hold a case which was withdrawn."""
    withdrawn = withdrawn_in(rows)
    places = [
        (f"{name} of refresh {manifest.refresh}", split_name(name)[1], store.root / file.path)
        for manifest in manifests
        for name, file in manifest.files.items()
    ]
    others = [*run_files(store), *(f"quality/{name}" for name in find_files(store.root / "quality"))]
    places += [(name, "", store.root / name) for name in others]
    for what, cohort, path in places if withdrawn else ():
        with suppress(StoreError):  # which is among the faults
            for case in sorted(_held(withdrawn, path, cohort)):
                yield f"{what}: holds {case}, which was withdrawn; withdraw it again"


def _held(withdrawn: frozenset[str], path: Path, cohort: str) -> Collection[str]:
    if path.suffix == ".parquet":
        return withdrawn & set(cases_at(path, cohort))
    data = read_bytes(path)
    return {case for case in withdrawn if case.count(":") == 1 and case.split(":")[1].encode() in data}
