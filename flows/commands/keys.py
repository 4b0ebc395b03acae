"""The pseudonym key: which one a store is of, a new one, and the change from one to another."""

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.core.errors import RadweaveError, StoreError
from features.core.wording import counted
from flows.commands.options import CATALOG, STORE, CatalogOption, StoreOption, open_store

if TYPE_CHECKING:
    from features.core.catalog.catalog import Catalog
    from features.core.storage.store import Store

ANEW = "or refresh into a new store, and withdraw there again whoever was withdrawn from this one"


def store_key(store: "Store", catalog: Path) -> bytes:
    """The key of a store's pseudonyms. Where there is none and the store is new, one is made, and this is said.

    Raises RadweaveError if there is no key for a store that holds something, or it is another one than the store's.
    """
    from features.core.catalog.catalog import load_catalog
    from features.core.pseudonym import KEY_VARIABLE, NoKeyError, key_file
    from features.core.pseudonym import make_key as make
    from features.core.storage.place import is_remote
    from features.results.keys import adopt_key, check_key, doubts_of, is_new
    from features.results.manifest import newest
    from flows.serving.engine import say
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
    if check_key(store, key, path) or is_new(store):
        return key
    refreshed = newest(store).refresh > 0
    remembers = refreshed or store.withdrawals.is_file()
    why = "an earlier radweave made it and noted no key" if refreshed else "no refresh is left that tells its key"
    doubts = doubts_of(store, key, lambda cohort: find_patient_ids(load_catalog(catalog), cohort, key))
    if doubts:
        raise RadweaveError(
            f"{store.root}: {why}, and it is not sure that {path} holds it: {'; '.join(doubts)}. Set {KEY_VARIABLE} to the right "
            + ("file; if this is the right one, say so: radweave adopt-key" if remembers else f"file, {ANEW}")
        )
    if remembers:
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
    from features.core.catalog.catalog import load_catalog
    from features.core.pseudonym import fingerprint, key_file, load_key
    from features.results.keys import adopt_key as adopt
    from features.results.keys import check_key, doubts_of, is_new
    from features.results.manifest import newest
    from tasks.patients import find_patient_ids

    place, path = open_store(store, there=True), key_file()
    key = load_key(path)
    if check_key(place, key, path):
        typer.echo(f"{store}: remembers already that its key is the one in {path}")
        return
    if is_new(place):
        raise StoreError(f"{store}: the store is empty; its first refresh remembers the key")
    if not newest(place).refresh and not place.withdrawals.is_file():
        raise StoreError(f"{store}: no refresh is left to remember a key. Refresh with the right one, {ANEW}")
    declared = load_catalog(catalog)
    for doubt in doubts_of(place, key, lambda cohort: find_patient_ids(declared, cohort, key)):
        typer.echo(f"  {doubt}")
    adopt(place, key)
    typer.echo(f"{store}: remembers from now on the key in {path}, of fingerprint {fingerprint(key)}")


def rekey(
    before: Annotated[Path, typer.Option("--from", help="The file of the store's present key.")],
    ids: Annotated[
        Path | None,
        typer.Option(help="CSV file of ids of patients who left files and tables, a line COHORT,ID each."),
    ] = None,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
) -> None:
    """Rename every patient of a store, from the pseudonyms of its present key to those of RADWEAVE_KEY_FILE.

    The ids are read from the files and tables of the catalog; they are kept nowhere. A run that was killed is finished by
    the same command. The next refresh reads all files again and computes nothing again; studies are fitted again.
    """
    from features.core.catalog.catalog import load_catalog
    from features.core.pseudonym import key_file, load_key, pseudonym
    from features.results.keys import check_key, doubts_of, held_patients
    from features.results.rekey import Renaming, begin_rekey, finish_rekey, unfinished
    from flows.screen import Screen
    from tasks.patients import find_patient_ids

    place = open_store(store, there=True)
    old, new = load_key(before), load_key(key_file())
    begun = unfinished(place)
    if begun is not None and not begun.is_between(old, new):
        raise RadweaveError(f"{store}: a change between two other keys was not finished; give these two keys again")
    if begun is None:
        remembered, declared = check_key(place, old, before), load_catalog(catalog)
        found = _listed(ids, declared) if ids else {}
        with Screen():
            for name in (name for name in held_patients(place) if name in declared.cohorts):
                found.setdefault(name, set()).update(find_patient_ids(declared, name, old))
        if not remembered and (doubts := doubts_of(place, old, lambda name: found.get(name, set()))):
            said = "; ".join(doubts)
            raise RadweaveError(f"{store}: it is not sure that {before} holds its key: {said}; radweave adopt-key")
        pairs = ((cohort, patient) for cohort, patients in found.items() for patient in patients)
        codes = {pseudonym(old, *pair): pseudonym(new, *pair) for pair in pairs}
        begin_rekey(place, Renaming.between(old, new, codes))
    renaming = finish_rekey(place)
    typer.echo(
        f"{store}: {counted(len(renaming.codes), 'patient')} renamed, all with the key in {key_file()} from now on; "
        "refresh now, and run studies again"
    )


def _listed(path: Path, catalog: "Catalog") -> dict[str, set[str]]:
    """The ids in a file, by cohort, in the form that the catalog declares. Raises RadweaveError, which shows none."""
    from features.core.catalog.id_form import IdForm, normalise_id

    try:
        rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RadweaveError(
            f"{path}: cannot be read: {getattr(error, 'strerror', '') or 'it is no CSV file'}"
        ) from None
    found: dict[str, set[str]] = {}
    for number, row in enumerate(rows, start=1):
        cohort, patient, centre = (*row, "", "", "")[:3]
        form = catalog.cohorts[cohort].id_form if cohort in catalog.cohorts else IdForm()
        known = not form.prefix or centre in catalog.cohorts[cohort].centres
        written = normalise_id(patient, form.at(centre)) if known and len(row) == (3 if form.prefix else 2) else ""
        if row and not written:
            raise RadweaveError(
                f"{path}, line {number}: is not COHORT,ID (COHORT,ID,CENTRE where ids have a prefix) with an id of the form "
                "that the catalog declares"
            )
        if row:
            found.setdefault(cohort, set()).add(written)
    return found


COMMANDS = (make_key, adopt_key, rekey)
