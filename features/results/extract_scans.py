"""The extraction step: features of one recipe and extractor for scans that passed the check."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from math import prod

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.extractor import Extractor, Values
from features.core.quarantine import TRANSIENT, Rejected, Warned
from features.core.region import Region
from features.core.storage.store import Store
from features.core.versions import kernel
from features.results.attempt import attempt
from features.results.samples import Shows, load_samples
from features.results.work import Extraction, scan_facts

AT_ONCE = 32  # scans whose samples an extractor gets together
BYTES = 2**28  # of their samples at most
THREADS = 8  # that read and keep
Samples = Sequence[NDArray[np.float32]]  # what an extractor is shown of a region


def extract_scans(works: Sequence[Extraction], store: Store) -> list[Rejected | None]:
    """Extract and keep the features, or the rejection, of each scan; returns, scan by scan, a rejection that is not kept.

    All are of one recipe and extractor, which gets the samples of AT_ONCE scans at a time, fewer if they are large. If it
    fails, it gets them one at a time, which finds the bad one. While it works, threads read the next samples and keep the
    features before: whoever computes does not wait for disks.
    """
    extractor, parts, settings = works[0].extractor, _parts(works), _settings(works[0])
    keeping: list[Future[Rejected | None]] = []
    with ThreadPoolExecutor(THREADS, "radweave") as threads:

        def read(part: Sequence[Extraction]) -> list[Future[Shows | Rejected]]:
            return [threads.submit(load_samples, one, store) for one in part]

        coming = read(parts[0])
        for place, part in enumerate(parts):
            samples = [one.result() for one in coming]
            coming = read(parts[place + 1]) if place + 1 < len(parts) else []
            values = iter(_values([one.views for one in samples if not isinstance(one, Rejected)], extractor))
            for work, one in zip(part, samples, strict=True):
                result, said = (one, []) if isinstance(one, Rejected) else (next(values), one.warnings)
                keeping.append(threads.submit(_keep, work, store, result, said, settings))
        return [one.result() for one in keeping]


def _parts(works: Sequence[Extraction]) -> list[Sequence[Extraction]]:
    """Works whose samples are in memory together."""
    shapes = [one.shown.shape for one in works[0].samples]
    each = 4 * sum(one.channels * prod(one.size) for one in shapes)
    count = max(1, min(AT_ONCE, BYTES // max(1, each)))
    return [works[start : start + count] for start in range(0, len(works), count)]


def _values(samples: Sequence[Samples], extractor: Extractor) -> Sequence[Values | Rejected]:
    """Features of each region, or why there are none."""
    if not samples:
        return []
    found = attempt(lambda: extractor.extract_samples(samples))
    if not isinstance(found, Rejected):
        return found
    single = [attempt(lambda one=one: extractor.extract_samples([one])) for one in samples]  # type: ignore[misc]
    return [one if isinstance(one, Rejected) else one[0] for one in single]


def extract_region(work: Extraction, region: Region | Rejected, store: Store) -> Rejected | None:
    """Extract and keep the features of a prepared region, or why there are none; returns a rejection that is not kept.

    What preparation noticed is kept with the features.
    """
    if isinstance(region, Rejected):
        return _keep(work, store, region, (), _settings(work))
    result = attempt(lambda: dict(work.extractor.extract(region, work.recipe)))
    return _keep(work, store, result, region.warnings, _settings(work))


def _keep(
    work: Extraction,
    store: Store,
    result: Values | Rejected,
    warnings: Sequence[Warned],
    settings: Mapping[str, str],
) -> Rejected | None:
    if isinstance(result, Rejected) and result.code in TRANSIENT:
        return result
    provenance = {**scan_facts(work.scan), **settings}
    if work.samples:
        provenance["samples"] = " ".join(one.address for one in work.samples)
    said = () if isinstance(result, Rejected) else warnings
    store.save(work.block, work.address, result, provenance, said)
    return None


def _settings(work: Extraction) -> dict[str, str]:
    """What is kept of how features were made, the same for all scans of a recipe and extractor."""
    return {
        "recipe": work.recipe.model_dump_json(exclude={"name", "extractors"}),
        "extractor": json.dumps(work.extractor.model_dump(mode="json"), sort_keys=True),
        "version": work.extractor.version,
        "kernel": kernel(),
    }
