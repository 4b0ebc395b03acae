"""Step 7: fit and evaluate."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.design import Design
from features.core.errors import MachineError
from features.core.quarantine import Rejected
from features.core.storage.table import write_table
from features.results.schemas import STUDY_TABLES
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.evaluation.unit import Unit
from tasks.running.pool import Pool


@task(name="fit", cache_policy=NO_CACHE, persist_result=False)
def fit_models(
    design: Design,
    study: Study,
    folder: Path,
    pool: Pool,
    writing: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> StudyResult:
    """Scores, out-of-fold predictions and selected features, kept as Parquet in the study's folder.

    `writing()` is held while they are written: it may refuse.
    """

    def map_units(function: Callable[[Unit], list[Fit]], units: Iterable[Unit]) -> list[list[Fit]]:
        found = pool.map(function, units, f"{study.name}: fit")
        for fits in found:
            if isinstance(fits, Rejected):
                raise MachineError(f"study {study.name}: {fits} while fitting; use fewer --workers, or more --memory")
        return [fits for fits in found if not isinstance(fits, Rejected)]

    result = evaluate(design, study, map_units=map_units)
    frames = {
        "scores": result.scores_table(),
        "predictions": result.predictions,
        "probabilities": result.probabilities,
        "selected": result.selected_table(),
        "shares": result.shares_table(),
        "singles": result.singles_table(),
        "copies": result.copies_table(),
    }
    with writing():
        for schema in STUDY_TABLES:  # all of them, also those that are empty, with the same types in every study
            table = pa.Table.from_pandas(frames[schema.name], schema=schema.arrow, preserve_index=False)
            write_table(folder / f"{schema.name}.parquet", table, {"study": study.name, "digest": result.digest})
    return result
