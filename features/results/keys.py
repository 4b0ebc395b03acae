"""keys: which pseudonym key a store is of; it refuses every other one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path

from features.core.errors import RadweaveError, StoreError
from features.core.pseudonym import KEY_VARIABLE, fingerprint, pseudonym
from features.core.storage.place import find_files
from features.core.storage.store import Store
from features.images.index.file_cache import FileCache
from features.results.audit import withdrawn_in, write_rows
from features.results.cases import cases_at
from features.results.manifest import manifest_at, newest, read_audit, refresh_numbers, rewrite

FindIds = Callable[[str], Collection[str]]  # all patient ids in the files and tables of a cohort


def is_new(store: Store) -> bool:
    """Whether the store holds nothing yet that tells of a patient."""
    told = ("refreshes", "tables", "studies")
    return not store.withdrawals.is_file() and not any(find_files(store.root / name) for name in told)


def check_key(store: Store, key: bytes, path: Path) -> bool:
    """Whether the store remembers its key, and it is this one, read from `path`.

    Raises StoreError if it is of another key; or as `newest`.
    """
    manifest = newest(store)
    if not manifest.key_fingerprint:
        return False
    if manifest.key_fingerprint != fingerprint(key):
        raise StoreError(
            f"{store.root}: its pseudonyms are made with the key of fingerprint {manifest.key_fingerprint}, and "
            f"{path} holds the one of {fingerprint(key)}; set {KEY_VARIABLE} to the file of the store's key. To change "
            "the store's key on purpose: radweave rekey"
        )
    return True


def doubts_of(store: Store, key: bytes, find_ids: FindIds) -> list[str]:
    """Why a store that does not remember its key might be of another one; none if the key explains all it holds.

    What was kept of a cohort's files tells its key. Where that is gone, one patient whose pseudonym the key makes of an id
    in the files and tables is enough. Withdrawn patients have to be found so, every one.
    """

    @cache
    def codes(cohort: str) -> frozenset[str]:
        try:
            return frozenset(pseudonym(key, cohort, patient) for patient in find_ids(cohort))
        except RadweaveError:
            return frozenset()

    doubts: list[str] = []
    manifest = newest(store)
    for cohort in manifest.cohorts:
        found = FileCache.is_of(store.files(cohort), key)
        if found is None:
            files = [file for name, file in manifest.files.items() if name.endswith(f"/{cohort}")]
            held = {case.split(":")[1] for file in files for case in cases_at(store.root / file.path, cohort)}
            if held and not held & codes(cohort):
                doubts.append(f'with this key no patient of cohort "{cohort}" is found among its files and tables')
        elif not found:
            doubts.append(f'cohort "{cohort}" was last refreshed with another key')
    patients = {tuple(case.split(":")[:2]) for case in withdrawn_in(read_audit(store))}
    for cohort in sorted({cohort for cohort, _ in patients}):
        lost = sum(1 for name, code in patients if name == cohort and code not in codes(cohort))
        if lost:
            what = "a withdrawn patient" if lost == 1 else f"{lost} withdrawn patients"
            doubts.append(f'with this key {what} of cohort "{cohort}" cannot be found among its files and tables')
    return doubts


def adopt_key(store: Store, key: bytes) -> None:
    """Let a store that does not remember its key remember this one. Raises StoreError if somebody writes just now."""
    with store.cleaning():
        head = write_rows(store, read_audit(store))
        for number in reversed(refresh_numbers(store)):
            manifest = manifest_at(store, number)
            rewrite(store, manifest.model_copy(update={"key_fingerprint": fingerprint(key), "audit": head}))
