"""Step 7 of a study that predicts nothing: measure every effect."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.catalog.catalog import Catalog
from features.core.design import Design
from features.core.errors import MachineError
from features.core.quarantine import Rejected
from features.core.storage.table import write_table
from features.fusion.seen import read_seen
from features.results.manifest import Mart
from features.results.schemas import ASSOCIATION_TABLES
from tasks.modelling.association.associate import associate
from tasks.modelling.association.result import AssociationResult
from tasks.modelling.association.study import AssociationStudy
from tasks.modelling.association.unit import Measured, Unit, run_unit
from tasks.modelling.association.variable import variable_of
from tasks.running.pool import Pool


@task(name="associate", cache_policy=NO_CACHE, persist_result=False)
def measure_associations(
    design: Design,
    study: AssociationStudy,
    mart: Mart,
    catalog: Catalog,
    folder: Path,
    pool: Pool,
    writing: Callable[[], AbstractContextManager[None]],
) -> AssociationResult:
    """Every effect with its interval and corrected p, kept as Parquet in the study's folder.

    writing: is held while the tables are read and written; it may refuse.
    """
    with writing():
        variables = [variable_of(read_seen(mart, catalog, study.cohorts, word, design)) for word in study.variables]

    def map_units(_: Callable[[Unit], list[Measured]], units: Iterable[Unit]) -> list[list[Measured]]:
        found = []
        for one in pool.map(run_unit, units, f"{study.name}: effects"):
            if isinstance(one, Rejected):
                raise MachineError(f"study {study.name}: {one} while measuring; use fewer --workers, or more --memory")
            found.append(one)
        return found

    result = associate(design, study, variables, map_units=map_units)
    frames = {
        "associations": result.associations_table(),
        "associations_by_centre": result.by_centre_table(),
        "claims": result.claims_table(),
    }
    with writing():
        for schema in ASSOCIATION_TABLES:
            table = pa.Table.from_pandas(frames[schema.name], schema=schema.arrow, preserve_index=False)
            write_table(folder / f"{schema.name}.parquet", table, {"study": study.name, "digest": result.digest})
    return result
