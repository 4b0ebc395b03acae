"""Manifests: each refresh is a numbered list of the tables that belong to it; the highest number is what readers see.

Tables are kept once, under the digest of their bytes, and never change. A refresh becomes visible by one file that is
created whole; what it does not change it lists again. On a local disk `mart` then links to a folder with the same
tables under plain names.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pydantic import Field, ValidationError

from features.core.digest import digest_bytes
from features.core.errors import StoreError, past_damage
from features.core.frozen import Frozen
from features.core.storage.lock import locked
from features.core.storage.place import (
    Bytes,
    create_bytes,
    find_files,
    is_file,
    is_remote,
    read_bytes,
    sync_folder,
    write_bytes,
)
from features.core.storage.seal import damaged, json_bytes, read_json
from features.core.storage.store import REGION, Store
from features.core.storage.table import table_of_bytes
from features.results.audit import Entry, Head, head_of, key_in, mark_used, read_rows, with_key, write_rows
from features.results.earlier import changes, of_today
from features.results.schemas import FIXED, IMAGE_BLOCKS, SHOWN
from features.results.side_by_side import side_by_side

LAYOUT = 7  # of the store; raise it when older readers would misread it
# 6: scans told by modality, their ROI by its pattern (`earlier` brings such tables to the columns of today as they are read)
# 5: all recipes of a block in one file (cohorts that were not refreshed since keep theirs), no recipes of files
# 4: no key in the audit of withdrawals; 3: not who was withdrawn; 2: no seal, and nothing about the key and the audit
READABLE = (2, 3, 4, 5, 6, LAYOUT)


class File(Frozen):
    """A table of a cohort, or its columns of one recipe: where the bytes lie below the store's root, their sha-256, how many."""

    path: str
    sha256: str
    bytes: int
    rows: int


class CohortState(Frozen):
    """What a refresh found of a cohort: scans = used + absent + quarantined + withdrawn; `key` addresses all that decides it.

    recipes: settings of the recipes that do not come with radweave, by name, as they were when they were asked for.
    kernels: of BLAS and numpy, in the processes that computed features; last bits may depend on them, the key does not.
    """

    key: str
    tables_key: str = ""
    refreshed: int = 0
    scans: int = 0
    used: int = 0
    absent: int = 0
    withdrawn: int = 0
    quarantined: dict[str, int] = {}
    warned: dict[str, int] = {}
    files: dict[str, int] = {}
    settings: dict[str, str] = {}
    recipes: dict[str, dict[str, Any]] = {}
    kernels: tuple[str, ...] = ()


class Manifest(Frozen):
    """The tables of one refresh, and the state of every cohort. `at` is told, never compared.

    `files`: by `table/cohort`, as `region/demo`; of IMAGE_BLOCKS by `block/recipe/cohort`, as `radiomics/ct_lung/demo`.
    `key_fingerprint`: of the key that all pseudonyms of the store are made with, "" if nobody said so. `audit`: what the
    audit of withdrawals was, None if nobody said so. `releases`: rows of the audit of releases.
    """

    layout: int
    refresh: int
    parent: int
    at: str
    key_fingerprint: str = ""
    audit: Head | None = None
    releases: int = 0
    cohorts: dict[str, CohortState] = {}
    files: dict[str, File] = Field(default_factory=dict)

    def file(self, table: str, cohort: str) -> File | None:
        """The file of a table, such as `region` or `radiomics/ct_lung`."""
        return self.files.get(f"{table}/{cohort}")

    def of_cohort(self, cohort: str) -> dict[str, File]:
        """The files of a cohort by table."""
        return {split_name(name)[0]: file for name, file in self.files.items() if split_name(name)[1] == cohort}

    def patient_blocks(self, cohort: str) -> list[str]:
        """The blocks of a cohort whose rows are of patients, not of images: clinical first."""
        others = {REGION, *(schema.name for schema in (*FIXED, SHOWN))}
        found = {name for name in self.of_cohort(cohort) if "/" not in name} - others
        return sorted(found, key=lambda name: (name != "clinical", name))

    def parts(self, table: str, cohort: str, recipes: Collection[str] | None = None) -> list[File]:
        """The files of a table of a cohort, by name: one, or of an image block one per recipe.

        recipes: of these alone. Where an earlier radweave kept all recipes in one file, that is it.
        """
        found = sorted(
            (name, file) for name, file in self.of_cohort(cohort).items() if f"{name}/".startswith(f"{table}/")
        )
        return [file for name, file in found if recipes is None or "/" not in name or name.split("/")[1] in recipes]


def split_name(name: str) -> tuple[str, str]:
    """The table and the cohort of a file of a manifest.

    >>> split_name("radiomics/ct_lung/demo")
    ('radiomics/ct_lung', 'demo')
    """
    table, cohort = name.rsplit("/", 1)
    return table, cohort


EMPTY = Manifest(layout=LAYOUT, refresh=0, parent=0, at="")


def refresh_numbers(store: Store) -> list[int]:
    """Numbers of the refreshes that the store keeps, rising."""
    names = find_files(store.root / "refreshes")
    return sorted(int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdigit())


def newest(store: Store) -> Manifest:
    """The manifest of the newest refresh; EMPTY before the first.

    Raises StoreError if it is damaged or of another layout, the audit of withdrawals is not the one it remembers, nothing
    is left that tells who was withdrawn, or a change of key was not finished.
    """
    if is_file(store.renaming):
        raise StoreError(f"{store.root}: a change of its key goes on or was killed; radweave rekey finishes it")
    numbers = refresh_numbers(store)
    manifest = manifest_at(store, numbers[-1]) if numbers else EMPTY
    read_rows(store, manifest.audit)
    return manifest


def read_audit(store: Store) -> list[Entry]:
    """All withdrawals and restorations in their order. Raises StoreError as `newest`."""
    return read_rows(store, newest(store).audit)


def keys_differ(store: Store, manifest: Manifest) -> str:
    """The sentence that says that the withdrawals are of another key than a refresh; "" if they are not, or nothing tells."""
    noted = key_in(read_rows(store, manifest.audit))
    if not noted or manifest.key_fingerprint in ("", noted):
        return ""
    return (
        f"{store.withdrawals}: its withdrawals are made with the key of fingerprint {noted}, refresh {manifest.refresh} with "
        f"the one of {manifest.key_fingerprint}: withdrawn patients may be in its tables; restore the store from a backup"
    )


def manifest_at(store: Store, refresh: int) -> Manifest:
    """The manifest of a refresh. Raises StoreError if there is none, or it is damaged."""
    path = store.refresh(refresh)
    if not is_file(path):
        kept = ", ".join(map(str, refresh_numbers(store))) or "none"
        raise StoreError(f"{store.root}: there is no refresh {refresh}; kept: {kept}")
    try:
        data = read_json(path)
        if data["layout"] not in READABLE:
            raise StoreError(f"{path}: layout {data['layout']}, this radweave reads {LAYOUT}")
        return Manifest.model_validate(data)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise damaged(path, "it is no manifest") from error


def kept_manifests(store: Store, unread: list[str] | None = None) -> list[Manifest]:
    """The manifests of all refreshes that the store keeps, rising. unread: as for `past_damage`."""
    found: list[Manifest] = []
    for number in refresh_numbers(store):
        with past_damage(unread):
            found.append(manifest_at(store, number))
    return found


def _newest_named(store: Store) -> Manifest:
    """The newest manifest. Raises StoreError if the link `mart` names a later refresh, whose manifest was lost."""
    manifest, named = newest(store), mart_refresh(store)
    if named is None or named <= manifest.refresh:
        return manifest
    if store.refresh(named).is_file():  # it was committed just now
        return newest(store)
    raise StoreError(
        f"{store.refresh(named)}: is not there, though {store.mart} names it; restore it from a backup, or refresh to go "
        f"on from {f'refresh {manifest.refresh}' if manifest.refresh else 'the start'}"
    )


@dataclass(frozen=True)
class Mart:
    """The tables of one refresh: whatever is committed meanwhile, they stay the same."""

    store: Store
    manifest: Manifest

    @classmethod
    def open(cls, store: Store, refresh: int | None = None) -> Mart:
        """The tables of a refresh, None: the newest. Raises StoreError as `newest` and `manifest_at`."""
        if refresh is None:
            return cls(store, _newest_named(store))
        newest(store)  # raises where nothing may be read
        return cls(store, manifest_at(store, refresh))

    def read(
        self,
        table: str,
        cohort: str,
        columns: Sequence[str] | None = None,
        recipes: Collection[str] | None = None,
    ) -> pa.Table:
        """A table of a cohort, its bytes checked against the sha-256 of the manifest, with the columns of today.

        recipes: of an image block the columns, and the cases, of these alone; None: of all that it has.
        Raises StoreError if the cohort was never refreshed, or a file is not the one that the manifest names.
        """
        files = self.manifest.parts(table, cohort, recipes)
        if not files and not (table in IMAGE_BLOCKS and cohort in self.manifest.cohorts):
            raise StoreError(f'the store has no {table} table of cohort "{cohort}": run radweave refresh {cohort}')
        read = columns if columns is None or len(files) < 2 else [*dict.fromkeys(["case", *columns])]
        read = None if changes(table) else read
        parts = [table_of_bytes(checked_bytes(self.store, file), self.store.root / file.path, read) for file in files]
        found = of_today(table, side_by_side(parts))
        return found if columns is None else found.select([name for name in columns if name in found.schema.names])


def checked_bytes(store: Store, file: File) -> bytes:
    """The bytes of a table. Raises StoreError if they are not those that the manifest names."""
    path = store.root / file.path
    try:
        data = read_bytes(path)
    except StoreError:
        data = b""
    if digest_bytes(data) != file.sha256:
        raise StoreError(f"{path}: is not the file that the manifest names; run radweave verify")
    return data


def keep_table(store: Store, table: str, cohort: str, data: Bytes, rows: int) -> File:
    """Write the bytes of a table under their digest, unless they are there."""
    sha256 = digest_bytes(data)
    file = File(path=f"tables/{table}/{cohort}.{sha256[:16]}.parquet", sha256=sha256, bytes=len(data), rows=rows)
    path = store.root / file.path
    if not path.is_file() or digest_bytes(read_bytes(path)) != sha256:
        write_bytes(path, data)
    return file


def commit(
    store: Store,
    cohort: str,
    state: CohortState,
    files: Mapping[str, File],
    base: Manifest,
    numbered: Callable[[int], Mapping[str, File]] = lambda _: {},
    *,
    key_fingerprint: str = "",
    releases: int | None = None,
) -> Manifest:
    """Make the tables of a cohort (by table name) those of a new refresh; other cohorts keep theirs.

    `numbered(refresh)` gives the tables that hold the number of the refresh, which is not known before.
    `key_fingerprint`: of the key that their pseudonyms were made with; "" if they were taken from the store. `releases`:
    rows of the audit of releases, None if it did not change.
    Raises StoreError if another refresh of this cohort, or a withdrawal, was committed since `base`, or the store has
    pseudonyms of another key.
    """
    with locked(store.root / "locks" / "commit", "", wait=True):
        while True:
            now = newest(store)
            if now.cohorts.get(cohort) != base.cohorts.get(cohort):
                raise StoreError(f'cohort "{cohort}" was refreshed by another process meanwhile; refresh it again')
            if base.audit is not None and now.audit != base.audit:
                raise StoreError(f"{store.root}: a case was withdrawn or restored meanwhile; refresh again")
            noted = {now.key_fingerprint, key_in(read_rows(store, now.audit))}
            if key_fingerprint and not noted <= {"", key_fingerprint}:
                raise StoreError(f"{store.root}: holds pseudonyms of another key; nothing was committed")
            kept = {name: file for name, file in now.files.items() if split_name(name)[1] != cohort}
            own = {**files, **numbered(now.refresh + 1)}
            manifest = Manifest(
                layout=LAYOUT,
                refresh=now.refresh + 1,
                parent=now.refresh,
                at=datetime.now(UTC).isoformat(timespec="seconds"),
                key_fingerprint=now.key_fingerprint or key_fingerprint,
                audit=seal_audit(store, now.audit, key_fingerprint),
                releases=now.releases if releases is None else releases,
                cohorts={**now.cohorts, cohort: state.model_copy(update={"refreshed": now.refresh + 1})},
                files={**kept, **{f"{table}/{cohort}": file for table, file in own.items()}},
            )
            build_view(store, manifest)
            if create_bytes(store.refresh(manifest.refresh), manifest_bytes(manifest)):
                mark_used(store)
                point_mart(store, manifest.refresh)
                return manifest


def seal_audit(store: Store, head: Head | None, key_fingerprint: str) -> Head:
    """What the next manifest remembers of the audit. Rows that no refresh remembers get their digests and the key now."""
    rows = read_rows(store, head)
    return head_of(rows) if head is not None else write_rows(store, with_key(rows, key_fingerprint))


def manifest_bytes(manifest: Manifest) -> bytes:
    """A manifest as it is kept: JSON, keys sorted, sealed."""
    return json_bytes({**manifest.model_dump(mode="json"), "layout": LAYOUT})


def without_audit(manifest: Manifest) -> Manifest:
    """The manifest as views show it: who was withdrawn is not for those who read tables."""
    return manifest.model_copy(update={"audit": None})


def rewrite(store: Store, manifest: Manifest) -> None:
    """Let a refresh say something else of itself; its tables stay."""
    write_bytes(store.refresh(manifest.refresh), manifest_bytes(manifest))
    if not is_remote(store.root) and (copy := store.view(manifest.refresh) / "manifest.json").is_file():
        write_bytes(copy, manifest_bytes(without_audit(manifest)))


def build_view(store: Store, manifest: Manifest) -> None:
    """The tables of a refresh as hard links under plain names, in a folder that appears whole. Local disks only.

    A table that is not there is left out: `verify` names it.
    """
    if is_remote(store.root):
        return
    folder = store.view(manifest.refresh)
    temporary = folder.with_name(f".{folder.name}.tmp")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        for name, file in manifest.files.items():
            link = temporary / f"{name}.parquet"
            link.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                os.link(store.root / file.path, link)
        temporary.mkdir(parents=True, exist_ok=True)
        write_bytes(temporary / "manifest.json", manifest_bytes(without_audit(manifest)))
        for part in sorted(temporary.rglob("*"), reverse=True):
            if part.is_dir():
                sync_folder(part)
        if folder.exists():  # left by a process that was killed before its commit, or made anew after a withdrawal
            old = folder.with_name(f".{folder.name}.old.tmp")
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
            temporary.rename(folder)
            shutil.rmtree(old)
        else:
            temporary.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {error.strerror or error}") from error


def point_mart(store: Store, refresh: int) -> None:
    """Let the link `mart` name a refresh, in one step. Local disks only."""
    if is_remote(store.root) or mart_refresh(store) == refresh:
        return
    temporary = store.root / ".mart.tmp"
    try:
        if store.mart.exists() and not store.mart.is_symlink():
            raise StoreError(f"{store.mart}: is not a link (a store of an older radweave?); remove it and refresh")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(store.view(refresh).relative_to(store.root))
        temporary.replace(store.mart)
        sync_folder(store.root)
    except OSError as error:
        raise StoreError(f"{store.mart}: cannot be written: {error.strerror or error}") from error


def mart_refresh(store: Store) -> int | None:
    """The refresh that the link `mart` names; None if there is no link, as on object storage."""
    if is_remote(store.root):
        return None
    try:
        return int(store.mart.readlink().name)
    except (OSError, ValueError, TypeError):
        return None
