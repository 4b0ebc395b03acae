"""CohortTables: what the mart holds of one cohort, as far as a study asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from features.core.case import Target
from features.core.catalog.catalog import Catalog, Cohort
from features.core.catalog.targets import regions_of
from features.core.errors import RadweaveError, StoreError, hint_sentence
from features.core.kinds.endpoint import Endpoint
from features.core.kinds.recipe import Recipe
from features.fusion.missing import lacking_images
from features.fusion.no_endpoint import NoEndpoint
from features.fusion.patient_rows import by_content, patient_rows, visit_rows
from features.fusion.question import Question
from features.fusion.ready_block import ReadyBlock, read_ready_blocks
from features.fusion.repeated import visits_up_to
from features.results.cases import UNKNOWN
from features.results.manifest import Mart
from features.results.prefixes import feature_prefix, recipe_targets, settings_digests
from features.results.schemas import IMAGE_BLOCKS


@dataclass(frozen=True, eq=False)
class CohortTables:
    """Tables of one cohort.

    every: the region block, index case; region: of it the cases at the prediction time point, in the order of their files'
    digests; where the study asks for no image, the patients of all tables, as `patient_rows`. clinical: index patient.
    features: columns of the recipes, a frame for each block of images, index case. lacks_image: case → whether it lacks a
    usable image. targets: the images and ROIs that the recipes measure. genomic: index patient, None if there is none. ready:
    ready-made blocks that are asked for.
    split: patient → `train` or `test`, of those of whom a table says so.
    """

    name: str
    cohort: Cohort
    endpoint: Endpoint
    mart: Mart
    targets: tuple[Target, ...]
    every: pd.DataFrame
    region: pd.DataFrame
    clinical: pd.DataFrame
    features: tuple[pd.DataFrame, ...]
    lacks_image: pd.DataFrame
    genomic: pa.Table | None
    ready: tuple[ReadyBlock, ...]
    split: Mapping[str, str]


def read_cohort(mart: Mart, catalog: Catalog, name: str, question: Question) -> CohortTables:
    """Raises RadweaveError if endpoint or time point are unknown, or the mart was built with other settings."""
    cohort = catalog.cohort(name)
    endpoint = _endpoint(name, cohort, question)
    every = mart.read("region", name).to_pandas().set_index("case")
    kept = mart.read("clinical", name)
    clinical = kept.to_pandas().set_index("patient")
    undeclared = [word for word in cohort.variables if word not in clinical]
    if undeclared:
        raise StoreError(f'the mart has no "{undeclared[0]}" for cohort "{name}": run radweave refresh {name}')
    genomic = mart.read("genomic", name) if any(table.block == "genomic" for table in cohort.tables) else None
    ready = read_ready_blocks(mart, name, cohort, question.read_blocks, question.predict_at)
    if question.recipes:
        region = every[every["timepoint"].isin(visits_up_to(question.predict_at, cohort.timepoints, question.visits))]
        region = region.loc[_by_files(mart, name, region.index)]
    else:
        patients = by_content(
            kept,
            [*((genomic,) if genomic is not None else ()), *(block.table for block in ready)],
            _elsewhere(mart, name, every),
        )
        region = (
            patient_rows(name, question.predict_at, patients, ready, question.lesions)
            if question.visits == "one"
            else visit_rows(
                name, visits_up_to(question.predict_at, cohort.timepoints, "each"), patients, ready, question.lesions
            )
        )
    recipes = [recipe.name for recipe in question.recipes]
    tables = {block: mart.read(block, name, recipes=recipes) for block in IMAGE_BLOCKS}
    measured = recipe_targets(cohort, question.recipes)
    features = [_features(mart, block, name, table, question, measured) for block, table in tables.items()]
    if question.stable is not None:
        unstable = question.stable.unstable(mart.store, question.all_cohorts, measured)
        features = [frame.drop(columns=unstable & {*frame.columns}) for frame in features]
    return CohortTables(
        name=name,
        cohort=cohort,
        endpoint=endpoint,
        mart=mart,
        targets=regions_of(cohort, question.recipes),
        every=every,
        region=region,
        clinical=clinical,
        features=tuple(features),
        lacks_image=lacking_images(tables, region, measured),
        genomic=genomic,
        ready=ready,
        split=_split(mart, name, cohort),
    )


def block_of(column: str, recipes: Sequence[Recipe]) -> str:
    """The block of a column of the design."""
    prefix = column.split("__")[0]
    kinds = {extractor.word: extractor.block for recipe in recipes for extractor in recipe.extractors}
    return kinds.get(prefix, prefix)


def _endpoint(name: str, cohort: Cohort, question: Question) -> Endpoint:
    """The endpoint, if the cohort has it and the time point of the prediction."""
    if question.endpoint and question.endpoint not in cohort.endpoints:
        hint = hint_sentence(question.endpoint, cohort.endpoints)
        known = ", ".join(cohort.endpoints) or "none"
        raise RadweaveError(f'cohort "{name}" has no endpoint "{question.endpoint}"; it has {known}. {hint}'.strip())
    if question.predict_at not in cohort.timepoints:
        hint = hint_sentence(question.predict_at, cohort.timepoints)
        known = ", ".join(cohort.timepoints)
        raise RadweaveError(
            f'cohort "{name}" has no time point "{question.predict_at}"; it has {known}. {hint}'.strip()
        )
    return cohort.endpoints[question.endpoint] if question.endpoint else NoEndpoint()


def _by_files(mart: Mart, name: str, cases: pd.Index[str]) -> list[str]:
    """Cases in the order of their files' digests: folds and scores must not depend on the key of the pseudonyms."""
    digests: dict[str, list[str]] = {case: [] for case in cases}
    for row in mart.read("scans", name, ["case", "image_digest", "mask_digest"]).to_pylist():
        digests.get(row["case"], []).append(row["image_digest"] + row["mask_digest"])
    return sorted(cases, key=lambda case: (sorted(digests[case]), case))


def _elsewhere(mart: Mart, name: str, every: pd.DataFrame) -> dict[str, str]:
    """Patients of images and of quarantine → their centre."""
    rows = mart.read("quarantine", name, ["case", "centre"]).to_pylist()
    rejected = {row["case"].split(":")[1]: row["centre"] for row in rows if row["case"].count(":")}
    return {
        **{p: c for p, c in rejected.items() if p != UNKNOWN},
        **dict(zip(every["patient"], every["centre"], strict=True)),
    }


def _split(mart: Mart, name: str, cohort: Cohort) -> dict[str, str]:
    """Patient → `train` or `test`, from all tables that have a column of it."""
    found: dict[str, str] = {}
    for block in sorted({table.block for table in cohort.tables if table.split is not None}):
        rows = mart.read(block, name, ["patient", "split"])
        if "split" not in rows.schema.names:
            raise StoreError(f'the block "{block}" of the mart has no split: run radweave refresh {name}')
        found |= {row["patient"]: row["split"] for row in rows.to_pylist() if row["split"]}
    return found


def _features(
    mart: Mart,
    block: str,
    name: str,
    table: pa.Table,
    question: Question,
    measured: Sequence[tuple[Recipe, Target]],
) -> pd.DataFrame:
    """Feature columns of the recipes. Raises RadweaveError if the mart lacks a recipe, or holds one of other settings."""
    command = f"run radweave refresh {' '.join(question.all_cohorts)}{question.refreshed_by}"
    wanted = [
        feature_prefix(recipe, extractor.word, target) + column.name
        for recipe, target in measured
        for extractor in recipe.extractors
        if extractor.block == block
        for column in extractor.columns(recipe)
        if column.role == "predictor"
    ]
    names = set(table.schema.names)
    absent = [column for column in wanted if column not in names]
    if absent:
        raise StoreError(f'the mart has no "{absent[0]}" for cohort "{name}": {command}')
    built = mart.manifest.cohorts[name].settings
    changed = [prefix for prefix, digest in settings_digests(measured).items() if built.get(prefix) != digest]
    if changed:
        kind, recipe_name = changed[0].split("__")[:2]
        raise StoreError(
            f'the mart of cohort "{name}" holds {kind} of recipe "{recipe_name}" with other settings: {command}'
        )
    features: pd.DataFrame = table.select(wanted).to_pandas()
    features.index = pd.Index(table["case"].to_pandas(), name="case")  # set_index would copy all the columns
    return features
