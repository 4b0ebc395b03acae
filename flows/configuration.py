"""Recipes, studies and the catalog as one configuration, checked together."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from features.core.catalog.catalog import Catalog, Cohort, ReadyTable, load_catalog
from features.core.errors import ConfigError, Fault, RadweaveError, did_you_mean
from features.core.images import IMAGES
from features.core.kinds.delta import same_spans
from features.core.kinds.endpoint import Timed
from features.core.kinds.recipe import load_recipe
from features.core.yaml import Document
from features.fusion.part_of_block import block_of_word
from features.fusion.same_endpoint import check_same_endpoint
from features.fusion.signature_columns import BLOCK
from features.tables.outcome_files import outcome_file_faults
from flows.named import own_recipe_files, recipe_files
from flows.recipe_faults import control_faults, delta_faults, recipe_or_faults, study_recipes
from flows.recipe_words import word_faults

if TYPE_CHECKING:
    from tasks.modelling.study_settings import StudySettings


def check_configuration(catalog_path: Path, studies: Iterable[Path], recipes: Iterable[str] = ()) -> Catalog:
    """The catalog, if it, all recipes of radweave and beside the catalog, these studies and these recipes are free of faults.

    recipes: by name or file, besides those that the studies name. Raises ConfigError with every fault.
    """
    from flows.signature_faults import signature_faults
    from flows.signatures import signature_files
    from tasks.modelling.evaluation.study import Study, load_study

    faults: list[Fault] = []
    catalog: Catalog | None = None
    try:
        catalog = load_catalog(catalog_path)
    except ConfigError as error:
        faults += error.faults
    for path in recipe_files().values():
        try:
            load_recipe(path)
        except ConfigError as error:
            faults += error.faults
    for given in [*map(str, own_recipe_files(catalog_path.resolve().parent)), *recipes]:
        recipe, found = recipe_or_faults(given, Path(), "", catalog_path.resolve().parent)
        faults += found
        faults += word_faults(catalog, recipe, Path(given)) if catalog is not None and recipe is not None else []
    asked = list(studies)
    for path in dict.fromkeys([*asked, *(below for one in asked for below in signature_files(one))]):
        try:
            study = load_study(path)
        except ConfigError as error:
            faults += error.faults
            continue
        if catalog is not None:
            faults += _study_faults(Document.load(path), study, catalog)
            faults += signature_faults(path, study, catalog) if isinstance(study, Study) and study.signatures else []
    faults += _file_faults(catalog) if catalog is not None else []
    if faults or catalog is None:
        raise ConfigError(faults)
    return catalog


def _file_faults(catalog: Catalog) -> list[Fault]:
    """Faults that only the files of the cohorts tell, of those that are here."""
    faults: list[Fault] = []
    for name, cohort in catalog.cohorts.items():
        try:
            root = catalog.root(name)
        except RadweaveError:
            continue
        faults += outcome_file_faults(root, cohort)
    return faults


def left_out(studies: Iterable[Path], catalog_path: Path) -> dict[Path, str]:
    """Studies that cannot run on a catalog because it lacks a cohort of theirs, and why; not those that name it as theirs.

    Whatever cannot be read is not left out: it has faults to be told.
    """
    from tasks.modelling.evaluation.study import load_study

    found: dict[Path, str] = {}
    for path in studies:
        try:
            plan, known = load_study(path), load_catalog(catalog_path).cohorts
        except ConfigError:
            continue
        lacking = [name for name in plan.all_cohorts if name not in known]
        own = (path.resolve().parent / plan.catalog).resolve() if plan.catalog else None
        if lacking and own != catalog_path.resolve():
            found[path] = f"this catalog has no cohort {', '.join(lacking)}" + (f"; {own} has" if own else "")
    return found


def _ready_tables(catalog: Catalog, cohort: str) -> list[ReadyTable]:
    tables = catalog.cohorts[cohort].tables if cohort in catalog.cohorts else ()
    return [table for table in tables if isinstance(table, ReadyTable)]


def _times_of(document: Document, place: int, by: str, cohorts: Sequence[Cohort]) -> list[Fault]:
    """What is wrong with the variable of a temporal split; volumes of images are numbers of every cohort with images."""
    if by.startswith("volume_") or not cohorts:
        return []
    if any(by in one.variables and one.variables[by].role == "outcome" for one in cohorts):
        return []  # which is told with its own reason
    numbers = [
        {name for name, variable in one.variables.items() if variable.type == "number" and variable.role != "outcome"}
        for one in cohorts
    ]
    if all(by in one for one in numbers):
        return []
    shared = sorted(set.intersection(*numbers))
    what = f'"{by}" is no number of its cohorts' if by else "say by which variable cases are earlier or later"
    where, allowed = document.where(("splits", place)), ", ".join(shared) or "none"
    return [Fault(where, f"the split temporal: {what}", allowed=allowed, hint=did_you_mean(by, shared))]


def _study_faults(document: Document, study: "StudySettings", catalog: Catalog) -> list[Fault]:
    """Words of a study that the catalog or the recipes do not know."""
    from flows.change import known_blocks
    from flows.step_faults import encoding_faults, step_faults
    from tasks.modelling.evaluation.study import Study
    from tasks.modelling.splits.temporal import Temporal

    if not isinstance(study, Study):
        from flows.association_faults import association_faults

        return association_faults(document, study, catalog)
    faults: list[Fault] = []

    def known(loc: Sequence[str | int], what: str, word: str, words: Iterable[str]) -> None:
        words = list(words)
        if word not in words:
            hint = did_you_mean(word, words)
            faults.append(Fault(document.where(loc), f"unknown {what}", f'"{word}"', ", ".join(words), hint))

    lists = {"cohorts": study.cohorts, "external": study.external}
    for key, i, name in ((key, i, name) for key, names in lists.items() for i, name in enumerate(names)):
        known((key, i), "cohort", name, catalog.cohorts)
        if name in catalog.cohorts:
            cohort = catalog.cohorts[name]
            known(("endpoint",), f"endpoint of cohort {name}", study.endpoint, cohort.endpoints)
            known(("predict_at",), f"time point of cohort {name}", study.predict_at, cohort.timepoints)
            for j, delta in enumerate(study.deltas):
                for end in (end for end in ("since", "until") if getattr(delta, end) is not None):
                    loc = ("deltas", j, end)
                    known(loc, f"time point of cohort {name}", getattr(delta, end), cohort.timepoints)
                faults += delta_faults(document.where(("deltas", j)), delta, study.predict_at, cohort)
            endpoint = cohort.endpoints.get(study.endpoint)
            for j, model in enumerate(candidate.model for candidate in study.models):
                if endpoint is not None and endpoint.kind not in model.predictable:
                    what = f"{model.kind} predicts {', '.join(sorted(model.predictable))}, {study.endpoint} is {endpoint.kind}"
                    faults.append(Fault(document.where(("models", j)), what))
    cohorts = {name: catalog.cohorts[name] for name in study.all_cohorts if name in catalog.cohorts}
    endpoint = next((one.endpoints.get(study.endpoint) for one in cohorts.values()), None)
    if study.horizons and endpoint is not None and not isinstance(endpoint, Timed):
        what, hint = f"horizons are days of follow-up, {study.endpoint} is {endpoint.kind}", "leave them out"
        faults.append(Fault(document.where(("horizons",)), what, hint=hint))
    for j, claim in enumerate(study.claims):
        if claim.metric and endpoint is not None:
            metrics = (*endpoint.metrics, *endpoint.further_metrics)
            known(
                ("claims", j, "metric"), f"metric of {study.endpoint}, which is {endpoint.kind}", claim.metric, metrics
            )
    if not faults and study.deltas:
        try:
            same_spans(study.deltas, {name: one.timepoints for name, one in cohorts.items()}, study.predict_at)
        except RadweaveError as error:
            faults.append(Fault(document.where(("deltas",)), str(error)))
    try:
        check_same_endpoint(cohorts, study.endpoint)
    except RadweaveError as error:
        faults.append(Fault(document.where(("endpoint",)), str(error)))
    tables = [table for name in study.cohorts if name in catalog.cohorts for table in catalog.cohorts[name].tables]
    for j, split in enumerate(study.splits):
        if split.kind == "given" and not any(table.split for table in tables):
            what, hint = "no table of its cohorts has a split", "name the column by `split` of a table in the catalog"
            faults.append(Fault(document.where(("splits", j)), what, hint=hint))
        by = split.by if isinstance(split, Temporal) else ""
        if isinstance(split, Temporal):
            faults += _times_of(document, j, by, list(cohorts.values()))
        if any(by in one.variables and one.variables[by].role == "outcome" for one in cohorts.values()):
            what = f"{by} is an outcome: whom it puts later is not known at the prediction"
            faults.append(
                Fault(document.where(("splits", j, "by")), what, hint="name a year, or a date, of the beginning")
            )
    timed = any(isinstance(table, ReadyTable) and table.timepoint for table in tables)
    if study.visits == "each" and not study.recipes and not timed:
        what = "visits: each needs images, or tables whose rows are of time points"
        hint = "name recipes, or declare the timepoint of a ready-made table in the catalog"
        faults.append(Fault(document.where(("visits",)), what, "none of them", hint=hint))
    used = study.used_blocks & {table.block for table in tables}
    for i, name in enumerate(study.external):
        own = {table.block for table in catalog.cohorts[name].tables} if name in catalog.cohorts else used
        for block in sorted(used - own):
            what = f'the external cohort has no table of the block "{block}", on which models train'
            faults.append(
                Fault(document.where(("external", i)), what, f"tables of {', '.join(sorted(own)) or 'no block'}")
            )
    faults += step_faults(document, study, catalog)
    named, found = study_recipes(document, study, catalog)
    faults += found
    offered = {extractor.study_block for one in named for extractor in one.recipe.extractors}
    unread = len(named) < len(study.recipes)
    words = known_blocks(study, catalog)
    if study.signatures and BLOCK in {table.block for table in tables}:
        what = f'the block "{BLOCK}" is one of a ready-made table of its cohorts, and that of its signatures'
        faults.append(Fault(document.where(("signatures",)), what, hint="name the table's block otherwise"))
    if not unread and not used:  # a ready-made table may hold descriptors too
        faults += encoding_faults(document, study, [one.recipe for one in named])
    if not unread:
        faults += control_faults(document, study, [one.recipe for one in named])
    for i, delta in enumerate(study.deltas):
        for j, block in enumerate(delta.blocks):
            known(("deltas", i, "blocks", j), "block", block, [word for word in words if word != IMAGES])
            ready = [t for name in study.all_cohorts for t in _ready_tables(catalog, name) if t.block == block]
            if ready and not any(table.timepoint for table in ready):
                what, hint = (
                    f'the block "{block}" has no time points',
                    "declare the timepoint of its tables in the catalog",
                )
                faults.append(Fault(document.where(("deltas", i, "blocks", j)), what, hint=hint))
    for word, part in study.parts.items():
        known(("parts", word, "of"), "block", part.of, words)
        if word in words:
            faults.append(Fault(document.where(("parts", word)), f'the part "{word}" has the name of a block'))
    for name, blocks in study.blocks.items():
        for i, word in enumerate(blocks):
            known(("blocks", name, i), "block", word, [*words, *study.parts])
            block = block_of_word(word, study.parts)
            if block in ("radiomics", "deep", IMAGES) and block not in offered and not unread:
                what = f'the block "{block}" comes from no recipe of the study'
                what += "; the extractor samples gives it" if block == IMAGES else ""
                faults.append(Fault(document.where(("blocks", name)), what, allowed=", ".join(sorted(offered))))
            if block == "region" and not study.recipes:
                faults.append(
                    Fault(document.where(("blocks", name)), "the block region needs a recipe: it names the modality")
                )
    return faults
