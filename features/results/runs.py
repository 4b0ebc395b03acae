"""Runs of studies: study.json, written last, says that a run is whole and which files belong to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from features.core.errors import RadweaveError, StoreError
from features.core.storage.lock import locked
from features.core.storage.place import TEMPORARY, find_files, is_file, is_remote, remove_file
from features.core.storage.seal import damaged, json_bytes, read_json, read_sealed
from features.core.storage.store import Store
from features.core.storage.table import table_of_bytes

STUDY = "study.json"
MODEL = "model.json"  # of a saved model; see models.py
ROOTS = (
    "studies",
    "scores",
)  # of a store: where runs lie, of studies and of saved models that were asked about a cohort
SHOWN = (".html", ".svg")  # endings of what a withdrawal removes where it names the patient
_DAY_S = 86400.0


def run_files(store: Store) -> list[str]:
    """Files of all runs, of studies and of saved models, as paths below the store's root."""
    return [f"{root}/{name}" for root in ROOTS for name in find_files(store.root / root)]


def run_bytes(folder: Path, facts: dict[str, Any]) -> bytes:
    """study.json for a run whose other files are all in its folder."""
    names = [name for name in find_files(folder) if name != STUDY and not name.endswith(TEMPORARY)]
    return json_bytes({**facts, "files": names})


def read_run(folder: Path) -> dict[str, Any]:
    """What study.json says of a run. Raises StoreError if it is missing or damaged."""
    found = read_json(folder / STUDY)
    if not isinstance(found, dict):
        raise damaged(folder / STUDY, "it describes no study")
    return found


def is_run(folder: Path) -> bool:
    """Whether a run came to its end."""
    return (folder / STUDY).is_file()


def run_faults(folder: Path) -> list[str]:
    """A sentence for each file of a run that is damaged or missing. A withdrawal may have removed its pages and figures."""
    faults: list[str] = []
    facts: dict[str, Any] = {}
    try:
        facts = read_run(folder)
    except StoreError as error:
        faults.append(str(error))
    names, there = facts.get("files", []), find_files(folder)
    gone = [name for name in names if name not in there and not (facts.get("withdrawn") and name.endswith(SHOWN))]
    faults += [str(damaged(folder / name, "it is missing")) for name in gone]
    for name in (name for name in there if name != STUDY and (name in names or not names)):
        try:
            check_file(folder / name)
        except StoreError as error:
            faults.append(str(error))
    return faults


def check_file(path: Path) -> bool:
    """Whether a file is sealed; without a seal, its table is read. Raises StoreError if it is missing or damaged."""
    data, held = read_sealed(path)
    if not held and path.suffix == ".parquet":
        table_of_bytes(data, path)
    return held


@contextmanager
def running(store: Store, study: str) -> Iterator[None]:
    """While runs of a study are computed inside the block, nobody takes them for unfinished.

    What a run that is refused (RadweaveError) has written so far is removed.
    """
    try:
        with locked(_lock(store, study), "", shared=True, wait=True):
            yield
    except RadweaveError:
        for folder in unfinished_runs(store, study):
            remove_run(folder)
        raise


def unfinished_runs(store: Store, study: str = "") -> list[Path]:
    """Folders of runs, of one study or all, that did not come to their end and are not under way.

    On object storage, where there are no locks, those that were not written to for a day.
    """
    names = (name.split("/") for name in find_files(store.root / "studies") if name.count("/") == 2)
    runs = sorted({(name, run) for name, run, _ in names if study in ("", name)})
    folders = [(name, store.root / "studies" / name / run) for name, run in runs]
    return [folder for name, folder in folders if not is_run(folder) and not _is_under_way(store, name, folder)]


def unfinished_folders(store: Store) -> list[Path]:
    """Folders of scores and of models that did not come to their end, for whoever holds `store.cleaning()`: they are written as a
    whole under `store.reading()`, so that none is under way. On object storage, those that were not written to for a day.
    """
    found = []
    for root, last in (("scores", STUDY), ("models", MODEL)):
        names = (name for name in find_files(store.root / root) if name.count("/") == 2)
        for folder in sorted({(store.root / root / name).parent for name in names}):
            if not is_file(folder / last) and not (is_remote(store.root) and _is_fresh(folder)):
                found.append(folder)
    return found


def remove_run(folder: Path) -> None:
    """Remove the files of a run, and its folders where they are empty then."""
    for name in find_files(folder):
        remove_file(folder / name)
    if not is_remote(folder):
        with suppress(OSError):
            folder.rmdir()
            folder.parent.rmdir()


def _lock(store: Store, study: str) -> Path:
    return store.root / "locks" / f"study-{study}"


def _is_fresh(folder: Path) -> bool:
    return max((folder / name).stat().st_mtime for name in find_files(folder)) > time.time() - _DAY_S


def _is_under_way(store: Store, study: str, folder: Path) -> bool:
    if is_remote(store.root):
        return _is_fresh(folder)
    try:
        with locked(_lock(store, study), ""):
            return False
    except StoreError:
        return True
