"""Step 1: find the scans of a cohort."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.catalog.catalog import load_catalog
from features.core.progress import tell
from features.core.pseudonym import load_key
from features.images.index.file_cache import FileCache
from features.images.index.index_cohort import Index, index_cohort
from tasks.transient import RETRIED


@task(name="index", cache_policy=NO_CACHE, persist_result=False, **RETRIED)
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
