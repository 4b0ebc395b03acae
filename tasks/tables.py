"""Step 5: clinical and genomic tables."""

from collections.abc import Mapping
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from features.clinical.table import read_clinical
from features.core.catalog import load_catalog
from features.core.pseudonym import load_key
from features.genomic.table import read_genomic
from features.tables.patient import PatientTable
from tasks.transient import is_transient


@task(
    name="tables",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=3,
    retry_delay_seconds=exponential_backoff(10),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_transient,
)
def read_tables(catalog: Path, cohort: str) -> Mapping[str, PatientTable]:
    """Typed tables of a cohort by block; the genomic one only where the catalog declares one."""
    found = load_catalog(catalog)
    declared, root, key = found.cohort(cohort), found.root(cohort), load_key()
    tables = {"clinical": read_clinical(root, cohort, declared, key)}
    if any(table.block == "genomic" for table in declared.tables):
        tables["genomic"] = read_genomic(root, cohort, declared, key)
    return tables
