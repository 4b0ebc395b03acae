"""Samples: what networks are shown of regions, made once while an image is open, kept, and read in batches."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.case import Scan
from features.core.errors import DamagedError
from features.core.kinds.recipe import Recipe
from features.core.kinds.sampling import LEVELS, Pixels, Shown
from features.core.quarantine import TRANSIENT, Rejected, Warned
from features.core.region import Region, Vector
from features.core.storage.store import Store
from features.images.prepare import NOWHERE, least_padding_mm, prepare_region
from features.images.region import check_region
from features.results.attempt import attempt
from features.results.work import Extraction, Sample, Work, scan_facts

ROUNDING = 1e-4  # by which sums of single precision leave [0, 1]


class Preparing:
    """Prepared regions of one scan after the other, each made once for all that is measured of it, and once for all that is shown.

    works: what is to do, so that the samples of a scan share one region that reaches as far as the one that looks farthest.
    """

    def __init__(self, region_of: Callable[[Scan], Region | Rejected], works: Iterable[Work] = ()) -> None:
        self._region_of = region_of
        self._shown: dict[tuple[Scan, str], list[Shown]] = {}
        for work in works:
            if isinstance(work, Sample):
                for scan in work.images:
                    self._shown.setdefault((scan, work.recipe.digest()), []).append(work.shown)
        self._of: tuple[Scan, str] | None = None
        self._made: dict[Vector, Region | Rejected] = {}

    def read(self, scan: Scan) -> Region | Rejected:
        """The region as its files have it, or why there is none."""
        return self._region_of(scan)

    def fault(self, scan: Scan) -> Rejected | None:
        """Why an image that is shown beside another does not pass its own check; None if it does."""
        region = self._region_of(scan)
        found = region if isinstance(region, Rejected) else attempt(lambda: check_region(region, unit=scan.unit))
        return found if isinstance(found, Rejected) else None

    def of(self, scan: Scan, recipe: Recipe, shown: Shown | None = None) -> Region | Rejected:
        """The prepared region for extractors that measure it, or for a sampling, or why there is none."""
        if self._of != (key := (scan, recipe.digest())):
            self._of, self._made = key, {}
        region = self._region_of(scan)
        if isinstance(region, Rejected):
            return region
        together = [] if shown is None else self._shown.get(key, [shown])
        if shown is not None and region.volume.padding is not None:
            # padding is continued as far as the region reaches, and a view must not depend on others
            together = [shown]
        reach = attempt(lambda: reach_of(region, recipe, together))
        if isinstance(reach, Rejected):
            return reach
        if reach not in self._made:
            self._made[reach] = attempt(lambda: prepare_region(region, recipe, reach_mm=reach))
        return self._made[reach]


def reach_of(region: Region, recipe: Recipe, shown: Sequence[Shown]) -> Vector:
    """How far beyond the ROI (x, y, z), in mm, a region must be prepared for samplings; 0 where it is anyway. Raises Rejected."""
    if not shown:
        return NOWHERE
    if not region.shape_mask.any():
        raise Rejected("MASK_EMPTY")
    further, (sx, sy, sz) = recipe.roi.reach_mm, region.volume.spacing_mm
    z, y, x = ((part.stop - part.start) for part in bounding_box(region.shape_mask))
    extent = (x * sx + 2 * further, y * sy + 2 * further, z * sz + 2 * further)
    spacing = recipe.spacing_of(region.volume.spacing_mm)
    reaches = [one.sampling.reach_mm(extent, spacing, one.shape) for one in shown]
    farthest = [max(one) + further for one in zip(*reaches, strict=True)]
    anyway = least_padding_mm(recipe, region.volume.spacing_mm)
    x, y, z = (0.0 if one <= there else one for one, there in zip(farthest, anyway, strict=True))
    return x, y, z


def keep_sample(work: Sample, preparing: Preparing, store: Store) -> Rejected | None:
    """Make and keep what networks are shown of a scan, or why there is nothing; returns a rejection that is not kept."""
    if store.has(work.block, work.address):  # another recipe may show the same
        return None
    views = _views(work, preparing)
    provenance = {
        **scan_facts(work.scan),
        "recipe": work.recipe.model_dump_json(exclude={"name", "extractors"}),
        "sampling": json.dumps(work.shown.sampling.model_dump(mode="json"), sort_keys=True),
        "shown_as": json.dumps(asdict(work.shown.shape), sort_keys=True),
        "version": work.shown.sampling.version,
    }
    if not isinstance(views, Rejected):
        store.save_array(work.block, work.address, views[0], provenance, views[1])
    elif views.code in TRANSIENT:
        return views
    else:
        store.save(work.block, work.address, views, provenance)
    return None


def _views(work: Sample, preparing: Preparing) -> tuple[NDArray[np.uint16], tuple[Warned, ...]] | Rejected:
    """The views, and what was noticed while the regions were prepared."""
    regions: list[Region] = []
    for scan in work.images:
        if scan is not work.scan and (fault := preparing.fault(scan)) is not None:
            return fault
        region = preparing.of(scan, work.recipe, work.shown)
        if isinstance(region, Rejected):
            return region
        regions.append(region)
    sampling, shape = work.shown
    views = attempt(lambda: quantised(sampling.sample(regions, work.recipe, shape)))
    if isinstance(views, Rejected):
        return views
    return views, (*(one for region in regions for one in region.warnings), *sampling.noticed(regions, shape))


def quantised(views: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Views as they are kept: whole numbers from 0 to LEVELS. Raises ValueError if they leave [0, 1]."""
    if not (math.isfinite(low := float(views.min())) and low >= -ROUNDING and float(views.max()) <= 1 + ROUNDING):
        raise ValueError("a view is not within [0, 1]")
    return np.rint(np.clip(views, 0.0, 1.0) * LEVELS).astype(np.uint16)


class Shows(NamedTuple):
    """What a network is shown of a region, sampling by sampling, and what was noticed while it was made."""

    views: list[Pixels]
    warnings: list[Warned]


def load_samples(work: Extraction, store: Store) -> Shows | Rejected:
    """What the extractor of a work is shown, as it is kept, or why there is nothing. Raises StoreError if it is damaged."""
    found = Shows([], [])
    for one in work.samples:
        try:
            kept = store.load_array(one.block, one.address)
        except DamagedError:
            if store.has(one.block, one.address):
                raise
            return Rejected("WORKER_LOST")
        if isinstance(kept, Rejected):
            return kept
        found.views.append(kept[0])
        found.warnings.extend(warned for warned in kept[1] if warned not in found.warnings)
    return found
