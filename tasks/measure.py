"""Step 2: check every scan and extract the features that need no device, in one reading of the files of each visit."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.images import IMAGES
from features.core.quarantine import Rejected
from features.core.storage.store import THUMBNAIL
from features.results.known_results import KnownResults
from features.results.measure_visit import Job, Todo, begin_visit, jobs_of, may_follow
from features.results.picture import Drawing, drawings_of
from features.results.scan_name import PICTURE
from features.results.work import Extraction, Plan, Sample
from tasks.running.pool import Pool


@task(name="measure", cache_policy=NO_CACHE, persist_result=False)
def measure_scans(plans: Sequence[Plan], known: KnownResults, pool: Pool, cohort: str) -> list[Plan]:
    """Those of scans that passed; facts, features and rejections are kept in work/, what does not last in `known`."""
    todo = [one for plan in plans if (one := _todo(plan, known)) is not None]
    jobs = jobs_of(todo, _drawings(plans, todo, known))
    measure = partial(begin_visit, store=known.store)
    while jobs:
        found: list[dict[str, Rejected] | Rejected] = pool.map(measure, jobs, f"{cohort}: measure scans")
        pairs = zip(jobs, found, strict=True)
        jobs = [left for job, outcome in pairs if (left := _left(job, outcome, known)) is not None]
    return [plan for plan in plans if known.rejection(plan.check) is None]


def _todo(plan: Plan, known: KnownResults) -> Todo | None:
    """What neither the tables nor work/ hold of a scan; None if they hold it all."""
    check, features = (None, plan.features) if known.knows(plan.check) else (plan.check, plan.features)
    if check is None:
        features = may_follow(features, known.rejection(plan.check))
    todo = {one.address: one for work in features for one in _made_while_open(work, known)}
    return Todo(plan.scan, check, tuple(todo.values())).or_none()


def _made_while_open(work: Extraction, known: KnownResults) -> list[Extraction | Sample]:
    """What of an extraction is made while the image is open: itself, or what its network is shown and is not kept.

    What models that learn are shown has to be there itself, though what was told of it is known.
    """
    if known.knows(work):
        is_there = work.extractor.gives != IMAGES or known.rejection(work) is not None
        return [] if is_there else [one for one in work.samples if not known.is_kept(one)]
    return [one for one in work.samples if not known.has_sample(one)] if work.extractor.batched else [work]


def _drawings(plans: Sequence[Plan], todo: Sequence[Todo], known: KnownResults) -> list[Drawing]:
    """The pictures of images that are checked now, or that no table tells of: they have other ROIs than when they were drawn, or a
    refresh ended after their check was kept."""
    checked = {one.scan.key[:2] for one in todo if one.check}
    scans = known.table("scans")
    told = set(scans[PICTURE].to_pylist()) if scans is not None else set()
    every = drawings_of(plan.check for plan in plans)
    has = partial(known.store.has, THUMBNAIL)
    return [one for one in every if one.image in checked or not (one.address in told or has(one.address))]


def _left(job: Job, outcome: dict[str, Rejected] | Rejected, known: KnownResults) -> Job | None:
    """What is to do yet of a job whose worker was ended; its first result is to blame if it was ended without any."""
    if not isinstance(outcome, Rejected):
        for address, rejected in outcome.items():
            known.lost(address, rejected)
        return None
    left = job.without_kept(known.store)
    if left != job:
        return left
    if job.scans:
        known.lost(job.first(), outcome)
    return job.without_first()
