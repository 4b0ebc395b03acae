"""What networks are shown of perturbed regions, made on workers, and their features of it, in batches on a device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.case import Scan
from features.core.kinds.extractor import Values
from features.core.kinds.sampling import Shown
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.storage.store import Store
from features.images.region import check_region
from features.radiomics.perturb import SPARE_MM, margin_of, perturb
from features.radiomics.stability import Chain, Perturbations
from features.results.attempt import attempt
from features.results.registrations import read_kept
from features.results.samples import Preparing, quantised, reach_of
from features.results.work import Extraction

Views = list[NDArray[np.uint16]]  # what a network is shown of a region, sampling by sampling


class PerturbedViews(NamedTuple):
    """The views of a scan under each chain of perturbations; None where the perturbed region was rejected."""

    work: Extraction
    views: tuple[Views | None, ...]


def show_perturbed(work: Extraction, *, perturbations: Perturbations, store: Store) -> PerturbedViews | Rejected:
    """What the network of a work is shown of its scan under each chain, or why an image of it cannot be read.

    Images that are shown together go through the same chains, each by itself: turned and moved alike, with noise and contours of
    its own.
    """
    regions: list[Region] = []
    for scan in work.samples[0].images:
        region = attempt(partial(_readable, scan, store, is_checked=scan is work.scan))
        if isinstance(region, Rejected):
            return region
        regions.append(region)
    rng = perturbations.generator(work.address)
    chains = zip(perturbations.chains, rng.spawn(len(perturbations.chains)), strict=True)
    return PerturbedViews(work, tuple(_views(work, regions, chain, own) for chain, own in chains))


def _readable(scan: Scan, store: Store, *, is_checked: bool) -> Region:
    """A region as it was read. Raises Rejected, also if it does not pass the check that its own scan went through before."""
    region = read_kept(scan, store)
    if not is_checked:
        check_region(region, unit=scan.unit)
    return region


def extract_perturbed(shown: Sequence[PerturbedViews]) -> list[list[Values] | Rejected]:
    """Features of each scan under each chain, none where there are no views. All are of one extractor, in one batch."""
    extractor = shown[0].work.extractor
    todo = [views for one in shown for views in one.views if views is not None]
    values = iter(extractor.extract_samples(todo) if todo else ())
    found: list[list[Values] | Rejected] = []
    for one in shown:
        own = [{} if views is None else next(values) for views in one.views]
        found.append([{} if isinstance(each, Rejected) else each for each in own])
    return found


def _views(work: Extraction, regions: Sequence[Region], chain: Chain, rng: np.random.Generator) -> Views | None:
    """The views of a ROI, on each image that is shown, after a chain of perturbations; None if it is rejected on one."""
    images = work.samples[0].images
    shown = [sample.shown for sample in work.samples]
    lots = (rng, *rng.spawn(len(regions) - 1))
    try:
        changed = [_perturbed(work, *each, chain, shown) for each in zip(regions, lots, strict=True)]
        by_scan = dict(zip(images, changed, strict=True))
        preparing = Preparing(by_scan.__getitem__, work.samples)
        found = []
        for one in shown:
            prepared = [preparing.of(scan, work.recipe, one) for scan in images]
            if any(isinstance(region, Rejected) for region in prepared):
                return None
            own = [region for region in prepared if isinstance(region, Region)]
            found.append(quantised(one.sampling.sample(own, work.recipe, one.shape)))
    except Rejected:
        return None
    return found


def _perturbed(
    work: Extraction, region: Region, rng: np.random.Generator, chain: Chain, shown: Sequence[Shown]
) -> Region:
    reach = max(reach_of(region, work.recipe, shown))
    margin = max(margin_of(work.recipe, region.volume.spacing_mm), reach + SPARE_MM)
    return perturb(region, chain, rng, margin_mm=margin)
