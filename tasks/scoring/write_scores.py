"""The folder of what a saved model said of a cohort: of all of it, or of the cases that have no score by it yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.core.digest import digest_json
from features.core.storage.place import write_bytes
from features.core.storage.seal import page_bytes
from features.core.storage.store import Store
from features.core.storage.table import write_table
from features.fusion.question import Question
from features.results.manifest import Mart
from features.results.runs import STUDY, is_run, run_bytes, run_faults
from features.results.schemas import SCORE_TABLES, STUDY_TABLES
from features.results.scored import SCORED, scored_cases
from tasks.modelling.evaluation.inputs import inputs_of
from tasks.modelling.evaluation.score_final import Told, score_final, states_of
from tasks.modelling.rows import Rows
from tasks.modelling.saved.loaded import Loaded
from tasks.reports.score_page import score_page
from tasks.running.pool import Pool
from tasks.scoring.batches import predict_in_batches
from tasks.scoring.cohort_rows import CohortRows, read_cohort

PAGE = "report.html"


def write_scores(
    mart: Mart,
    catalog: Path,
    question: Question,
    cohort: str,
    loaded: Loaded,
    provenance: Mapping[str, str],
    folder: Path,
    pool: Pool | None = None,
) -> Path:
    """Predictions of a cohort, and their scores where outcomes are known, as Parquet with a page; study.json is written last.

    pool: who predicts where there are many rows; None: this process. Raises as `read_cohort`, and what the model refuses.
    """
    rows = read_cohort(mart, catalog, question, cohort, loaded)
    _write(mart, cohort, loaded, rows, provenance, folder, pool)
    return folder


def write_new_scores(
    mart: Mart,
    catalog: Path,
    question: Question,
    cohort: str,
    loaded: Loaded,
    provenance: Mapping[str, str],
    store: Store,
    pool: Pool | None = None,
) -> Path | None:
    """As `write_scores`, of the cases alone to which this model has given no score, or another one, as their values were others.

    None where there is no such case, or none of them can be scored: then nothing is written. What a killed run left is written
    over by the next, as its folder is named for the cases.
    """
    rows = read_cohort(mart, catalog, question, cohort, loaded)
    final, every = loaded.final, Rows.of(rows.design)
    there = states_of(final, every, _complete(loaded)) == SCORED
    cases, given = rows.design.X.index.tolist(), inputs_of(final, every)
    before = scored_cases(store, cohort, loaded.facts["digest"])
    pairs = list(zip(cases, given, strict=True))
    new = [i for i, pair in enumerate(pairs) if there[i] and pair not in before]
    if not new:
        return None
    folder = store.scored(cohort, digest_json({**provenance, "new cases": [[*pairs[i]] for i in new]}))
    if is_run(folder) and not run_faults(folder):
        return folder
    kept = sum(1 for i, pair in enumerate(pairs) if there[i] and pair in before)
    _write(mart, cohort, loaded, rows.take(np.array(new, np.intp)), provenance, folder, pool, kept)
    return folder


def _complete(loaded: Loaded) -> bool:
    return bool(loaded.facts["study"].get("missing_block") == "exclude")


def _write(
    mart: Mart,
    cohort: str,
    loaded: Loaded,
    rows: CohortRows,
    provenance: Mapping[str, str],
    folder: Path,
    pool: Pool | None,
    before: int | None = None,
) -> None:
    """before: how many cases had a score before, where only the others are scored."""
    final, facts = loaded.final, loaded.facts
    name = f"{facts['study']['name']}/{facts['digest'][:16]}"
    told = score_final(
        final,
        rows.design,
        dict(rows.absent),
        rows.known,
        rows.outcome,
        complete=_complete(loaded),
        predict=lambda part: predict_in_batches(final, part, pool),
    )
    counted = len(rows.design.X) + len(rows.absent)
    if len(told.predictions) != counted:
        raise AssertionError(f"{counted} cases in, {len(told.predictions)} rows out")
    _write_tables(folder, told, {"model": facts["digest"], "cohort": cohort})
    seen = cohort in final.seen_cohorts
    page = score_page(final, name, cohort, told, rows.why, seen=seen, before=before)
    write_bytes(folder / PAGE, page_bytes(page.html()))
    written = {
        "model": name,
        "digest": facts["digest"],
        "cohort": cohort,
        "provenance": dict(provenance),
        "refresh": mart.manifest.cohorts[cohort].refreshed,
        "states": {str(key): int(n) for key, n in told.predictions["state"].value_counts().items()},
        "scored before": before,
        "evaluated": told.evaluated,
        "remarks": {what: int(number) for what, number in told.remarks.items()},
        "trained on this cohort": seen,
        "headline": page.headline,
    }
    write_bytes(folder / STUDY, run_bytes(folder, written))


def _write_tables(folder: Path, told: Told, provenance: Mapping[str, str]) -> None:
    scores = next(schema for schema in STUDY_TABLES if schema.name == "scores")
    frames = {
        "predictions": told.predictions,
        "probabilities": told.probabilities,
        "scores": pd.DataFrame(
            [asdict(one) for one in (*told.scores, *told.of_centres)], columns=[one.name for one in scores.columns]
        ),
    }
    for schema in (*SCORE_TABLES, scores):
        frame = frames[schema.name].reindex(columns=[one.name for one in schema.columns])
        table = pa.Table.from_pandas(frame, schema=schema.arrow, preserve_index=False)
        write_table(folder / f"{schema.name}.parquet", table, dict(provenance))
