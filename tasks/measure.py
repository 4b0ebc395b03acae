"""Step 2: check every scan and extract the features that need no device, in one reading of its files."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.quarantine import Rejected
from features.results.known_results import KnownResults
from features.results.measure_scan import Job, measure_scan
from features.results.work import Plan
from tasks.running.pool import Pool


@task(name="measure", cache_policy=NO_CACHE, persist_result=False)
def measure_scans(plans: Sequence[Plan], known: KnownResults, pool: Pool, cohort: str) -> list[Plan]:
    """Those of scans that passed; facts, features and rejections are kept in work/, what does not last in `known`."""
    jobs = [job for plan in plans if (job := _job(plan, known)) is not None]
    while jobs:
        found = pool.map(partial(measure_scan, store=known.store), jobs, f"{cohort}: measure scans")
        pairs = zip(jobs, found, strict=True)
        jobs = [left for job, outcome in pairs if (left := _left(job, outcome, known)) is not None]
    return [plan for plan in plans if known.rejection(plan.check) is None]


def _job(plan: Plan, known: KnownResults) -> Job | None:
    """What neither the tables nor work/ hold of a scan; None if they hold it all."""
    check = None if known.knows(plan.check) else plan.check
    if check is None and known.rejection(plan.check) is not None:
        return None
    todo = tuple(work for work in plan.features if not work.extractor.batched and not known.knows(work))
    return Job(plan.scan, check, todo).or_none()


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
