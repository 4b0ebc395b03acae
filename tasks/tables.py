"""Step 5: clinical, genomic and ready-made tables."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.clinical.read_clinical import read_clinical
from features.clinical.read_visits import read_visits
from features.core.catalog.catalog import Cohort, ReadyTable, load_catalog
from features.core.catalog.genomic_source import ExpressionTable, MutationTable
from features.core.code_digest import sources_of
from features.core.digest import digest_bytes, digest_json
from features.core.errors import ConfigError
from features.core.kinds.writer import WRITERS
from features.core.pseudonym import load_key, pseudonym
from features.genomic.read_genomic import read_genomic
from features.images.index.file_cache import FileCache
from features.ready.read_ready import read_ready
from features.results.known_results import KnownResults
from features.results.patients import Tables, days_without, known_tables, torn_patients, without
from features.results.withdraw import withdrawn_cases
from features.tables.outcome_files import outcome_file_faults
from features.tables.patient import PatientTable
from tasks.transient import RETRIED

READERS = {
    "clinical": "features.clinical.read_clinical",
    "genomic": "features.genomic.read_genomic",
    "ready": "features.ready.read_ready",
}


@task(name="tables", cache_policy=NO_CACHE, persist_result=False, **RETRIED)
def read_tables(catalog: Path, cohort: str, known: KnownResults, cache: FileCache) -> Tables:
    """Typed tables of a cohort by block, all but the clinical one only where the catalog declares them.

    They are read now, so that their faults are told before any image is opened; if nothing that decides them changed
    since the newest refresh, they are taken from there, and only if they are needed.
    """
    found = load_catalog(catalog)
    declared, root, key = found.cohort(cohort), found.root(cohort), load_key()
    if faults := outcome_file_faults(root, declared):
        raise ConfigError(faults)
    withdrawn = sorted(withdrawn_cases(known.store))

    def read() -> Mapping[str, PatientTable]:
        return without(_read(declared, root, cohort, key, withdrawn), withdrawn)

    days = days_without(read_visits(root, cohort, declared, key), cohort, withdrawn)
    told = [sorted([*place, day] for place, day in days.days.items())] if declared.visits else []
    address = digest_json([_address(declared, root, cohort, key, cache), withdrawn, *told])
    if known.state is not None and known.state.tables_key == address:
        return Tables(address, lambda: known_tables(known) or read(), days)
    tables = read()
    return Tables(address, lambda: tables, days)


def _read(cohort: Cohort, root: Path, name: str, key: bytes, withdrawn: Sequence[str]) -> Mapping[str, PatientTable]:
    tables = {"clinical": read_clinical(root, name, cohort, key, withdrawn=frozenset(withdrawn))}
    if any(table.block == "genomic" for table in cohort.tables):
        tables["genomic"] = read_genomic(root, name, cohort, key)
    for block in dict.fromkeys(table.block for table in cohort.tables if isinstance(table, ReadyTable)):
        tables[block] = read_ready(root, name, cohort, block, key)
    if faults := torn_patients(name, tables):
        raise ConfigError(faults)
    return tables


def _address(cohort: Cohort, root: Path, name: str, key: bytes, cache: FileCache) -> str:
    """Digest of what decides the tables: their bytes, what the catalog says of them, the readers, the key."""
    files = {path: _digest(root / path, cache) for path in _paths(cohort)}
    parts = {"tables", "variables", "derived", "endpoints", "centres", "timepoints", "id_form"}
    parts |= {"labelled"} if cohort.labelled else set()
    versions = [sources_of(_readers(cohort)).digest, pseudonym(key, name, "")]
    if any(isinstance(table, ExpressionTable) and table.pathways for table in cohort.tables):
        versions.append(version("gseapy"))
    if cohort.labelled:
        versions.append(version("scikit-learn"))
    said = cohort.model_dump(mode="json", include=parts)
    return digest_json({"files": digest_json(files), "said": said, "versions": versions})


def _readers(cohort: Cohort) -> set[str]:
    """Modules that decide what the tables of a cohort mean."""
    found = {READERS["clinical"]}
    if any(table.block == "genomic" for table in cohort.tables):
        found.add(READERS["genomic"])
    found |= {type(derivation).__module__ for derivation in cohort.derived.values()}
    found |= {type(endpoint).__module__ for endpoint in cohort.endpoints.values()}
    if any(isinstance(table, ReadyTable) for table in cohort.tables):
        found |= {READERS["ready"], *WRITERS.modules.values()}
    return found


def _paths(cohort: Cohort) -> list[str]:
    """Every file that the tables of a cohort are read from."""
    found = [table.path for table in cohort.tables]
    for table in cohort.tables:
        if isinstance(table, ExpressionTable) and table.pathways:
            found.append(table.pathways.gmt)
        if isinstance(table, MutationTable) and table.sequenced:
            found.append(table.sequenced.path)
    return found


def _digest(path: Path, cache: FileCache) -> str:
    """sha-256 of a table; of nothing where it cannot be read: the reader then says why."""
    try:
        return cache.digest(path)
    except OSError:
        return digest_bytes(b"")
