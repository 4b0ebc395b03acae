"""Step 2: check every scan and extract the features that need no device, in one reading of its files."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.results.build_tables import fits
from features.results.check_scan import BLOCK, check_address
from features.results.extract_scans import extract_address
from features.results.known_results import KnownResults
from features.results.measure_scan import Job, measure_scan
from features.results.prefixes import feature_prefix, region_prefix
from tasks.running.pool import Pool


@task(name="measure", cache_policy=NO_CACHE, persist_result=False)
def measure_scans(
    scans: Sequence[Scan], recipes: Sequence[Recipe], known: KnownResults, pool: Pool, cohort: str
) -> list[Scan]:
    """The scans that passed; facts, features and rejections are kept in work/, what does not last in `known`."""
    jobs = [job for scan in scans if (job := _job(scan, recipes, known)) is not None]
    while jobs:
        found = pool.map(partial(measure_scan, store=known.store), jobs, f"{cohort}: measure scans")
        pairs = zip(jobs, found, strict=True)
        jobs = [left for job, outcome in pairs if (left := _left(job, outcome, known)) is not None]
    return [s for s in scans if known.rejection(BLOCK, region_prefix(s.modality), check_address(s)) is None]


def _job(scan: Scan, recipes: Sequence[Recipe], known: KnownResults) -> Job | None:
    """What neither the tables nor work/ hold of a scan; None if they hold it all."""
    place = BLOCK, region_prefix(scan.modality), check_address(scan)
    check = not known.knows(*place)
    if not check and known.rejection(*place) is not None:
        return None
    pairs = [(recipe, one) for recipe in recipes if fits(scan, recipe) for one in recipe.extractors if not one.batched]
    todo = [
        (recipe, one)
        for recipe, one in pairs
        if not known.knows(one.block, feature_prefix(recipe, one.kind), extract_address(scan, recipe, one))
    ]
    return Job(scan, check, tuple(todo)).or_none()


def _left(job: Job, outcome: dict[str, Rejected] | Rejected, known: KnownResults) -> Job | None:
    """What is to do yet of a job whose worker was ended; its first result is to blame if it was ended without any."""
    if not isinstance(outcome, Rejected):
        for address, rejected in outcome.items():
            known.lost(address, rejected)
        return None
    left = job.without_kept(known.store)
    if left != job:
        return left
    known.lost(job.first(), outcome)
    return job.without_first()
