"""Step 6a: weave results and tables into the mart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.recipe import Recipe
from features.core.store import Store
from features.core.table import write_bytes
from features.images.index import Index
from features.results.mart import Published, publish
from features.tables.patient import PatientTable


@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish_mart(
    store: Store, index: Index, recipes: Sequence[Recipe], tables: Mapping[str, PatientTable]
) -> Published:
    """What the refresh left: every scan used or quarantined, rows per table, kept in refreshes/<cohort>.json."""
    published = publish(store, index.cohort, index.scans, index.quarantined, recipes, tables)
    facts = {**asdict(published), "files": dict(index.files)}
    write_bytes(store.refresh(index.cohort), (json.dumps(facts, indent=1, sort_keys=True) + "\n").encode())
    return published
