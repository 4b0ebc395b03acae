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
from features.fusion.meant_endpoint import endpoint_of
from features.fusion.sources import Source, measured_sources, stability_parts
from features.fusion.stable import stability_digests
from features.results.manifest import Mart
from features.results.prefixes import recipe_targets
from features.results.schemas import IMAGE_BLOCKS
from tasks.modelling.evaluation.asked import recipes_asked
from tasks.modelling.evaluation.study import Study
from tasks.modelling.signatures.signature import Signature, every_of
from tasks.modelling.study_settings import StudySettings

READ = ("region", "clinical", "genomic", "quarantine")  # of the mart, beside the features of a study's recipes
STEPS = (
    "tasks.signatures",
    "tasks.fuse",
    "tasks.fit",
    "tasks.report",
)  # modules of the tasks that a study runs, one after the other
ASSOCIATION_STEPS = ("tasks.fuse", "tasks.associate", "tasks.association_report")  # of a study that does not predict
CODE = "code of radweave"
STABILITY = "stability of its cohorts"  # as measured under perturbation; reports show it beside scores
SECTIONS = "tasks.reports.sections"  # kinds of every report
ASSOCIATION_SECTIONS = "tasks.reports.association_sections"
METRICS, FIGURES = "tasks.modelling.metrics", "tasks.reports.outcome_figures"  # where kinds lie that an endpoint names


def study_provenance(
    plan: StudySettings,
    recipes: Sequence[Recipe],
    mart: Mart,
    catalog: Catalog,
    *,
    refreshed_by: str = "",
    signatures: Sequence[Signature] = (),
) -> dict[str, str]:
    """What decides a study's results: its settings, the tables of the mart that it reads, and the code that computes.

    refreshed_by: what `radweave refresh COHORT` needs to know besides the cohort to build its recipes, for messages. signatures:
    those of its settings; what decides them decides the study, and so do the tables that they read in its cohorts.
    """
    every = every_of(signatures)
    cohorts = tuple(dict.fromkeys((*plan.all_cohorts, *(name for one in every for name in one.plan.cohorts))))
    if not mart.manifest.files:
        command = f"run radweave refresh {' '.join(cohorts)}{refreshed_by}"
        raise StoreError(f"{mart.store.root}: the store is empty: {command}")
    found = {"study settings": plan.digest(), "recipes": digest_json([recipe.settings for recipe in recipes])}
    found |= {f"signature {one.name}": one.digest() for one in signatures}
    for name in cohorts:
        if name not in mart.manifest.cohorts:
            raise StoreError(f'the store has no cohort "{name}": run radweave refresh {name}{refreshed_by}')
        readers: list[tuple[StudySettings, tuple[Recipe, ...]]] = []
        readers += [(plan, tuple(recipes))] if name in plan.all_cohorts else []
        readers += [(one.plan, one.recipes) for one in every if name in (*plan.all_cohorts, *one.plan.cohorts)]
        read = [_tables(reader, asked, mart, catalog, name) for reader, asked in readers]
        found[f"tables of {name}"] = digest_json(read[0] if len(read) == 1 else read)
    scores: dict[str, list[str]] = {}
    for reader, asked in [(plan, tuple(recipes)), *((one.plan, one.recipes) for one in every)]:
        if reader.stable is not None:
            of = dict.fromkeys((*plan.all_cohorts, *reader.cohorts))
            measured = [one for name in of for one in recipe_targets(catalog.cohort(name), asked)]
            scores.setdefault(reader.stable.cohort, []).extend(
                stability_digests(mart.store, reader.stable.cohort, measured)
            )
    found |= {f"stability of {name}": digest_json(told) for name, told in scores.items()}
    own = stability_parts(mart.store, plan.cohorts, measured_by(plan, recipes, catalog))
    found |= {STABILITY: digest_json(own)} if own else {}
    return {**found, **_code(plan, catalog, every), "radweave": version("radweave")}


def _tables(plan: StudySettings, recipes: Sequence[Recipe], mart: Mart, catalog: Catalog, name: str) -> list[object]:
    """What a study reads of a cohort: digests of its tables, and what is declared of them."""
    declared = catalog.cohort(name).model_dump(mode="json", include={"variables", "endpoints", "timepoints"})
    ready = _ready_tables(plan, catalog.cohort(name))
    visits = ("visits",) if plan.deltas or plan.visits == "each" else ()
    read = {
        table: file.sha256
        for table in (*READ, *visits, *sorted({one.block for one in ready}))
        if (file := mart.manifest.file(table, name))
    }
    names = [recipe.name for recipe in recipes_asked(plan, recipes)]
    features = [file.sha256 for block in IMAGE_BLOCKS for file in mart.manifest.parts(block, name, names)]
    told = [table.model_dump(mode="json") for table in ready]
    return [read, features, declared, *([told] if told else [])]


def measured_by(plan: StudySettings, recipes: Sequence[Recipe], catalog: Catalog) -> list[tuple[Recipe, Target]]:
    """The recipes with the images and ROIs of the cohorts that train, each once."""
    pairs = (one for name in plan.cohorts for one in recipe_targets(catalog.cohort(name), recipes))
    return list({(recipe.name, target): (recipe, target) for recipe, target in pairs}.values())


def study_sources(
    plan: Study, recipes: Sequence[Recipe], catalog: Catalog, store: Store, design: Design
) -> tuple[Source, ...]:
    """The sources of the columns of a study's sets of blocks, where the stability of any was measured in one of its cohorts."""
    used = design.columns(*{word for words in plan.blocks.values() for word in words})
    return measured_sources(store, plan.cohorts, measured_by(plan, recipes, catalog), used)


def _ready_tables(plan: StudySettings, cohort: Cohort) -> list[ReadyTable]:
    """The ready-made tables that a study reads: of blocks that it names, and those that tell a split."""
    named = plan.used_blocks | {block for one in plan.deltas for block in one.blocks}
    return [t for t in cohort.tables if isinstance(t, ReadyTable) and (t.block in named or t.split is not None)]


def _code(plan: StudySettings, catalog: Catalog, signatures: Sequence[Signature]) -> dict[str, str]:
    """The digest of the sources that fuse, fit and report this study, and the versions of the libraries that they import."""
    kinds = _kinds(plan, catalog).union(*(_kinds(one.plan, catalog) for one in signatures))
    own = {*STEPS, *modules_in(SECTIONS)} if isinstance(plan, Study) else association_modules()
    sources = sources_of({*own, *kinds})
    return {CODE: sources.digest, **versions_of(sources.libraries)}


def association_modules() -> set[str]:
    """What every study without a prediction runs. SECTIONS: the package alone, in whose folder templates lie that both share."""
    return {*ASSOCIATION_STEPS, *modules_in(ASSOCIATION_SECTIONS), SECTIONS}


def _kinds(plan: StudySettings, catalog: Catalog) -> set[str]:
    """The modules of the kinds that a study names."""
    kinds = {type(kind).__module__ for kind in plan.kinds()}
    for name in plan.all_cohorts:
        for endpoint in (endpoint_of(catalog.cohort(name), word) for word in plan.endpoints):
            if endpoint is not None:
                kinds |= kinds_of(endpoint) if isinstance(plan, Study) else {type(endpoint).__module__}
    return kinds


def kinds_of(endpoint: Endpoint) -> set[str]:
    """The modules of an endpoint, and of the metrics and figures that it names."""
    metrics = (*endpoint.metrics, *endpoint.further_metrics)
    named = (*(f"{METRICS}.{kind}" for kind in metrics), *(f"{FIGURES}.{kind}" for kind in endpoint.figures))
    return {type(endpoint).__module__, *named}
