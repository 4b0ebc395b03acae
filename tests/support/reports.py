"""Reports of made-up patients: tables of labels by hand, of texts with a name and a number, and of a column that tells a little."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.catalog import cohort_of, write_catalog

SURNAME, NUMBER = "Quillfeather", "47Q11"
VARIABLES = {
    "bled": {"type": "flag", "description": "blood", "role": "outcome"},
    "age": {"type": "number", "description": "age", "unit": "years"},
}
CODES = {"age": "age", "bled": {"from": "bled", "codes": {"yes": True, "no": False}}}
FOUND, NOT_FOUND = ("acute blood is seen", "new haematoma, likely blood"), ("no blood", "no acute blood, no mass")
Patient = dict[str, str]


def is_bleeding(i: int) -> bool:
    """The truth of patient i."""
    return (i * 7) % 11 < 5


def patients(n: int = 60, by_hand: int = 40) -> list[Patient]:
    """The first ones labelled by hand. Names and numbers of their own, and a reader who signs all."""
    found = []
    for i in range(n):
        bled = is_bleeding(i)
        said = (FOUND if bled else NOT_FOUND)[i % 2]
        text = f"Patient {i} MRN {NUMBER}{i}, asked for blood. CT: {said}. Signed {SURNAME}."
        found.append(
            {"id": f"P{i}", "age": f"{40 + i}", "bled": ("no", "yes")[bled] if i < by_hand else "", "text": text}
        )
    return found


def declared(folder: Path, rows: list[Patient], encoding: str = "utf-8", **settings: Any) -> Path:
    """The catalog of a cohort `demo`, whose outcome `blood` is read out of the block `notes`; settings are its keys."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(5)
    values = [f"{rng.normal() + 1.2 * is_bleeding(i):.4f}" for i in range(len(rows))]
    tables: dict[str, list[list[str]]] = {
        "clinical": [["id", "age", "bled"], *([row["id"], row["age"], row["bled"]] for row in rows)],
        "reports": [["id", "text"], *([row["id"], row["text"]] for row in rows)],
        "features": [["id", "f1"], *([row["id"], value] for row, value in zip(rows, values, strict=True))],
    }
    for name, cells in tables.items():
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows(cells)
    sources = [
        {"block": "clinical", "path": "clinical.csv", "id": "id", "columns": CODES},
        {"block": "notes", "path": "reports.csv", "id": "id", "type": "text", "encoding": encoding},
        {"block": "measured", "path": "features.csv", "id": "id"},
    ]
    labelled = {"blood": {"by_hand": "bled", "texts": "notes", **settings}}
    endpoints = {"blood": {"kind": "binary", "column": "blood"}}
    own = cohort_of(variables=VARIABLES, tables=sources, labelled=labelled, endpoints=endpoints)
    return write_catalog(folder, demo=own)
