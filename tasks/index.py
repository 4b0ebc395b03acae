"""Step 1: find the scans of a cohort."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from features.core.catalog import load_catalog
from features.core.progress import tell
from features.core.pseudonym import load_key
from features.images.file_cache import FileCache
from features.images.index import Index, index_cohort
from tasks.transient import is_transient


@task(
    name="index",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=3,
    retry_delay_seconds=exponential_backoff(10),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_transient,
)
def index_scans(
    catalog: Path, cohort: str, cache: FileCache, *, rehash: bool = False, withdrawn: frozenset[str] = frozenset()
) -> Index:
    """Scans and index rejections of a cohort; paths of files stay in memory and are never stored.

    What was learned of the files, those of the tables too, is kept for the next refresh.
    """
    found = index_cohort(
        load_catalog(catalog), cohort, load_key(), progress=tell, cache=cache, rehash=rehash, withdrawn=withdrawn
    )
    cache.save()
    return found
