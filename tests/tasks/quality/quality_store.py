"""A store of a cohort whose scans were never read: tables as a refresh leaves them, and one thumbnail for all."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from features.core.column import Column
from features.core.region import Region, Volume
from features.core.storage.store import THUMBNAIL, Store
from features.images.region import REGION_COLUMNS
from features.images.thumbnail import draw_thumbnail
from features.results.build_tables import RESULT
from features.results.manifest import CohortState
from features.results.schemas import KEY, QUARANTINE, SCANS, WARNINGS
from tests.support.mart import publish_tables

PREFIX = "region__ct__"
CT = {"modality": "CT", "image": "CT", "roi": "roi"}


def quality_store(root: Path, scans: int, *, drawn: bool = True, kernel: str = "B30f") -> Store:
    """`scans` CT scans in the centres A, B and C, of which the first has another slice spacing, the second a warning, and
    the last was rejected. Every thirtieth kernel is `kernel`, the others are B40f.
    """
    store, rng = Store(root), np.random.default_rng(0)
    cases = [f"trial:p{i:04d}:baseline" for i in range(scans)]
    centres = ["ABC"[i % 3] for i in range(scans)]
    keys = [
        {"case": case, "cohort": "trial", "centre": centre, "patient": case.split(":")[1], "timepoint": "baseline"}
        for case, centre in zip(cases, centres, strict=True)
    ]
    columns = (
        *KEY,
        *(_renamed(column) for column in REGION_COLUMNS),
        Column(PREFIX + RESULT, "string", "address", role="fact", modality="CT", image="CT", roi="roi"),
    )
    regions = []
    for i, key in enumerate(keys[:-1]):
        numbers = {
            "voxels": 1000, "volume_ml": float(rng.lognormal(3, 0.5)), "intensity_mean": float(rng.normal(40, 5)),
            "intensity_sd": float(rng.lognormal(3, 0.2)), "spacing_x_mm": 0.8, "spacing_y_mm": 0.8,
            "spacing_z_mm": 9.0 if i == 0 else 2.5, "slice_thickness_mm": 1.0 + i % 3, "kvp": 120.0,
        }  # fmt: skip
        words = {"manufacturer": "Maker", "kernel": kernel if i % 30 == 0 else "B40f", "model": ""}
        facts = {**numbers, **words, RESULT: f"{i:064x}"}
        regions.append({**key, "lesion": "", **{PREFIX + name: value for name, value in facts.items()}})
    said = {"cohort": "trial", **CT, "stage": "quality", "run": 1, "details": "{}", "files": 2, "bytes": 9}
    said |= {"message": "SECRET message", "digests": "", "retryable": False}
    refused = [{**said, "case": cases[-1], "centre": centres[-1], "code": "MASK_TINY", RESULT: f"{scans - 1:064x}"}]
    doubts = [
        {**said, "case": cases[1], "centre": centres[1], "code": "TAB_MISSING", "stage": "tables", RESULT: f"{1:064x}"}
    ]
    rows = [
        {**key, "lesion": "", **CT, "unit": "HU", "reader": "", "state": "used", "image_files": 1} for key in keys[:-1]
    ]
    rows.append({**keys[-1], "lesion": "", **CT, "unit": "HU", "reader": "", "state": "MASK_TINY", "image_files": 1})
    tables = {"region": (columns, regions), "scans": (SCANS.columns, rows)}
    tables |= {"quarantine": (QUARANTINE.columns, refused), "warnings": (WARNINGS.columns, doubts)}
    facts = {"scans": scans, "used": scans - 1, "quarantined": {"MASK_TINY": 1}, "warned": {"TAB_MISSING": 1}}
    state = CohortState.model_validate({"key": "1", **facts, "files": {"used": 2 * scans, "ignored_type": 3}})
    publish_tables(store, "trial", state, tables)
    for i in range(scans if drawn else 0):
        store.save(THUMBNAIL, f"{i:064x}", {"png": _png(i % 5)}, {})
    return store


def _renamed(column: Column) -> Column:
    return replace(column, name=PREFIX + column.name, modality="CT", image="CT", roi="roi")


@cache
def _png(seed: int) -> str:
    array = np.random.default_rng(seed).normal(40, 80, (1, 100, 100))
    mask = np.zeros(array.shape, bool)
    mask[0, 30:60, 40:70] = True
    return base64.b64encode(draw_thumbnail([Region(Volume(array, (1.0, 1.0, 1.0)), mask)], "CT")).decode()
