"""The extraction step: features of one recipe and extractor for scans that passed the check."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from math import prod

from features.core.kinds.extractor import Extractor, Values
from features.core.kinds.sampling import Pixels
from features.core.quarantine import TRANSIENT, Rejected, Warned
from features.core.region import Region
from features.core.storage.place import is_remote
from features.core.storage.store import Result, Store
from features.core.versions import kernel
from features.results.attempt import attempt
from features.results.samples import Shows, load_samples
from features.results.work import Extraction, scan_facts

AT_ONCE = 32  # scans whose samples an extractor gets together
LEAST = 8  # the same of the last parts, which are smaller, for they wait for nobody
BYTES = 2**28  # of their samples at most
COMPUTING = 2  # parts at a time: while one is given to the device, what came of the other is put into its places
THREADS = 8  # at most, that read and keep: more than processors only where a network is waited for
Samples = Sequence[Pixels]  # what an extractor is shown of a region


def extract_scans(works: Sequence[Extraction], store: Store) -> list[Rejected | None]:
    """Extract and keep the features, or the rejection, of each scan; returns, scan by scan, a rejection that is not kept.

    All are of one recipe and extractor, which gets the samples of AT_ONCE scans at a time, fewer if they are large. If it
    fails, it gets them one at a time, which finds the bad one. While it works, threads read the next samples and keep the
    features before: whoever computes does not wait for disks.
    """
    extractor, settings = works[0].extractor, _settings(works[0])
    many = THREADS if is_remote(store.root) else min(THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(many, "radweave") as threads, ThreadPoolExecutor(COMPUTING, "compute") as computing:

        def read(part: Sequence[Extraction]) -> list[Future[list[Shows | Rejected]]]:
            few = -(-len(part) // many)
            groups = [part[start : start + few] for start in range(0, len(part), few)]
            return [
                threads.submit(lambda group: [load_samples(one, store) for one in group], group) for group in groups
            ]

        def compute(
            part: Sequence[Extraction], coming: list[Future[list[Shows | Rejected]]]
        ) -> Future[list[Rejected | None]]:
            samples = [one for group in coming for one in group.result()]
            values = iter(_values([one.views for one in samples if not isinstance(one, Rejected)], extractor))
            results = [(one, []) if isinstance(one, Rejected) else (next(values), one.warnings) for one in samples]
            return threads.submit(_keep, part, store, results, settings)

        under_way: deque[Future[Future[list[Rejected | None]]]] = deque()
        keeping: list[Future[list[Rejected | None]]] = []
        for part in _parts(works):
            if len(under_way) > COMPUTING:  # one more waits with its samples in memory
                keeping.append(under_way.popleft().result())
            listening = copy_context()  # who listens hears threads too
            under_way.append(computing.submit(listening.run, compute, part, read(part)))
        keeping += [one.result() for one in under_way]
        return [outcome for kept in keeping for outcome in kept.result()]


def _parts(works: Sequence[Extraction]) -> list[Sequence[Extraction]]:
    """Works whose samples are in memory together."""
    shapes = [one.shown.shape for one in works[0].samples]
    each = 2 * sum(one.channels * prod(one.size) for one in shapes)
    most = max(1, min(AT_ONCE, BYTES // max(1, each)))
    parts: list[Sequence[Extraction]] = []
    done = 0
    while done < len(works):
        count = min(most, max(LEAST, (len(works) - done) // (2 * COMPUTING)))
        parts.append(works[done : done + count])
        done += count
    return parts


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
    result = (
        region if isinstance(region, Rejected) else attempt(lambda: dict(work.extractor.extract(region, work.recipe)))
    )
    warnings = () if isinstance(region, Rejected) else region.warnings
    if isinstance(result, Rejected) and result.code in TRANSIENT:
        return result
    store.save(*_result(work, result, warnings, _settings(work)))
    return None


def _keep(
    works: Sequence[Extraction],
    store: Store,
    results: Sequence[tuple[Values | Rejected, Sequence[Warned]]],
    settings: Mapping[str, str],
) -> list[Rejected | None]:
    """Keep results and what was noticed; gives, one by one, a rejection that is not kept."""
    passing = [one if isinstance(one, Rejected) and one.code in TRANSIENT else None for one, _ in results]
    whole = zip(works, results, passing, strict=True)
    store.save_together([_result(work, *found, settings) for work, found, passes in whole if passes is None])
    return passing


def _result(
    work: Extraction, result: Values | Rejected, warnings: Sequence[Warned], settings: Mapping[str, str]
) -> Result:
    """What is kept of a work."""
    provenance = {**scan_facts(work.scan), **settings}
    if work.samples:
        provenance["samples"] = " ".join(one.address for one in work.samples)
    return Result(work.block, work.address, result, provenance, () if isinstance(result, Rejected) else warnings)


def _settings(work: Extraction) -> dict[str, str]:
    """What is kept of how features were made, the same for all scans of a recipe and extractor."""
    return {
        "recipe": work.recipe.model_dump_json(exclude={"name", "extractors"}),
        "extractor": json.dumps(work.extractor.model_dump(mode="json"), sort_keys=True),
        "version": work.extractor.version,
        "kernel": kernel(),
    }
