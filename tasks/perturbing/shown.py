"""What networks are shown of perturbed regions, made on workers, and their features of it, in batches on a device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.extractor import Values
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.storage.store import Store
from features.radiomics.perturb import SPARE_MM, margin_of, perturb
from features.radiomics.stability import Chain, Perturbations
from features.results.attempt import attempt
from features.results.registrations import read_kept
from features.results.samples import LEVELS, Preparing, quantised, reach_of
from features.results.work import Extraction

Views = list[NDArray[np.uint16]]  # what a network is shown of a region, sampling by sampling


class PerturbedViews(NamedTuple):
    """The views of a scan under each chain of perturbations; None where the perturbed region was rejected."""

    work: Extraction
    views: tuple[Views | None, ...]


def show_perturbed(work: Extraction, *, perturbations: Perturbations, store: Store) -> PerturbedViews | Rejected:
    """What the network of a work is shown of its scan under each chain, or why the scan cannot be read."""
    region = attempt(lambda: read_kept(work.scan, store))
    if isinstance(region, Rejected):
        return region
    rng = perturbations.generator(work.address)
    chains = zip(perturbations.chains, rng.spawn(len(perturbations.chains)), strict=True)
    return PerturbedViews(work, tuple(_views(work, region, chain, own) for chain, own in chains))


def extract_perturbed(shown: Sequence[PerturbedViews]) -> list[list[Values] | Rejected]:
    """Features of each scan under each chain, none where there are no views. All are of one extractor, in one batch."""
    extractor = shown[0].work.extractor
    todo = [views for one in shown for views in one.views if views is not None]
    given = [[view.astype(np.float32) / np.float32(LEVELS) for view in views] for views in todo]
    values = iter(extractor.extract_samples(given) if given else ())
    found: list[list[Values] | Rejected] = []
    for one in shown:
        own = [{} if views is None else next(values) for views in one.views]
        found.append([{} if isinstance(each, Rejected) else each for each in own])
    return found


def _views(work: Extraction, region: Region, chain: Chain, rng: np.random.Generator) -> Views | None:
    """The views of a region after a chain of perturbations; None if it is rejected."""
    try:
        shown = [sample.shown for sample in work.samples]
        reach = max(reach_of(region, work.recipe, shown))
        margin = max(margin_of(work.recipe, region.volume.spacing_mm), reach + SPARE_MM)
        changed = perturb(region, chain, rng, margin_mm=margin)
        preparing = Preparing(lambda _: changed, work.samples)
        found = []
        for one in shown:
            prepared = preparing.of(work.scan, work.recipe, one)
            if isinstance(prepared, Rejected):
                return None
            found.append(quantised(one.sampling.sample([prepared], work.recipe, one.shape)))
    except Rejected:
        return None
    return found
