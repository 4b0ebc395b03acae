"""scored_cases: to which cases of a cohort a saved model has given a score, as the folders of its scores say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from features.core.errors import StoreError
from features.core.storage.place import find_files
from features.core.storage.store import Store
from features.core.storage.table import column_names, read_table
from features.results.runs import STUDY, read_run

SCORED = "scored"  # the state of a case that has a prediction
PREDICTIONS = "predictions.parquet"


def score_folders(store: Store, cohort: str = "") -> list[tuple[Path, dict[str, Any]]]:
    """Folders of scores that came to their end, of one cohort or all, with what they say, the oldest first; no damaged one."""
    root = store.root / "scores"
    names = (name for name in find_files(root) if name.endswith(f"/{STUDY}") and name.count("/") == 2)
    paths = [root / name for name in names if cohort in ("", name.split("/")[0])]
    found = []
    for path in sorted(paths, key=lambda path: path.stat().st_mtime):
        try:
            found.append((path.parent, read_run(path.parent)))
        except StoreError:
            continue  # `radweave verify` names it; its cases are scored again
    return found


def scored_cases(store: Store, cohort: str, model: str) -> set[tuple[str, str]]:
    """Case and digest of what the model was given of it. model: digest. Damaged ones, and those of old radweaves, do not count."""
    return {(row["case"], row["inputs"]) for _, row in _rows(store, cohort, model)}


def newest_scores(store: Store, cohort: str, model: str) -> dict[str, tuple[Path, dict[str, Any]]]:
    """Case → the folder of its newest prediction by a model, and its row there."""
    return {row["case"]: (folder, row) for folder, row in _rows(store, cohort, model)}


def _rows(store: Store, cohort: str, model: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    for folder, facts in score_folders(store, cohort):
        if facts.get("digest") != model:
            continue
        try:
            if "inputs" in column_names(folder / PREDICTIONS):
                table = read_table(folder / PREDICTIONS)
                yield from ((folder, row) for row in table.to_pylist() if row["state"] == SCORED)
        except StoreError:
            continue
