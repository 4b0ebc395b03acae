"""audit: withdrawals and restorations in their order, chained by digests, the last of which the manifests remember."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import TypeAdapter

from features.core.digest import digest_json
from features.core.errors import StoreError
from features.core.frozen import Frozen
from features.core.storage.place import find_files, is_file, is_remote, read_bytes, write_bytes
from features.core.storage.seal import json_bytes
from features.core.storage.store import Store
from features.core.wording import counted

_CASE = re.compile(rb'"case": "([\w .-]+(?::[\w .-]+){1,3})"')
DAMAGED = ".damaged"  # ends the name of an audit that was damaged, and is kept beside the new one
Reason = Literal["consent", "ineligible", "duplicate", "other", "restarted"]


class Entry(Frozen):
    """A row of the audit. Rows are only added: a case is `withdrawn`, then `purged` once nothing of it is left.

    The reason `restarted` is of who was withdrawn before the audit was lost and begun anew. `done`: in rows of earlier
    versions, whether the store was purged. `key`: fingerprint of the key that its pseudonym is made with, None if an earlier
    radweave wrote the row. `digest`: of this row and the digest before it.
    """

    case: str
    action: Literal["withdrawn", "purged", "restored"]
    reason: Reason = "consent"
    at: str
    done: bool | None = None
    key: str | None = None
    digest: str = ""


class Head(Frozen):
    """What a manifest remembers of the audit: how many rows it had, the digest of the last one, and who was withdrawn then.

    `withdrawn`: None in manifests of an earlier radweave, which did not say.
    """

    rows: int = 0
    digest: str = ""
    withdrawn: tuple[str, ...] | None = None


def read_rows(store: Store, head: Head | None) -> list[Entry]:
    """All rows in their order. head: what the newest manifest remembers, None where it does not say.

    Rows may follow those that are remembered: a killed process had no time to have them remembered.
    Raises StoreError if a row was changed, rows that are remembered are gone, or neither a row nor a refresh is left of a
    store that had a refresh. A first refresh that was killed before its commit left no sign: nobody can have been withdrawn.
    """
    data = read_bytes(store.withdrawals) if is_file(store.withdrawals) else b""
    try:
        rows = TypeAdapter(list[Entry]).validate_python(json.loads(data)) if data else []
    except (ValueError, TypeError) as error:
        raise _damaged(store, "cannot be understood") from error
    if any(row.digest for row in rows) and (rows != chained(rows) or data != audit_bytes(rows)):
        raise _damaged(store, "was changed")
    if head is not None:
        if len(rows) < head.rows:
            raise _damaged(store, f"holds {counted(len(rows), 'row')}, the newest refresh remembers {head.rows}")
        if head_of(rows[: head.rows]).digest != head.digest or any(not row.digest for row in rows):
            raise _damaged(store, "is not the one that the newest refresh remembers")
    elif (
        not rows
        and _is_used(store)
        and not any(name.endswith(".json") for name in find_files(store.root / "refreshes"))
    ):
        raise StoreError(  # refreshes were looked at last: another process may have committed the first just now
            f"{store.root}: no refresh and no row of the audit of withdrawals is left, so that nothing tells who was "
            "withdrawn; nothing is read or written. Restore refreshes/ or withdrawals.json from a backup. Without one make a "
            "new store with the same key, and withdraw these patients there with --bar before its scans are used"
        )
    return rows


def chained(rows: Iterable[Entry]) -> list[Entry]:
    """The rows, each with the digest of itself and all before it."""
    found: list[Entry] = []
    for row in rows:
        facts = row.model_dump(mode="json", exclude={"digest"}, exclude_none=True)
        before = found[-1].digest if found else ""
        found.append(row.model_copy(update={"digest": digest_json([before, facts])}))
    return found


def head_of(rows: Sequence[Entry]) -> Head:
    """What manifests are to remember of chained rows."""
    withdrawn = tuple(sorted(withdrawn_in(rows)))
    return Head(rows=len(rows), digest=rows[-1].digest if rows else "", withdrawn=withdrawn)


def audit_bytes(rows: Iterable[Entry]) -> bytes:
    """An audit as it is kept: JSON, keys sorted."""
    found = [row.model_dump(mode="json", exclude_none=True) for row in rows]
    return (json.dumps(found, indent=1, sort_keys=True) + "\n").encode()


def write_rows(store: Store, rows: Iterable[Entry]) -> Head:
    """Keep rows, chained; manifests are to remember what is returned."""
    whole = chained(rows)
    if whole:
        write_bytes(store.withdrawals, audit_bytes(whole))
        mark_used(store)
    return head_of(whole)


def mark_used(store: Store) -> None:
    """Note that a refresh was committed, or a case withdrawn: from now on who was withdrawn has to be known."""
    if not is_file(store.used):
        write_bytes(store.used, json_bytes({"used": True}))


def _is_used(store: Store) -> bool:
    """Whether a refresh was committed, or a case withdrawn. An earlier radweave left no mark, but the link."""
    return is_file(store.used) or (not is_remote(store.root) and store.mart.is_symlink())


def key_in(rows: Iterable[Entry]) -> str:
    """Fingerprint of the key that the rows are of: a change of key writes all of them anew. "" if none tells."""
    return next((row.key for row in reversed(list(rows)) if row.key), "")


def with_key(rows: Iterable[Entry], fingerprint: str) -> list[Entry]:
    """The rows, each noting the key of this fingerprint; "": as they are."""
    return [row.model_copy(update={"key": fingerprint or row.key}) for row in rows]


def withdrawn_in(rows: Iterable[Entry]) -> frozenset[str]:
    """Cases, and patients as `cohort:patient`, that are withdrawn after these rows."""
    last = {row.case: row.action for row in rows if row.action != "purged"}
    return frozenset(case for case, action in last.items() if action == "withdrawn")


def unpurged_in(rows: Iterable[Entry]) -> list[str]:
    """Cases of which the store may still hold something: their purge was killed."""
    pending: dict[str, None] = {}
    for row in rows:
        if row.action == "withdrawn" and not row.done:
            pending[row.case] = None
        elif row.action == "purged":
            pending.pop(row.case, None)
    return list(pending)


def _damaged(store: Store, what: str) -> StoreError:
    return StoreError(
        f"{store.withdrawals}: the audit of withdrawals {what}; nothing is read or written until it is restored from your "
        "backup: without it withdrawn patients would come back. If there is no backup: radweave restart-audit"
    )


def told_cases(data: bytes) -> frozenset[str]:
    """Cases that what is left of a damaged audit still names, whether withdrawn or restored."""
    return frozenset(found.decode("ascii") for found in _CASE.findall(data))
