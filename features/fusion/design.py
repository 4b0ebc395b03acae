"""fuse: the design table of a study from the mart, with a flow of cases in which every exclusion has a reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.core.catalog import Catalog, Cohort
from features.core.design import Design, FlowRow
from features.core.endpoint import BinaryEndpoint, SurvivalEndpoint
from features.core.errors import FitError, RadweaveError, did_you_mean
from features.core.genomic_source import GenomicTable, MatrixTable, known_when
from features.core.recipe import Recipe
from features.fusion.copies import image_copies, of_patients, row_copies, scans_of
from features.fusion.delta import Delta
from features.fusion.encode import encode, in_order
from features.fusion.leakage import check_leakage
from features.fusion.lesions import Lesions, choose_largest, merge_lesions
from features.fusion.missing import MissingBlock, count_lacking, flow_row, lacking_blocks, lacking_modalities, of_rows
from features.fusion.origin import check_origins
from features.fusion.stable import Stable
from features.results.manifest import Mart
from features.results.prefixes import settings_digests

UNKNOWN = "unknown"  # stands for the patient in quarantine rows of files that name none


@dataclass(frozen=True)
class Question:
    """What is asked of the mart: the part of a study that decides its design table.

    missing_block: whether a case without any value of a block, or without a modality, is imputed or excluded. blocks: all
    blocks that the study's sets name; empty means any. lesions: what becomes of several lesions of a patient. deltas:
    changes between time points that become columns of the block delta. stable: which features are left out for their
    stability; None: none. leak_checked: columns of the design that a person has checked for leaks.
    """

    cohorts: tuple[str, ...]
    endpoint: str
    predict_at: str
    recipes: tuple[Recipe, ...]
    missing_block: MissingBlock = "impute"
    blocks: tuple[str, ...] = ()
    lesions: Lesions = "each"
    deltas: tuple[Delta, ...] = ()
    stable: Stable | None = None
    leak_checked: tuple[str, ...] = ()


def fuse(mart: Mart, catalog: Catalog, question: Question) -> Design:
    """One row per case at the prediction time point, with outcome; columns of all blocks, float, NaN where missing.

    Joins are one patient to one clinical and one genomic row, one case to one row of each image block. A case without a
    modality, or any value of a block, keeps NaN there, to be imputed inside training folds, or is excluded if the question
    says so. Patients of all cohorts with one image or one row of numbers are named as copies.
    An image is usable if it passed the checks and gave features for at least one extractor of the question's recipes.
    Predictors known after the prediction time are left out by name (`late`). Lesions become rows of their own, or one row
    of their patient. Raises RadweaveError if cohort, endpoint or time point are unknown, a delta is known too late, cohorts
    mean different things by one word, a recipe was fitted on a cohort's images, the mart was woven with other settings, all
    of a named block is known too late, or a predictor alone tells the outcome; StoreError if a cohort was not refreshed;
    FitError if no case is left.
    """
    check_origins(question.recipes, question.cohorts)
    parts = [_cohort_part(mart, catalog, name, question) for name in question.cohorts]
    endpoint = parts[0].endpoint
    if len({part.endpoint.kind for part in parts}) > 1:
        raise RadweaveError(f'the endpoint "{question.endpoint}" is not of the same kind in every cohort')
    _check_same_meaning(catalog, question)
    X = pd.concat([part.X for part in parts], verify_integrity=True)
    X = X[[column for column in X.columns if column.startswith("clinical__")] + _others(X)].astype(float)
    if X.empty:
        raise FitError(f'no case has the endpoint "{question.endpoint}" and a usable image')
    table = pd.concat([part.table for part in parts])
    many = len(parts) > 1
    centres = [f"{c}:{t}" if many else t for c, t in zip(table["cohort"], table["centre"], strict=True)]
    blocks = {column: _block(column, question.recipes) for column in X.columns}
    patients = (table["cohort"] + ":" + table["patient"]).to_numpy(str)
    copies = [*image_copies(pd.concat([part.scans for part in parts])), *row_copies(X, blocks, patients)]
    design = Design(
        X=X,
        blocks=blocks,
        y=np.concatenate([part.y for part in parts]),
        endpoint=endpoint,
        patients=patients,
        centres=np.array(centres),
        flow=tuple(row for part in parts for row in part.flow),
        cohort_table=table,
        missing_block=count_lacking(part.lacks for part in parts),
        late={column: when for part in parts for column, when in part.late.items()},
        copies=of_patients(copies, patients),
    )
    for block in {"clinical", "genomic"} & set(question.blocks):
        late = sorted({when for column, when in design.late.items() if column.startswith(f"{block}__")})
        if late and not design.columns(block):
            raise RadweaveError(
                f'all {block} columns are known at {", ".join(late)}, after the prediction at "{question.predict_at}": '
                f"leave {block} out of the blocks, or predict later"
            )
    checked = {column for part in parts for column in part.checked} | {*question.leak_checked}
    named = {*question.blocks, "clinical", "region"} if question.blocks else {*blocks.values()}
    check_leakage(design, named, checked, pd.concat([part.outcomes for part in parts]))
    return design


@dataclass
class _Part:
    X: pd.DataFrame
    y: NDArray[np.generic]
    endpoint: BinaryEndpoint | SurvivalEndpoint
    table: pd.DataFrame
    flow: list[FlowRow]
    lacks: pd.DataFrame
    scans: pd.DataFrame
    outcomes: pd.DataFrame
    late: dict[str, str]
    checked: list[str]


def _cohort_part(mart: Mart, catalog: Catalog, name: str, question: Question) -> _Part:
    cohort = catalog.cohort(name)
    if question.endpoint not in cohort.endpoints:
        hint = did_you_mean(question.endpoint, cohort.endpoints)
        known = ", ".join(cohort.endpoints) or "none"
        raise RadweaveError(f'cohort "{name}" has no endpoint "{question.endpoint}"; it has {known}. {hint}'.strip())
    if question.predict_at not in cohort.timepoints:
        hint = did_you_mean(question.predict_at, cohort.timepoints)
        known = ", ".join(cohort.timepoints)
        raise RadweaveError(
            f'cohort "{name}" has no time point "{question.predict_at}"; it has {known}. {hint}'.strip()
        )
    endpoint = cohort.endpoints[question.endpoint]
    days = [delta.days(cohort.timepoints, question.predict_at) for delta in question.deltas]
    every = mart.read("region", name).to_pandas().set_index("case")
    region = _at(every, question.predict_at)
    region = region.loc[_by_files(mart, name, region.index)]
    clinical = mart.read("clinical", name).to_pandas().set_index("patient")
    undeclared = [word for word in cohort.variables if word not in clinical]
    if undeclared:
        raise RadweaveError(f'the mart has no "{undeclared[0]}" for cohort "{name}": run radweave refresh {name}')
    modalities = sorted({recipe.modality for recipe in question.recipes})
    tables = {block: mart.read(block, name) for block in ("radiomics", "deep")}
    features = [_features(mart, block, name, table, question.recipes) for block, table in tables.items()]
    if question.stable is not None:
        unstable = question.stable.unstable(mart.store, question.cohorts, question.recipes)
        features = [frame.drop(columns=unstable & {*frame.columns}) for frame in features]
    lacks_image = lacking_modalities(tables, region, question.recipes)
    flow: list[FlowRow] = []

    patients = sorted(set(region["patient"]) | set(clinical.index) | _quarantined_patients(mart, name))
    with_image = region
    if modalities:
        with_image = region[~lacks_image.all(axis=1)]
    without = set(patients) - set(with_image["patient"])
    reasons = _why_no_image(mart, name, question.predict_at, without, modalities)
    label = f"{name}: patients with a usable image at {question.predict_at}"
    flow.append(FlowRow(label, len(patients), len(patients) - sum(reasons.values()), reasons))

    outcome, reasons = _outcome(mart, name, clinical, question.endpoint, endpoint, sorted(set(with_image["patient"])))
    cases = with_image[with_image["patient"].isin(outcome.index)]
    before = with_image["patient"].nunique()
    flow.append(FlowRow(f"{name}: with the endpoint {question.endpoint}", before, cases["patient"].nunique(), reasons))

    if question.lesions == "largest" and modalities:
        cases = choose_largest(cases, [*_volumes(cases, modalities).columns])

    def images_of(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        frames = [_volumes(rows, modalities), *(frame.reindex(rows.index) for frame in features)]
        return merge_lesions(rows, pd.concat(frames, axis=1), question.lesions)

    candidates, lacks_image = cases["patient"], lacks_image.loc[cases.index]
    if question.missing_block == "exclude":
        cases = cases[~lacks_image.any(axis=1)]
    cases, images = images_of(cases)
    genomic, checked = _genomic(mart, name, cohort, cases)
    late = _late(cohort, genomic.columns, question.predict_at)
    blocks = [
        _clinical(cohort, clinical, cases, question.predict_at),
        genomic.drop(columns=late.keys() & genomic.columns),
    ]
    blocks.append(images)
    if question.deltas:
        rows, everything = images_of(every)
    for delta, between in zip(question.deltas, days, strict=True):
        compared = [column for column in images.columns if _block(column, question.recipes) in delta.blocks]
        blocks.append(delta.compute(rows, everything[compared], cases, between))
    X = pd.concat(blocks, axis=1)
    names = {column: _block(column, question.recipes) for column in X.columns}
    asked = {*question.blocks, "clinical"} if question.blocks else {*names.values()}
    lacks = lacking_blocks(X, names, asked, alone=len(question.cohorts) == 1)
    lacks = pd.concat([of_rows(lacks_image, candidates, cases["patient"]), lacks], axis=1)
    row = flow_row(name, candidates, lacks_image, cases["patient"], lacks, question.missing_block)
    flow += [row] if row else []
    if question.missing_block == "exclude":
        stays = ~lacks.any(axis=1).to_numpy(bool)
        X, cases, images, lacks = X[stays], cases[stays], images[stays], lacks[stays]
    y = _structured(outcome.loc[cases["patient"]], endpoint)
    table = cases[["cohort", "centre", "patient", "timepoint"]].join(
        in_order(clinical, cohort.variables), on="patient", validate="many_to_one"
    )
    volumes = {f"volume_{m.lower()}_ml": images.iloc[:, i] for i, m in enumerate(modalities)}
    cleared = encode(clinical.iloc[:0], {w: v for w, v in cohort.variables.items() if v.leak_checked})
    checked += [str(column) for column in cleared.columns]
    results = encode(
        clinical.reindex(cases["patient"]).set_axis(cases.index),
        {word: variable for word, variable in cohort.variables.items() if variable.role == "outcome"},
    ).rename(columns=lambda column: column.removeprefix("clinical__"))
    scans = scans_of(mart, name, every)
    return _Part(X, y, endpoint, table.assign(**volumes), flow, lacks, scans, results, late, checked)


def _check_same_meaning(catalog: Catalog, question: Question) -> None:
    """Raises RadweaveError if a variable or a gene of several cohorts differs in type, unit, levels, role or time."""
    seen: dict[str, tuple[str, object]] = {}
    for name in question.cohorts:
        cohort = catalog.cohort(name)
        meanings: dict[str, object] = {
            f'variable "{word}"': (v.type, v.unit, v.levels, v.role) for word, v in cohort.variables.items()
        }
        for table in cohort.tables:
            if isinstance(table, GenomicTable):
                genes = f'"{table.genes}"' if isinstance(table, MatrixTable) else ""
                meanings[f"{table.form} {genes}".strip()] = table.meaning
        for word, meaning in meanings.items():
            first, known = seen.setdefault(word, (name, meaning))
            if known != meaning:
                raise RadweaveError(
                    f'the {word} differs between the cohorts "{first}" and "{name}" in type, unit or levels'
                )


def _by_files(mart: Mart, name: str, cases: pd.Index[str]) -> list[str]:
    """Cases in the order of their files' digests: folds and scores must not depend on the key of the pseudonyms."""
    digests: dict[str, list[str]] = {case: [] for case in cases}
    for row in mart.read("scans", name, ["case", "image_digest", "mask_digest"]).to_pylist():
        digests.get(row["case"], []).append(row["image_digest"] + row["mask_digest"])
    return sorted(cases, key=lambda case: (sorted(digests[case]), case))


def _at(frame: pd.DataFrame, timepoint: str) -> pd.DataFrame:
    return frame[frame["timepoint"] == timepoint]


def _quarantined_patients(mart: Mart, name: str) -> set[str]:
    cases = mart.read("quarantine", name)["case"].to_pylist()
    return {case.split(":")[1] for case in cases if case.count(":") >= 1} - {UNKNOWN}


def _why_no_image(
    mart: Mart, name: str, timepoint: str, patients: set[str], modalities: Sequence[str]
) -> dict[str, int]:
    """Reason → patients, of those without a usable image: the codes of their quarantine rows, or that there is none."""
    codes: dict[str, set[str]] = {}
    for row in mart.read("quarantine", name).to_pylist():
        parts = row["case"].split(":")
        asked = not modalities or row["modality"] in ("", *modalities)
        if row["stage"] != "tables" and asked and len(parts) > 1 and (len(parts) < 3 or parts[2] == timepoint):
            codes.setdefault(parts[1], set()).add(row["code"])
    return dict(sorted(Counter(" + ".join(sorted(codes[p])) if p in codes else "no image" for p in patients).items()))


def _outcome(
    mart: Mart,
    name: str,
    clinical: pd.DataFrame,
    word: str,
    endpoint: BinaryEndpoint | SurvivalEndpoint,
    patients: Sequence[str],
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Outcome columns of the patients that have them, and the reasons of the others."""
    columns = [endpoint.column] if isinstance(endpoint, BinaryEndpoint) else [endpoint.time, endpoint.event]
    rejected = {
        row["case"].split(":")[1]: row["code"]
        for row in mart.read("quarantine", name).to_pylist()
        if row["stage"] == "tables" and json.loads(row["details"]).get("endpoint", word) == word
    }
    complete = clinical[columns].dropna()
    reasons: Counter[str] = Counter()
    for patient in patients:
        if patient in complete.index:
            continue
        in_table = "outcome missing" if patient in clinical.index else "not in the clinical table"
        reasons[rejected.get(patient, in_table)] += 1
    return complete.loc[complete.index.intersection(list(patients))], dict(sorted(reasons.items()))


def _structured(outcome: pd.DataFrame, endpoint: BinaryEndpoint | SurvivalEndpoint) -> NDArray[np.generic]:
    if isinstance(endpoint, BinaryEndpoint):
        return outcome[endpoint.column].to_numpy(bool)
    y = np.empty(len(outcome), dtype=[("event", bool), ("time", float)])
    y["event"], y["time"] = outcome[endpoint.event].to_numpy(bool), outcome[endpoint.time].to_numpy(float)
    return y


def _clinical(cohort: Cohort, clinical: pd.DataFrame, cases: pd.DataFrame, predict_at: str) -> pd.DataFrame:
    """Predictors known at the prediction time, encoded. Later ones would be immortal time and are left out by name."""
    limit = cohort.timepoints[predict_at]
    known = {
        name: variable
        for name, variable in cohort.variables.items()
        if variable.role == "predictor" and cohort.timepoints[variable.known_at] <= limit
    }
    return encode(clinical.reindex(cases["patient"]).set_axis(cases.index), known)


def _genomic(mart: Mart, name: str, cohort: Cohort, cases: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """All columns of the genomic block, and those that a person has checked for leaks.

    Raises RadweaveError if the mart holds a column that no table of the catalog explains: its table, or the time at
    which it is known, was declared anew since the refresh.
    """
    sources = [table for table in cohort.tables if isinstance(table, GenomicTable)]
    if not sources:
        return pd.DataFrame(index=cases.index), []
    frame = mart.read("genomic", name).to_pandas().set_index("patient").drop(columns=["cohort", "centre"])
    strange = [column for column in frame.columns if not any(source.explains(column) for source in sources)]
    if strange:
        raise RadweaveError(
            f'the catalog of cohort "{name}" does not explain the genomic column "{strange[0]}" of the mart: '
            f"run radweave refresh {name}"
        )
    checked = [f"genomic__{column}" for source in sources for column in source.leak_checked]
    return frame.reindex(cases["patient"]).set_axis(cases.index).add_prefix("genomic__"), checked


def _late(cohort: Cohort, genomic: Iterable[str], predict_at: str) -> dict[str, str]:
    """Predictors that are not known at the prediction time → when they are."""
    when = {f"clinical__{w}": v.known_at for w, v in cohort.variables.items() if v.role == "predictor"}
    when |= {column: known_when(column, cohort.timepoints) for column in genomic}
    limit = cohort.timepoints[predict_at]
    return {column: at for column, at in when.items() if cohort.timepoints[at] > limit}


def _volumes(cases: pd.DataFrame, modalities: Sequence[str]) -> pd.DataFrame:
    columns = [f"region__{m.lower()}__volume_ml" for m in modalities]
    return cases.reindex(columns=columns)


def _features(mart: Mart, block: str, name: str, table: pa.Table, recipes: Sequence[Recipe]) -> pd.DataFrame:
    """Feature columns of the recipes. Raises RadweaveError if the mart lacks a recipe, or holds one of other settings."""
    wanted = [
        f"{extractor.kind}__{recipe.name}__{column.name}"
        for recipe in recipes
        for extractor in recipe.extractors
        if extractor.block == block
        for column in extractor.columns(recipe)
        if column.role == "predictor"
    ]
    names = set(table.schema.names)
    absent = [column for column in wanted if column not in names]
    if absent:
        named = "".join(f" --recipe {recipe.name}" for recipe in recipes) if not all(r.default for r in recipes) else ""
        raise RadweaveError(f'the mart has no "{absent[0]}" for cohort "{name}": run radweave refresh {name}{named}')
    woven = mart.manifest.cohorts[name].settings
    changed = [prefix for prefix, digest in settings_digests(recipes).items() if woven.get(prefix) != digest]
    if changed:
        kind, recipe_name, _ = changed[0].split("__")
        raise RadweaveError(
            f'the mart of cohort "{name}" holds {kind} of recipe "{recipe_name}" with other settings: '
            f"run radweave refresh {name}"
        )
    features: pd.DataFrame = table.select(wanted).to_pandas()
    features.index = pd.Index(table["case"].to_pandas(), name="case")  # set_index would copy all the columns
    return features


def _block(column: str, recipes: Sequence[Recipe]) -> str:
    prefix = column.split("__")[0]
    kinds = {extractor.kind: extractor.block for recipe in recipes for extractor in recipe.extractors}
    return kinds.get(prefix, prefix)


def _others(X: pd.DataFrame) -> list[str]:
    return [column for column in X.columns if not column.startswith("clinical__")]
