"""Step 6a: build the tables of the mart."""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Target
from features.core.kinds.recipe import Recipe
from features.images.index.index_cohort import Index
from features.results.known_results import KnownResults
from features.results.patients import Tables
from features.results.publish import publish
from features.results.published import Published
from features.results.visits import Visits
from features.results.work import Plan


@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish_mart(
    index: Index,
    plans: Sequence[Plan],
    measured: Sequence[tuple[Recipe, Target]],
    tables: Tables,
    known: KnownResults,
    own: Sequence[Recipe],
    visits: Visits,
) -> Published:
    """What the refresh left: every scan used, quarantined or withdrawn, committed as a new refresh if anything changed."""
    return publish(known.store, index, plans, measured, tables, known, own, visits)
