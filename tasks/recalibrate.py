"""Step 11: a saved model, recalibrated for a new centre, as another saved model."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.catalog.catalog import load_catalog
from features.core.errors import RadweaveError
from features.core.kinds.recipe import Recipe
from features.fusion.column_facts import column_facts
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.results.manifest import Mart
from features.results.models import checked_file
from features.results.scored import SCORED
from tasks.final import CARD, write_final
from tasks.modelling.evaluation.choice import Choice
from tasks.modelling.evaluation.nomogram import nomogram_of
from tasks.modelling.evaluation.recalibrate import check_recalibrable, cross_fitted, recalibrate_final
from tasks.modelling.evaluation.recalibration import Way
from tasks.modelling.evaluation.result import Score
from tasks.modelling.evaluation.score_final import states_of
from tasks.modelling.evaluation.study import Study
from tasks.modelling.metrics.metric import all_metrics_of
from tasks.modelling.rows import Rows
from tasks.modelling.saved.loaded import Loaded
from tasks.modelling.saved.model_schema import differences, refuse
from tasks.modelling.scored import Scored
from tasks.reports.model_card import model_card
from tasks.reports.recalibration_part import Pair, recalibration_part
from tasks.scoring.cohort_rows import outcomes_of, placed


@task(name="recalibrate", cache_policy=NO_CACHE, persist_result=False)
def recalibrate_model(
    mart: Mart,
    catalog: Path,
    question: Question,
    cohort: str,
    loaded: Loaded,
    source: Path,
    way: Way,
    plan: Study,
    recipes: tuple[Recipe, ...],
    provenance: Mapping[str, str],
    digest: str,
    folder: Path,
) -> Path:
    """The folder of the recalibrated model, with scores of the cohort before and after; model.json is written last.

    source: folder of the model as it is. Raises RadweaveError that names each difference of the cohort's columns; FitError for
    what cannot be recalibrated, and for too few events.
    """
    final, schema, facts = loaded.final, loaded.schema, loaded.facts
    name = f"{plan.name}/{facts['digest'][:16]}"
    if cohort in final.seen_cohorts:
        raise RadweaveError(
            f'{name}: the cohort "{cohort}" trained this model; recalibrate it on a cohort that it has not seen'
        )
    check_recalibrable(final, way)
    declared = load_catalog(catalog)
    there = column_facts(mart, cohort, final.columns.names.tolist())
    refuse(differences(schema, there, mart.manifest.cohorts[cohort].settings, cohort), name, cohort)
    design = placed(fuse(mart, declared, question).once, final, cohort)
    known, outcome, why = outcomes_of(mart, cohort, declared.cohort(cohort), design, final, schema)
    if outcome is None:
        reasons = "; ".join(f"{n}: {reason}" for reason, n in why.items())
        raise RadweaveError(
            f"{name}: no outcome of {cohort} is known, so that there is nothing to recalibrate by ({reasons})"
        )
    every = Rows.of(design)
    is_there = states_of(final, every, plan.missing_block == "exclude")[known] == SCORED
    known, outcome = known[is_there], outcome.take(np.flatnonzero(is_there))
    rows = every.take(known)
    moved = recalibrate_final(final, rows, outcome, way, cohort, facts["digest"])
    before: list[Scored] = []
    after: list[Scored] = []
    for other, test in cross_fitted(final, rows, outcome, way, plan.seed):
        own = rows.take(test)
        for model, side in ((final, before), (other, after)):
            side.append(
                Scored(
                    known[test],
                    outcome.take(test),
                    model.predict(own),
                    final.seen,
                    final.endpoint,
                    design.centres[known[test]],
                    0,
                    model.cut,
                    model.line,
                )
            )
    pairs: list[Pair] = [
        (
            metric.kind,
            metric.estimate(before, design.groups, "fixed"),
            metric.estimate(after, design.groups, "resampled"),
        )
        for metric in all_metrics_of(final.endpoint)
    ]
    recalibration = moved.recalibration
    assert recalibration is not None
    nomogram = nomogram_of(moved, rows)
    told = json.loads(checked_file(source, f"{CARD}.json", facts["files"][f"{CARD}.json"]))
    card = model_card(
        moved,
        Choice(facts["blocks"], facts["model"], facts["choice"], False),
        plan,
        [Score(**one) for one in told["scores"]],
        recipes,
        provenance,
        digest,
        "",
        nomogram,
        inherited=(
            f"It was recalibrated on {cohort}: it is for cases like those of {cohort}, and no longer for others.",
            *told["limits"],
        ),
        moved=recalibration_part(recalibration, pairs, before, after, len(before)),
    )
    card.facts["recalibration"]["scores"] = {
        kind: {"before": asdict(one), "after": asdict(other)} for kind, one, other in pairs
    }
    new = {
        "digest": digest,
        "cohorts": [*final.cohorts, cohort],
        "recalibrated": {**recalibration.facts, "provenance": dict(provenance)},
        "refreshes": {**facts["refreshes"], cohort: mart.manifest.cohorts[cohort].refreshed},
    }
    kept = ("study", "recipes", "blocks", "model", "choice", "keeps_cases", "provenance")
    write_final(folder, moved, rows, schema, card, nomogram, {**{key: facts[key] for key in kept}, **new})
    return folder
