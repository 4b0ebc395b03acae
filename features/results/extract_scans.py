"""The extraction step: features of one recipe and extractor for scans that passed the check."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.extractor import Extractor, Values
from features.core.quarantine import TRANSIENT, Rejected, Warned
from features.core.region import Region
from features.core.storage.store import Store
from features.core.versions import kernel
from features.results.attempt import attempt
from features.results.samples import load_samples
from features.results.work import Extraction, scan_facts

Samples = Sequence[NDArray[np.float32]]  # what an extractor is shown of a region


def extract_scans(works: Sequence[Extraction], store: Store) -> list[Rejected | None]:
    """Extract and keep the features, or the rejection, of each scan; returns, scan by scan, a rejection that is not kept.

    All are of one recipe and extractor, which gets the samples of all at once: the caller chooses how many fit into memory.
    If it fails, it gets them one at a time, which finds the bad one.
    """
    extractor = works[0].extractor
    samples = [load_samples(one, store) for one in works]
    together = [one.views for one in samples if not isinstance(one, Rejected)]
    batch = attempt(lambda: _together(together, extractor)) if together else []
    if isinstance(batch, Rejected):
        single = [attempt(lambda one=one: _together([one], extractor)) for one in together]  # type: ignore[misc]
        batch = [one if isinstance(one, Rejected) else one[0] for one in single]
    values = iter(batch)
    return [
        _keep(work, store, one) if isinstance(one, Rejected) else _keep(work, store, next(values), one.warnings)
        for work, one in zip(works, samples, strict=True)
    ]


def extract_region(work: Extraction, region: Region | Rejected, store: Store) -> Rejected | None:
    """Extract and keep the features of a prepared region, or why there are none; returns a rejection that is not kept.

    What preparation noticed is kept with the features.
    """
    if isinstance(region, Rejected):
        return _keep(work, store, region)
    result = attempt(lambda: dict(work.extractor.extract(region, work.recipe)))
    return _keep(work, store, result, region.warnings)


def _together(samples: Sequence[Samples], extractor: Extractor) -> Sequence[Values | Rejected]:
    """Features of each region. A GPU that is full gets half as many at once, down to one, which then is a MemoryError."""
    try:
        return extractor.extract_samples(samples)
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch's, which is not imported for its name
            raise
        if len(samples) == 1:
            raise MemoryError("the GPU") from error
    half = len(samples) // 2
    return [*_together(samples[:half], extractor), *_together(samples[half:], extractor)]


def _keep(
    work: Extraction, store: Store, result: Values | Rejected, warnings: Sequence[Warned] = ()
) -> Rejected | None:
    if isinstance(result, Rejected) and result.code in TRANSIENT:
        return result
    provenance = {
        **scan_facts(work.scan),
        "recipe": work.recipe.model_dump_json(exclude={"name", "extractors"}),
        "extractor": json.dumps(work.extractor.model_dump(mode="json"), sort_keys=True),
        "version": work.extractor.version,
        "kernel": kernel(),
    }
    if work.samples:
        provenance["samples"] = " ".join(one.address for one in work.samples)
    said = () if isinstance(result, Rejected) else warnings
    store.save(work.block, work.address, result, provenance, said)
    return None
