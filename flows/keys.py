"""The pseudonym key: which one a store is of, a new one, and the change from one to another."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from features.core.errors import RadweaveError, StoreError
from flows.options import CATALOG, STORE, CatalogOption, StoreOption, open_store

if TYPE_CHECKING:
    from features.core.store import Store


def store_key(store: "Store", catalog: Path) -> bytes:
    """The key of a store's pseudonyms. Where there is none and the store is new, one is made, and this is said.

    Raises RadweaveError if there is no key for a store that holds something, or it is another one than the store's.
    """
    from features.core.catalog import load_catalog
    from features.core.place import is_remote
    from features.core.pseudonym import KEY_VARIABLE, NoKeyError, key_file
    from features.core.pseudonym import make_key as make
    from features.results.keys import adopt_key, check_key, doubts_of
    from features.results.manifest import newest
    from flows.engine import say
    from tasks.patients import find_patient_ids

    path = key_file()
    try:
        key = _load(store, path)
    except NoKeyError:
        if not is_remote(store.root) and path.resolve().is_relative_to(store.root.resolve()):
            raise RadweaveError(f"{path}: the pseudonym key must not lie in the store; set {KEY_VARIABLE}") from None
        key = make(path)
        say(f"a new pseudonym key was made for this store: {path}; back it up, apart from the store")
    if path.stat().st_mode & 0o077:
        say(f"{path}: others can read or write the pseudonym key; chmod 600 {path}")
    if check_key(store, key, path) or not newest(store).refresh:
        return key
    doubts = doubts_of(store, key, lambda cohort: find_patient_ids(load_catalog(catalog), cohort, key))
    if doubts:
        raise StoreError(
            f"{store.root}: an earlier radweave made it and noted no key, and it is not sure that {path} holds it: "
            f"{'; '.join(doubts)}. Set {KEY_VARIABLE} to the right file; if this is the right one, say so: radweave adopt-key"
        )
    adopt_key(store, key)
    say(f"{store.root}: remembers from now on that its key is the one in {path}")
    return key


def own_key(store: "Store", *, needed: bool = True) -> bytes:
    """The user's key, which has to be the store's where the store remembers one; b"" if there is none, nor needed.

    Raises RadweaveError.
    """
    from features.core.pseudonym import key_file
    from features.results.keys import check_key

    try:
        path = key_file()
        key = _load(store, path)
    except RadweaveError:
        if needed:
            raise
        return b""
    check_key(store, key, path)
    return key


def _load(store: "Store", path: Path) -> bytes:
    """The key in a file. Raises NoKeyError if it is not there and the store is new; else RadweaveError."""
    from features.core.pseudonym import KEY_VARIABLE, NoKeyError, load_key
    from features.results.keys import is_new

    try:
        return load_key(path)
    except NoKeyError:
        if is_new(store):
            raise
        raise RadweaveError(
            f"{path}: there is no pseudonym key, and the store {store.root} was made with one; set {KEY_VARIABLE} to its "
            "file, or bring it back from your backup; nothing was made"
        ) from None


def make_key() -> None:
    """Make a new pseudonym key, where RADWEAVE_KEY_FILE says or in your configuration folder. A key that is there stays."""
    from features.core.pseudonym import KEY_VARIABLE, fingerprint, key_file
    from features.core.pseudonym import make_key as make

    path = key_file()
    if os.path.lexists(path):
        raise RadweaveError(f"{path}: is there already; set {KEY_VARIABLE} to another file to make another key")
    key = make(path)
    typer.echo(f"{path}: a new pseudonym key of fingerprint {fingerprint(key)}; back it up, apart from the store")


def adopt_key(catalog: CatalogOption = CATALOG, store: StoreOption = STORE) -> None:
    """Let a store of an earlier radweave, which noted no key, remember yours as the one that it was made with.

    Refreshes do so by themselves where the key explains what the store holds. Else you have to be sure: with a wrong key
    every patient gets another pseudonym, and withdrawn patients come back.
    """
    from features.core.catalog import load_catalog
    from features.core.pseudonym import fingerprint, key_file, load_key
    from features.results.keys import adopt_key as adopt
    from features.results.keys import check_key, doubts_of
    from features.results.manifest import newest
    from tasks.patients import find_patient_ids

    place, path = open_store(store, there=True), key_file()
    key = load_key(path)
    if check_key(place, key, path):
        typer.echo(f"{store}: remembers already that its key is the one in {path}")
        return
    if not newest(place).refresh:
        raise StoreError(f"{store}: the store is empty; its first refresh remembers the key")
    declared = load_catalog(catalog)
    for doubt in doubts_of(place, key, lambda cohort: find_patient_ids(declared, cohort, key)):
        typer.echo(f"  {doubt}")
    adopt(place, key)
    typer.echo(f"{store}: remembers from now on the key in {path}, of fingerprint {fingerprint(key)}")


COMMANDS = (make_key, adopt_key)
