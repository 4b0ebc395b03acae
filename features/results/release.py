"""release: kept rejections are forgotten, so that the next refresh tries them again; an audit row stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from features.core.errors import Fault, RadweaveError, did_you_mean, hint_sentence
from features.core.frozen import Frozen
from features.core.quarantine import REASONS, TRANSIENT
from features.core.storage.place import is_file, remove_file, write_bytes
from features.core.storage.seal import damaged, json_bytes, read_json
from features.core.storage.store import Store
from features.core.storage.table import parquet_bytes, read_provenance
from features.results.cases import is_of
from features.results.manifest import Mart, commit, keep_table
from features.results.prefixes import RESULT

WITHDRAWN = "withdrawn"  # stands for a patient in rows of the audit


class Release(Frozen):
    """An audit row: what was asked for, and how many rejections of a cohort were forgotten, by code.

    `released` is `COHORT:withdrawn` where it was a case that was withdrawn later.
    """

    released: str
    cohort: str
    rejections: Mapping[str, int]
    at: str


@dataclass(frozen=True)
class Released:
    """Rejections that were forgotten by code; rows that needed no release: every refresh looks at them again."""

    kept: Mapping[str, int]
    others: Mapping[str, int]


def read_releases(store: Store) -> list[Release]:
    """All releases in their order. Raises StoreError if the audit is damaged."""
    if not is_file(store.releases):
        return []
    try:
        found = read_json(store.releases)
        rows = found["releases"] if isinstance(found, dict) else found  # a list has no seal: of an older radweave
        return [Release.model_validate(row) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise damaged(store.releases, "it lists no releases") from error


def release(store: Store, what: str, cohort: str = "") -> Released:
    """Forget the kept rejections of a case (or a whole patient, `cohort:patient`), or of a code in all cohorts or one.

    They leave the quarantine table of a new refresh only when a refresh has tried them again. Raises RadweaveError if
    `what` is neither a code nor a case of the store; StoreError if somebody writes just now.
    """
    mart = Mart.open(store)
    read_releases(store)  # it is written to at the end
    _check_known(what, cohort, mart.manifest.cohorts)
    kept: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for name in mart.manifest.cohorts:
        if (not cohort or name == cohort) and (what in REASONS or what.split(":")[0] == name):
            with store.writing(name):
                found = _release_of(store, name, what)
            kept += Counter(found.kept)
            others += Counter(found.others)
    return Released(dict(sorted(kept.items())), dict(sorted(others.items())))


def _check_known(what: str, cohort: str, cohorts: Collection[str]) -> None:
    """Raises RadweaveError if `what` is no code and can be no case of the store, or the store has no such cohort."""
    if what not in REASONS and ":" not in what:
        allowed = "a code of the quarantine, or a case: cohort:patient[:timepoint[:lesion]]"
        hint = did_you_mean(what, REASONS)
        raise RadweaveError(str(Fault("release", "this is neither a code nor a case", f'"{what}"', allowed, hint)))
    asked = [cohort] if cohort else []
    for name in asked if what in REASONS else [what.split(":")[0], *asked]:
        if name not in cohorts:
            said = f'the store has no cohort "{name}"; it has {", ".join(cohorts) or "none"}'
            raise RadweaveError(f"{said}. {hint_sentence(name, cohorts)}".removesuffix(". "))


def _release_of(store: Store, cohort: str, what: str) -> Released:
    """First the audit has the row, then the table of a new refresh forgets where they are kept, then they are removed."""
    mart = Mart.open(store)
    file = mart.manifest.file("quarantine", cohort)
    if file is None:
        return Released({}, {})
    path = store.root / file.path
    table = mart.read("quarantine", cohort)
    rows = table.to_pylist()
    asked = [row for row in rows if what == row["code"] or is_of(row["case"], what)]
    kept = [row for row in asked if row[RESULT] and row["code"] not in TRANSIENT]
    lost, codes = {row[RESULT] for row in kept}, Counter(row["code"] for row in kept)
    if lost:
        addresses = ["" if row[RESULT] in lost else row[RESULT] for row in rows]
        at = table.schema.get_field_index(RESULT)
        forgot = table.set_column(at, RESULT, pa.array(addresses, pa.string()))
        data = parquet_bytes(forgot, read_provenance(path))
        names = mart.manifest.of_cohort(cohort)
        names["quarantine"] = keep_table(store, "quarantine", cohort, data, forgot.num_rows)
        state = mart.manifest.cohorts[cohort].model_copy(update={"key": ""})  # the next refresh builds the tables again
        count = _note(store, Release(released=what, cohort=cohort, rejections=codes, at=_now()))
        commit(store, cohort, state, names, mart.manifest, releases=count)
        for block, digests in store.results().items():
            for digest in sorted(digests & lost):
                remove_file(store.work(block, digest))
    return Released(codes, Counter(row["code"] for row in asked) - codes)


def forget_case(store: Store, case: str) -> None:
    """Let the audit name a withdrawn case, or all of a patient, no longer; its rows stay, and so does their number.

    Raises DamagedError if the audit is damaged.
    """
    rows = read_releases(store)
    kept = [
        row.model_copy(update={"released": f"{row.cohort}:{WITHDRAWN}"}) if is_of(row.released, case) else row
        for row in rows
    ]
    if kept != rows:
        _write(store, kept)


def _note(store: Store, entry: Release) -> int:
    """How many rows the audit has with this one."""
    rows = [*read_releases(store), entry]
    _write(store, rows)
    return len(rows)


def _write(store: Store, rows: Iterable[Release]) -> None:
    write_bytes(store.releases, json_bytes({"releases": [row.model_dump(mode="json") for row in rows]}))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
