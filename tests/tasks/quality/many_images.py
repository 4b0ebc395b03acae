"""A store of cases with many images and ROIs that were never read: tables as a refresh leaves them, and pictures."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from features.core.column import Column
from features.core.region import Region, Volume
from features.core.storage.store import THUMBNAIL, Store
from features.images.region import REGION_COLUMNS
from features.images.thumbnail import draw_thumbnail
from features.results.manifest import CohortState
from features.results.picture import picture_address
from features.results.prefixes import RESULT
from features.results.schemas import KEY, QUARANTINE, SCANS, WARNINGS
from tests.support.mart import publish_tables

IMAGES = ("adc", "flair", "t1", "t1c", "t2")
ROIS = ("necrosis", "oedema", "tumour")


def many_store(root: Path, patients: int, *, images: Sequence[str] = IMAGES, rois: Sequence[str] = ROIS) -> Store:
    """Patients of the centres A and B. The first has no necrosis (absent), the second no first image, and the oedema of the
    third is rejected in all images. All ROIs are drawn once, so that their volumes are the same in all images.
    """
    store, rng = Store(root), np.random.default_rng(0)
    columns = list(KEY)
    for image in images:
        for roi in rois:
            about = {"modality": "MR", "image": image, "roi": roi}
            prefix = f"region__{image}__{roi}__"
            columns += [replace(one, name=prefix + one.name, **about) for one in REGION_COLUMNS]  # type: ignore[arg-type]
            columns.append(Column(prefix + RESULT, "string", "address", role="fact", **about))
    regions: list[dict[str, Any]] = []
    scans: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    warned: list[dict[str, Any]] = []
    for i in range(patients):
        case, centre = f"trial:p{i:04d}:baseline", "AB"[i % 2]
        place = {"cohort": "trial", "centre": centre, "patient": f"p{i:04d}", "timepoint": "baseline", "lesion": ""}
        row: dict[str, Any] = {"case": case, **place}
        volumes = rng.lognormal(2, 0.5, len(rois))
        for j, image in enumerate(images):
            said = {"cohort": "trial", "centre": centre, "case": case, "modality": "MR", "run": 1, "details": "{}"}
            said |= {"image": image, "stage": "quality", "message": "", "digests": "", "retryable": False}
            if i == 1 and j == 0:
                warned.append({**said, "roi": "", "stage": "index", "code": "IMAGE_ABSENT", RESULT: ""})
                continue
            checks = [f"{(i * len(images) + j) * len(rois) + k:064x}" for k in range(len(rois))]
            picture = picture_address(checks)
            drawn = []
            for k, (roi, check) in enumerate(zip(rois, checks, strict=True)):
                state = "absent" if (i, k) == (0, 0) else "MASK_TINY" if (i, k) == (2, 1) else "used"
                facts = {"modality": "MR", "unit": "arbitrary", "image_files": 1, "reader": "", "picture": picture}
                scans.append({"case": case, "image": image, "roi": roi, **place, **facts, "state": state})
                if state != "used":
                    rows, code = (warned, "ROI_ABSENT") if state == "absent" else (refused, state)
                    rows.append({**said, "roi": roi, "code": code, RESULT: check})
                    continue
                drawn.append(roi)
                numbers = {
                    "voxels": 900, "volume_ml": float(volumes[k]), "intensity_mean": float(rng.normal(100 * (j + 1), 9)),
                    "intensity_sd": float(rng.lognormal(3, 0.2)), "spacing_x_mm": 1.0, "spacing_z_mm": 1.0 + i % 2,
                    "echo_time_ms": 10.0 * (j + 1) + i % 2, "image_mean": float(rng.normal(50, 5)),
                }  # fmt: skip
                words = {"manufacturer": "Maker", "kernel": "", "model": "", RESULT: check}
                row |= {f"region__{image}__{roi}__{name}": value for name, value in {**numbers, **words}.items()}
            store.save(THUMBNAIL, picture, {"png": _png(i % 4, j, tuple(drawn)), "rois": _json(drawn)}, {})
        regions.append(row)
    tables = {"region": (columns, regions), "scans": (SCANS.columns, scans)}
    tables |= {"quarantine": (QUARANTINE.columns, refused), "warnings": (WARNINGS.columns, warned)}
    states = Counter(scan["state"] for scan in scans)
    counts = {"scans": len(scans), "used": states["used"], "absent": states["absent"]}
    counts |= {"quarantined": {"MASK_TINY": len(refused)}, "warned": dict(Counter(row["code"] for row in warned))}
    state = CohortState.model_validate({"key": "1", **counts, "files": {"used": 9}})
    publish_tables(store, "trial", state, tables)
    return store


def _json(words: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


@cache
def _png(seed: int, image: int, rois: tuple[str, ...]) -> str:
    rng = np.random.default_rng(seed)
    z, y, x = np.ogrid[0:1, 0:120, 0:120]
    centre = rng.integers(45, 75, 2)
    away = np.hypot(y - centre[0], x - centre[1]) + 0 * z
    head = np.hypot((y - 60) / 1.2, x - 60) < 45
    array = rng.normal(40, 12, away.shape) * head + head * 60 * (away < 18) * (image - 1) / 3
    masks = {"necrosis": away < 6, "tumour": away < 13, "oedema": away < 22}
    regions = [Region(Volume(array, (1.0, 1.0, 1.0)), masks.get(roi, away < 8 + 2 * i)) for i, roi in enumerate(rois)]
    return base64.b64encode(draw_thumbnail(regions, "MR")).decode()
