"""Step 10: what a saved model says of a cohort."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.catalog.catalog import Cohort, load_catalog
from features.core.design import Design
from features.core.errors import RadweaveError
from features.core.outcome import Outcome
from features.core.storage.place import write_bytes
from features.core.storage.seal import page_bytes
from features.core.storage.table import write_table
from features.fusion.absent_patients import known_patients, why_no_image
from features.fusion.column_facts import column_facts
from features.fusion.fuse import fuse
from features.fusion.known_outcomes import known_outcomes
from features.fusion.question import Question
from features.fusion.repeated import visits_up_to
from features.results.manifest import Mart
from features.results.runs import STUDY, run_bytes
from features.results.schemas import SCORE_TABLES, STUDY_TABLES
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.score_final import Told, score_final
from tasks.modelling.saved.model_schema import differences, refuse
from tasks.reports.score_page import score_page

PAGE = "report.html"


@task(name="score", cache_policy=NO_CACHE, persist_result=False)
def score_cohort(
    mart: Mart,
    catalog: Path,
    question: Question,
    cohort: str,
    final: Final,
    schema: Mapping[str, Any],
    model: Mapping[str, Any],
    provenance: Mapping[str, str],
    folder: Path,
) -> Path:
    """Predictions of a cohort, and their scores where outcomes are known, as Parquet with a page; study.json is written last.

    model: what model.json says. Raises RadweaveError that names each difference of its columns from those of the model.
    """
    name = f"{model['study']['name']}/{model['digest'][:16]}"
    declared = load_catalog(catalog).cohort(cohort)
    wanted = final.columns.names.tolist()
    there = column_facts(mart, cohort, wanted)
    refuse(differences(schema, there, mart.manifest.cohorts[cohort].settings, cohort), name, cohort)
    design = placed(fuse(mart, load_catalog(catalog), question).once, final, cohort)
    absent = _absent(mart, declared, cohort, design, question)
    known, outcome, why = outcomes_of(mart, cohort, declared, design, final, schema)
    complete = model["study"].get("missing_block") == "exclude"
    told = score_final(final, design, absent, known, outcome, complete=complete)
    counted = len(design.X) + len(absent)
    if len(told.predictions) != counted:
        raise AssertionError(f"{counted} cases in, {len(told.predictions)} rows out")
    _write_tables(folder, told, {"model": model["digest"], "cohort": cohort})
    seen = cohort in final.seen_cohorts
    page = score_page(final, name, cohort, told, why, seen=seen)
    write_bytes(folder / PAGE, page_bytes(page.html()))
    facts = {
        "model": name,
        "digest": model["digest"],
        "cohort": cohort,
        "provenance": dict(provenance),
        "refresh": mart.manifest.cohorts[cohort].refreshed,
        "states": {str(key): int(n) for key, n in told.predictions["state"].value_counts().items()},
        "evaluated": told.evaluated,
        "remarks": {what: int(number) for what, number in told.remarks.items()},
        "trained on this cohort": seen,
        "headline": page.headline,
    }
    write_bytes(folder / STUDY, run_bytes(folder, facts))
    return folder / PAGE


def placed(design: Design, final: Final, cohort: str) -> Design:
    """Centres under the names that steps know them by: those of other cohorts than the one that trained alone carry its name."""
    if final.cohorts == (cohort,):
        return design
    centres = np.array([f"{cohort}:{centre}" for centre in design.centres.tolist()], dtype=np.str_)
    return replace(design, centres=centres)


def _absent(mart: Mart, declared: Cohort, cohort: str, design: Design, question: Question) -> dict[str, str]:
    """Patient → why there is no row of hers."""
    there = set(design.cohort_table["patient"])
    gone = known_patients(mart, cohort) - there
    if not question.recipes:
        return dict.fromkeys(sorted(gone), "no row in the tables that the model needs")
    words = visits_up_to(question.predict_at, declared.timepoints, question.visits)
    images = {row["image"] for row in mart.read("scans", cohort, ["image"]).to_pylist()}
    return why_no_image(mart, cohort, words, sorted(gone), images)


def outcomes_of(
    mart: Mart, cohort: str, declared: Cohort, design: Design, final: Final, schema: Mapping[str, Any]
) -> tuple[NDArray[np.intp], Outcome | None, dict[str, int]]:
    """Positions of the rows whose outcome is known, the outcomes, and why the others have none, in patients.

    Raises RadweaveError where the cohort means another kind of outcome by the word, or other levels.
    """
    nobody: NDArray[np.intp] = np.empty(0, np.intp)
    word = schema["endpoint"]
    if word not in declared.endpoints:
        return nobody, None, {f'the cohort declares no endpoint "{word}"': design.cohort_table["patient"].nunique()}
    endpoint = declared.endpoints[word]
    if endpoint.kind != final.endpoint.kind:
        raise RadweaveError(
            f'cohort "{cohort}": its endpoint "{word}" is {endpoint.kind}, the model predicts {final.endpoint.kind}: '
            "give the endpoint of the catalog another word, or the model another cohort"
        )
    clinical = mart.read("clinical", cohort).to_pandas().set_index("patient")
    patients = design.cohort_table["patient"]
    table, why = known_outcomes(mart, cohort, declared, clinical, word, endpoint, sorted(set(patients)))
    known = np.flatnonzero(patients.isin(table.index).to_numpy())
    if not len(known):
        return nobody, None, why
    levels = {column: declared.variables[column].levels for column in endpoint.columns}
    outcome = endpoint.outcome(table.loc[patients.iloc[known]], levels)
    if tuple(outcome.levels) != final.levels:
        found, own = ", ".join(outcome.levels) or "none", ", ".join(final.levels) or "none"
        raise RadweaveError(f'cohort "{cohort}": the levels of "{word}" are {found}; those of the model are {own}')
    return known, outcome, why


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
