"""Step 7: fit and evaluate."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.design import Design
from features.core.errors import MachineError
from features.core.quarantine import Rejected
from features.core.storage.table import write_table
from features.fusion.sources import Source
from features.results.schemas import STUDY_TABLES
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.kept_fits import KeptFits
from tasks.modelling.evaluation.kept_units import KeptUnits, run_and_keep
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.evaluation.unit import Unit
from tasks.modelling.signatures.direct import direct_scores, direct_table
from tasks.modelling.signatures.fitted import SPLIT
from tasks.modelling.signatures.values import Signed
from tasks.running.pool import Pool

FIT_COLUMNS = ["split", "repeat", "fold", "blocks", "model", "result"]  # result: the address of the fit in work/
MOST_NAMED = 20  # damaged fits that a line names


@task(name="fit", cache_policy=NO_CACHE, persist_result=False)
def fit_models(
    design: Design,
    study: Study,
    folder: Path,
    pool: Pool,
    kept: KeptFits,
    say: Callable[[str], None] = lambda _: None,
    sources: Sequence[Source] = (),
    signatures: Sequence[Signed] = (),
) -> StudyResult:
    """Scores, out-of-fold predictions and selected features, kept as Parquet in the study's folder.

    kept: where fits are looked up, and written by the workers as soon as they are done; its `writing()`, which may refuse, is held
    while anything is written. say: is told of kept fits that were damaged. sources: as `evaluate` takes them.
    signatures: those of the study, whose fits belong to it too.
    """
    named: list[tuple[object, ...]] = [
        (SPLIT, 0, SPLIT, one.signature.blocks, one.signature.candidate.name, address)
        for signature in signatures
        for one in signature.every()
        for address in one.addresses
    ]

    def map_units(_: Callable[[Unit], list[Fit]], units: Iterable[Unit]) -> list[list[Fit]]:
        found = KeptUnits.of(units, kept)
        if found.spoilt:
            more = f" and {len(found.spoilt) - MOST_NAMED} more" if len(found.spoilt) > MOST_NAMED else ""
            say(f"fitted again, since what was kept is damaged: {', '.join(found.spoilt[:MOST_NAMED])}{more}")
        before, wanted = found.counts
        what = f"{study.name}: fit" + (f" ({before} of {wanted} fits were kept)" if before else "")
        computed = pool.map(run_and_keep, found.todo(), what)
        for fits in computed:
            if isinstance(fits, Rejected):
                raise MachineError(f"study {study.name}: {fits} while fitting; use fewer --workers, or more --memory")
        every = found.with_computed(fits for fits in computed if not isinstance(fits, Rejected))
        pairs = (pair for both in zip(every, found.addresses, strict=True) for pair in zip(*both, strict=True))
        named.extend(
            (fit.split, fit.fold.repeat, fit.fold.name, fit.blocks, fit.model, address.digest) for fit, address in pairs
        )
        return every

    result = evaluate(design, study, map_units=map_units, sources=sources)
    frames = {
        "scores": result.scores_table(),
        "predictions": result.predictions,
        "probabilities": result.probabilities,
        "selected": result.selected_table(),
        "shares": result.shares_table(),
        "singles": result.singles_table(),
        "centre_told": result.centre_told_table(),
        "worth": result.worth_table(),
        "comparisons": result.comparisons_table(),
        "horizon_scores": result.by_horizon_table(),
        "incidences": result.incidences,
        "signature_scores": direct_table(direct_scores(design, [one.values for one in signatures])),
        "copies": result.copies_table(),
        "label_noise": result.label_noise_table(),
        "claims": result.claims_table(),
        "controls": result.controls_table(),
        "risk_groups": result.groups_table(),
        "fits": pd.DataFrame(named, columns=FIT_COLUMNS),
    }
    with kept.writing():
        for schema in STUDY_TABLES:  # all of them, also those that are empty, with the same types in every study
            table = pa.Table.from_pandas(frames[schema.name], schema=schema.arrow, preserve_index=False)
            write_table(folder / f"{schema.name}.parquet", table, {"study": study.name, "digest": result.digest})
    return result
