"""keys: which pseudonym key a store is of; it refuses every other one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path

from features.core.errors import RadweaveError, StoreError, past_damage
from features.core.pseudonym import KEY_VARIABLE, fingerprint, pseudonym
from features.core.storage.place import find_files
from features.core.storage.store import Store
from features.images.index.file_cache import FileCache
from features.results.audit import key_in, read_rows, withdrawn_in
from features.results.cases import cases_at, cases_of
from features.results.manifest import (
    keys_differ,
    manifest_at,
    newest,
    read_audit,
    refresh_numbers,
    rewrite,
    seal_audit,
    split_name,
)

FindIds = Callable[[str], Collection[str]]  # all patient ids in the files and tables of a cohort


def is_new(store: Store) -> bool:
    """Whether the store holds nothing yet that was made with a key, whether or not a refresh is left that tells which."""
    folders = ("refreshes", "tables", "index", "studies", "models", "scores", "stability", "quality")
    files = (store.used, store.withdrawals, store.releases, store.renaming)
    return not any(path.is_file() for path in files) and not any(find_files(store.root / name) for name in folders)


def check_key(store: Store, key: bytes, path: Path) -> bool:
    """Whether the store remembers its key, and it is this one, read from `path`. The audit of withdrawals remembers it, too.

    Raises RadweaveError if it is of another key; StoreError if the withdrawals are of another one than the tables, or as `newest`.
    """
    manifest = newest(store)
    noted = {manifest.key_fingerprint, key_in(read_rows(store, manifest.audit))} - {""}
    if not noted:
        return False
    if len(noted) > 1:
        raise StoreError(keys_differ(store, manifest))
    if noted != {fingerprint(key)}:
        raise RadweaveError(
            f"{store.root}: its pseudonyms are made with the key of fingerprint {noted.pop()}, and "
            f"{path} holds the one of {fingerprint(key)}; set {KEY_VARIABLE} to the file of the store's key. To change "
            "the store's key on purpose: radweave rekey"
        )
    return True


def held_patients(store: Store) -> dict[str, set[str]]:
    """Cohort → the patients in its newest tables. Where no refresh is left: in tables and studies, none for a mere index.

    Raises StoreError if a table of the newest refresh is damaged.
    """
    manifest = newest(store)
    if manifest.refresh:
        held: dict[str, set[str]] = {cohort: set() for cohort in manifest.cohorts}
        files = [(store.root / file.path, split_name(name)[1]) for name, file in manifest.files.items()]
        cases = {case for path, cohort in files for case in cases_at(path, cohort)}
    else:
        held = {name.removesuffix(".files.parquet"): set() for name in find_files(store.root / "index")}
        unread: list[str] = []
        cases = cases_of(store, unread)
        for name in find_files(store.root / "tables"):
            with past_damage(unread):
                cases |= set(cases_at(store.root / "tables" / name, name.split("/")[-1].rsplit(".", 2)[0]))
    for cohort, patient in (case.split(":")[:2] for case in cases):
        held.setdefault(cohort, set()).add(patient)
    return held


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
    for cohort, held in held_patients(store).items():
        found = FileCache.is_of(store.files(cohort), key)
        if found is None:
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
    """Let a store that does not remember its key remember this one: in its refreshes, and in an audit that none tells of.

    Raises StoreError if somebody writes just now.
    """
    with store.cleaning():
        head = seal_audit(store, newest(store).audit, fingerprint(key))
        for number in reversed(refresh_numbers(store)):
            manifest = manifest_at(store, number)
            rewrite(store, manifest.model_copy(update={"key_fingerprint": fingerprint(key), "audit": head}))
