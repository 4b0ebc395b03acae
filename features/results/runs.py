"""Runs of studies: study.json, written last, says that a run is whole and which files belong to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from features.core.errors import StoreError
from features.core.place import TEMPORARY, find_files, read_bytes
from features.core.seal import check_seal, damaged, json_bytes, read_json
from features.core.table import table_of_bytes

STUDY = "study.json"


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
    """A sentence for each file of a run that is damaged or missing. A withdrawal may have removed its pages."""
    try:
        facts = read_run(folder)
    except StoreError as error:
        return [str(error)]
    names, there = facts.get("files", []), find_files(folder)
    gone = [name for name in names if name not in there and not (facts.get("withdrawn") and name.endswith(".html"))]
    faults = [str(damaged(folder / name, "it is missing")) for name in gone]
    for name in (name for name in there if name in names or not names):
        try:
            check_file(folder / name)
        except StoreError as error:
            faults.append(str(error))
    return faults


def check_file(path: Path) -> bool:
    """Whether a file is sealed; without a seal, its table is read. Raises StoreError if it is missing or damaged."""
    data = read_bytes(path)
    if check_seal(data, path):
        return True
    if path.suffix == ".parquet":
        table_of_bytes(data, path)
    return False
