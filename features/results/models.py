"""Models that were saved: a folder each, whose model.json, written last, says that it is whole and what its files are."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from features.core.digest import digest_bytes
from features.core.errors import DamagedError, RadweaveError, StoreError, hint_sentence
from features.core.storage.place import Bytes, find_files, is_file, is_remote, read_bytes, remove_file, write_bytes
from features.core.storage.seal import damaged, json_bytes, read_json
from features.core.storage.store import Store
from features.results.runs import MODEL

SCHEMA, ARRAYS = "schema.json", "arrays.parquet"
_FILES = "files"  # of model.json: name → sha-256


def write_model(folder: Path, files: Mapping[str, Bytes], facts: Mapping[str, Any]) -> None:
    """Write the files of a model, and last model.json with their digests. Raises StoreError if one cannot be written."""
    for name, data in files.items():
        write_bytes(folder / name, data)
    sha256 = {name: digest_bytes(data) for name, data in files.items()}
    write_bytes(folder / MODEL, json_bytes({**facts, _FILES: sha256}))


def is_model(folder: Path) -> bool:
    """Whether a folder holds a model that came to its end."""
    return is_file(folder / MODEL)


def read_model(folder: Path) -> dict[str, Any]:
    """What model.json says. Raises DamagedError if it, or any file that it names, is missing or is not what was written."""
    facts = read_json(folder / MODEL)
    if not isinstance(facts, dict) or not isinstance(facts.get(_FILES), dict):
        raise damaged(folder / MODEL, "it describes no model")
    for name, sha256 in facts[_FILES].items():
        checked_file(folder, name, sha256)
    return facts


def checked_file(folder: Path, name: str, sha256: str) -> bytes:
    """The bytes of a file of a model. Raises DamagedError if they are not those of the digest."""
    try:
        data = read_bytes(folder / name)
    except StoreError as error:
        raise damaged(folder / name, "it is missing") from error
    if digest_bytes(data) != sha256:
        raise damaged(folder / name, f"it is not the file that {MODEL} names")
    return data


def model_folders(store: Store) -> list[Path]:
    """Folders of all saved models, by study and digest."""
    root = store.root / "models"
    return [(root / name).parent for name in find_files(root) if name.endswith(f"/{MODEL}") and name.count("/") == 2]


def model_faults(store: Store) -> list[str]:
    """A sentence for each saved model that is damaged."""
    faults = []
    for folder in model_folders(store):
        try:
            read_model(folder)
        except StoreError as error:
            faults.append(str(error))
    return faults


def find_model(store: Store, given: str) -> Path:
    """The folder of a model: a path, STUDY/DIGEST, or STUDY if it has one. Raises RadweaveError that names those there are."""
    folders = {f"{folder.parent.name}/{folder.name}": folder for folder in model_folders(store)}
    path = Path(given)
    if is_model(path):
        return path
    own = [
        name
        for name in folders
        if name == given or name.startswith((f"{given}/", given) if "/" in given else f"{given}/")
    ]
    if len(own) == 1:
        return folders[own[0]]
    if own:
        raise RadweaveError(f'study "{given}" has {len(own)} models: name one of {", ".join(own)}')
    known = ", ".join(folders) or "none"
    hint = hint_sentence(given, [*folders, *(name.split("/")[0] for name in folders)])
    fit = "radweave study STUDY --final makes one"
    raise RadweaveError(f'{store.root}: there is no model "{given}"; there are: {known}. {hint or fit}'.strip())


def models_that_hold(store: Store, cohort: str) -> list[Path]:
    """Folders of the models whose arrays hold values of cases of a cohort, also of those that are damaged and cannot tell."""
    found = []
    for folder in model_folders(store):
        try:
            facts = read_json(folder / MODEL)
        except DamagedError:
            found.append(folder)
            continue
        if facts.get("keeps_cases") and cohort in facts.get("cohorts", ()):
            found.append(folder)
    return found


def remove_model(folder: Path) -> None:
    """Remove the files of a model, model.json first: what is left of it is none."""
    for name in sorted(find_files(folder), key=lambda name: name != MODEL):
        remove_file(folder / name)
    if not is_remote(folder):
        with suppress(OSError):
            folder.rmdir()
            folder.parent.rmdir()
