"""Step 9: the model that leaves the house."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.catalog.catalog import load_catalog
from features.core.design import Design
from features.core.errors import MachineError
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.storage.seal import json_bytes, page_bytes
from features.core.storage.table import parquet_bytes
from features.fusion.column_facts import column_facts
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.results.manifest import Mart
from features.results.models import ARRAYS, SCHEMA, write_model
from tasks.modelling.evaluation.choice import Choice
from tasks.modelling.evaluation.evaluate import block_sets, small_sentence
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.evaluation.nomogram import Nomogram, nomogram_of
from tasks.modelling.evaluation.result import Score
from tasks.modelling.evaluation.study import Study
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Rows
from tasks.modelling.saved.arrays_table import arrays_of, arrays_table
from tasks.modelling.saved.model_schema import model_schema
from tasks.modelling.saved.saved_final import final_of, keeps_cases, saved
from tasks.reports.model_card import NOMOGRAM, ModelCard, model_card
from tasks.running.pool import Pool

CARD = "card"  # .md for people who read the folder, .html for those who look, .json for programs


@task(name="final", cache_policy=NO_CACHE, persist_result=False)
def fit_final_model(
    mart: Mart,
    catalog: Path,
    question: Question,
    study: Study,
    recipes: Sequence[Recipe],
    choice: Choice,
    scores: Sequence[Score],
    provenance: Mapping[str, str],
    digest: str,
    folder: Path,
    pool: Pool,
) -> Path:
    """The chosen combination, fitted on all training rows, with its schema and card; model.json is written last.

    pool: not yet opened; one of its workers fits. What is read back predicts the training rows to the bit, or nothing is written.
    """
    declared = load_catalog(catalog)
    design = fuse(mart, declared, question)
    wanted = block_sets(design, study).get(choice.blocks, [])
    facts: dict[str, dict[str, Any]] = {}
    for name in reversed(question.cohorts):
        facts |= column_facts(mart, name, wanted)
    units = {column: told["unit"] for column, told in facts.items()}
    final = _fitted(pool, _Wanted(design, study, choice.blocks, choice.model, units))
    seen = design.of_set(study.blocks.get(choice.blocks, ()))
    rows = Rows.of(seen.take(np.flatnonzero(design.develops)))
    nomogram = nomogram_of(final, rows)
    schema = model_schema(final, study, recipes, facts, mart, [declared.cohort(name) for name in question.cohorts])
    card = model_card(
        final,
        choice,
        study,
        scores,
        recipes,
        provenance,
        digest,
        small_sentence(design.take(np.flatnonzero(design.develops))),
        nomogram,
    )
    write_final(
        folder,
        final,
        rows,
        schema,
        card,
        nomogram,
        {
            "digest": digest,
            "study": study.model_dump(mode="json"),
            "recipes": {recipe.name: recipe.settings for recipe in recipes},
            "blocks": choice.blocks,
            "model": choice.model,
            "choice": choice.why,
            "cohorts": list(final.cohorts),
            "keeps_cases": keeps_cases(final.candidate, final.endpoint.kind),
            "provenance": dict(provenance),
            "refreshes": {name: mart.manifest.cohorts[name].refreshed for name in question.all_cohorts},
        },
    )
    return folder


@dataclass(frozen=True, eq=False)
class _Wanted:
    """What `fit_final` is given."""

    design: Design
    study: Study
    blocks: str
    model: str
    units: Mapping[str, str]


def _fitted(pool: Pool, wanted: _Wanted) -> Final:
    """The model, fitted where the runner says. Raises as `fit_final`; MachineError where the worker does not survive it."""
    with pool:
        (found,) = pool.map(_fit, [wanted], f"{wanted.study.name}: fit the model")
    if isinstance(found, Rejected):
        raise MachineError(f"study {wanted.study.name}: {found} while fitting the model; give it more --memory")
    return found


def _fit(wanted: _Wanted) -> Final:
    return fit_final(wanted.design, wanted.study, wanted.blocks, wanted.model, units=wanted.units)


def write_final(
    folder: Path,
    final: Final,
    rows: Rows,
    schema: Mapping[str, Any],
    card: ModelCard,
    nomogram: Nomogram | str,
    facts: Mapping[str, Any],
) -> None:
    """Write the folder of a model. rows: which what is read back has to predict to the bit. facts: for model.json, with `digest`.

    Raises MachineError, before anything is written, if it predicts other bits: then it would not be this model that leaves.
    """
    structure, arrays = saved(final)
    table = arrays_table(arrays)
    if _bits(final.predict(rows)) != _bits(final_of(structure, arrays_of(table)).predict(rows)):
        raise MachineError(
            f"{final.model}: what was kept predicts other numbers than what was fitted; nothing was written"
        )
    files = {
        ARRAYS: bytes(parquet_bytes(table, {"model": facts["digest"]})),
        SCHEMA: json_bytes(schema),
        f"{CARD}.json": json_bytes(json.loads(json.dumps(card.facts, default=_plain))),
        f"{CARD}.md": card.markdown().encode(),
        f"{CARD}.html": page_bytes(card.html()),
    }
    if isinstance(nomogram, Nomogram):
        files[NOMOGRAM] = nomogram.csv()
    write_model(folder, files, {**json.loads(json.dumps(structure, default=_plain)), **facts})


def _bits(prediction: Prediction) -> list[bytes]:
    curves = None if prediction.incidence is None else prediction.incidence.value
    parts = (prediction.risk, prediction.probability, prediction.value, curves)
    return [b"" if part is None else np.ascontiguousarray(part).tobytes() for part in parts]


def _plain(value: object) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
