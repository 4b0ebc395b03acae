"""A table of features as another program writes one: a row per patient, the outcome beside."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np


def write_features(path: Path, *, patients: int = 24, columns: int = 4, seed: int = 0) -> Path:
    """PatientID, response (yes, no), scanner, and features as pyradiomics names them, of which the first two tell the response."""
    rng = np.random.default_rng(seed)
    names = [f"original_firstorder_{name}" for name in ("Mean", "Range", "Energy", "Entropy")[:columns]]
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["PatientID", "response", "scanner", *names])
        for i in range(patients):
            values = rng.normal(size=columns) + np.where(np.arange(columns) < 2, 1.5 * (i % 2), 0.0)
            rows.writerow(
                [f"P{i:03d}", ["no", "yes"][i % 2], f"Scanner {i % 3}", *(f"{value:.4f}" for value in values)]
            )
    return path
