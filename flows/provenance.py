"""provenance: what decides a study's results. It is read off files, so that `status` need not import what computes them."""

from collections.abc import Sequence
from importlib.metadata import version

from features.core.case import Target
from features.core.catalog.catalog import Catalog, Cohort, ReadyTable
from features.core.code_digest import modules_in, sources_of
from features.core.design import Design
from features.core.digest import digest_json
from features.core.errors import StoreError
from features.core.kinds.endpoint import Endpoint
from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.core.versions import versions_of
from features.fusion.sources import Source, measured_sources, stability_parts
from features.fusion.stable import stability_digests
from features.results.manifest import Mart
from features.results.prefixes import recipe_targets
from features.results.schemas import IMAGE_BLOCKS
from tasks.modelling.evaluation.study import Study

READ = ("region", "clinical", "genomic", "quarantine")  # of the mart, beside the features of a study's recipes
STEPS = ("tasks.fuse", "tasks.fit", "tasks.report")  # modules of the tasks that a study runs, one after the other
CODE = "code of radweave"
STABILITY = "stability of its cohorts"  # as measured under perturbation; reports show it beside scores
SECTIONS = "tasks.reports.sections"  # kinds of every report
METRICS, FIGURES = "tasks.modelling.metrics", "tasks.reports.outcome_figures"  # where kinds lie that an endpoint names


def study_provenance(
    plan: Study, recipes: Sequence[Recipe], mart: Mart, catalog: Catalog, *, refreshed_by: str = ""
) -> dict[str, str]:
    """What decides a study's results: its settings, the tables of the mart that it reads, and the code that computes.

    refreshed_by: what `radweave refresh COHORT` needs to know besides the cohort to build its recipes, for messages.
    """
    if not mart.manifest.files:
        command = f"run radweave refresh {' '.join(plan.all_cohorts)}{refreshed_by}"
        raise StoreError(f"{mart.store.root}: the store is empty: {command}")
    found = {"study settings": plan.digest(), "recipes": digest_json([recipe.settings for recipe in recipes])}
    names = [recipe.name for recipe in recipes]
    for name in plan.all_cohorts:
        if name not in mart.manifest.cohorts:
            raise StoreError(f'the store has no cohort "{name}": run radweave refresh {name}{refreshed_by}')
        declared = catalog.cohort(name).model_dump(mode="json", include={"variables", "endpoints", "timepoints"})
        ready = _ready_tables(plan, catalog.cohort(name))
        visits = ("visits",) if plan.deltas or plan.visits == "each" else ()
        read = {
            table: file.sha256
            for table in (*READ, *visits, *sorted({one.block for one in ready}))
            if (file := mart.manifest.file(table, name))
        }
        features = [file.sha256 for block in IMAGE_BLOCKS for file in mart.manifest.parts(block, name, names)]
        told = [table.model_dump(mode="json") for table in ready]
        found[f"tables of {name}"] = digest_json([read, features, declared, *([told] if told else [])])
    if plan.stable is not None:
        measured = [one for name in plan.all_cohorts for one in recipe_targets(catalog.cohort(name), recipes)]
        scores = stability_digests(mart.store, plan.stable.cohort, measured)
        found[f"stability of {plan.stable.cohort}"] = digest_json(scores)
    own = stability_parts(mart.store, plan.cohorts, measured_by(plan, recipes, catalog))
    found |= {STABILITY: digest_json(own)} if own else {}
    return {**found, **_code(plan, catalog), "radweave": version("radweave")}


def measured_by(plan: Study, recipes: Sequence[Recipe], catalog: Catalog) -> list[tuple[Recipe, Target]]:
    """The recipes with the images and ROIs of the cohorts that train, each once."""
    pairs = (one for name in plan.cohorts for one in recipe_targets(catalog.cohort(name), recipes))
    return list({(recipe.name, target): (recipe, target) for recipe, target in pairs}.values())


def study_sources(
    plan: Study, recipes: Sequence[Recipe], catalog: Catalog, store: Store, design: Design
) -> tuple[Source, ...]:
    """The sources of the columns of a study's sets of blocks, where the stability of any was measured in one of its cohorts."""
    used = design.columns(*{block for found in plan.blocks.values() for block in found})
    return measured_sources(store, plan.cohorts, measured_by(plan, recipes, catalog), used)


def _ready_tables(plan: Study, cohort: Cohort) -> list[ReadyTable]:
    """The ready-made tables that a study reads: of blocks that it names, and those that tell a split."""
    named = {block for found in plan.blocks.values() for block in found} | {
        b for one in plan.deltas for b in one.blocks
    }
    return [t for t in cohort.tables if isinstance(t, ReadyTable) and (t.block in named or t.split is not None)]


def _code(plan: Study, catalog: Catalog) -> dict[str, str]:
    """The digest of the sources that fuse, fit and report this study, and the versions of the libraries that they import."""
    parts = [kind for one in plan.models for kind in (*one.steps, one.model, one.fusion)]
    kinds = {type(kind).__module__ for kind in (*parts, *plan.splits, *plan.deltas, *plan.controls)}
    for name in plan.all_cohorts:
        if plan.endpoint in catalog.cohort(name).endpoints:
            kinds |= kinds_of(catalog.cohort(name).endpoints[plan.endpoint])
    sources = sources_of({*STEPS, *kinds, *modules_in(SECTIONS)})
    return {CODE: sources.digest, **versions_of(sources.libraries)}


def kinds_of(endpoint: Endpoint) -> set[str]:
    """The modules of an endpoint, and of the metrics and figures that it names."""
    metrics = (*endpoint.metrics, *endpoint.further_metrics)
    named = (*(f"{METRICS}.{kind}" for kind in metrics), *(f"{FIGURES}.{kind}" for kind in endpoint.figures))
    return {type(endpoint).__module__, *named}
