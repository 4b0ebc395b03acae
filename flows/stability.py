"""stability: which features of a cohort stay the same if its regions are perturbed a little."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

from prefect import flow

from features.core.catalog.catalog import load_catalog
from features.core.errors import RadweaveError, hint_sentence
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.storage.place import open_place
from features.core.storage.store import Store
from features.images.index.file_cache import FileCache
from features.radiomics.reliability import Reliability
from features.radiomics.stability import load_perturbations
from features.results.known_results import KnownResults
from features.results.measure_visit import after_checks
from features.results.prefixes import feature_prefix, recipe_targets
from features.results.withdraw import withdrawn_cases
from features.results.work import plan_scans
from flows.commands.keys import store_key
from flows.ready import check_devices, check_needs
from flows.refresh import tell_spoilt
from flows.serving.engine import gpu_slot, run_body, run_step
from flows.serving.parameters import Choice, checked, titled
from flows.wanted import check_fit, recipe_named, recipes_for
from tasks.index import index_scans
from tasks.measure import measure_scans
from tasks.running.pool import DEFAULT_RUNNER, AnyRunner, Pool
from tasks.running.runner import Runner
from tasks.stability import measure_stability

PERTURBATIONS = Path(__file__).parent / "perturbations.yaml"


@flow(name="stability", flow_run_name="stability of {cohort}", persist_result=False, validate_parameters=False)
@checked
def stability(
    cohort: Annotated[str, titled("Cohort")],
    recipe: Annotated[str, titled("Recipe")] = "",
    extractors: Annotated[list[str], titled("Extractors")] = [],  # noqa: B006 - the default of the form
    perturbations: Annotated[str, titled("Perturbations")] = "",
    runner: Annotated[AnyRunner, Choice(), titled("Runner")] = DEFAULT_RUNNER,
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> dict[str, list[Reliability]]:
    """Measure features on perturbed regions, by what begins their columns; what was measured before is not measured again.

    Args:
        cohort: cohort of the catalog
        recipe: recipe whose features are measured: a name, or the path of a YAML file; none means all that a refresh extracts
        extractors: extractors of the recipe, by the words that begin their columns; none means all
        perturbations: path of a YAML file; none means those that come with radweave
        runner: where the work is done: threads, processes, or a Dask cluster
        catalog: path of the data catalog
        store: folder of the results
    """
    chosen = Path(perturbations or PERTURBATIONS)
    return run_body(lambda _: _stability(cohort, recipe, extractors, chosen, Path(catalog), store, runner))


def _stability(
    cohort: str, name: str, words: Sequence[str], file: Path, catalog: Path, place: str, runner: Runner
) -> dict[str, list[Reliability]]:
    perturbations, store, declared = load_perturbations(file), Store(open_place(place)), load_catalog(catalog)
    declared.root(cohort)  # an unknown cohort or a missing folder is said before anything is computed
    recipes = (recipe_named(name, declared, store, cohort),) if name else recipes_for(declared, cohort)
    check_fit(declared, cohort, recipes)
    _check_words(recipes, words)
    wanted = [one for recipe in recipes for one in recipe.extractors if _is_wanted(one, words)]
    if not wanted:
        named = ", ".join(recipe.name for recipe in recipes)
        raise RadweaveError(
            f"{named}: it shows images to networks and has no features, whose stability could be measured"
        )
    check_needs(wanted)
    found: dict[str, list[Reliability]] = {}
    key = store_key(store, catalog)
    with Pool(runner) as pool, store.writing(cohort):
        check_devices(wanted, pool)
        known, cache = KnownResults(store, cohort), FileCache.load(store.files(cohort), key)
        index = run_step(index_scans, catalog, cohort, cache, withdrawn=withdrawn_cases(store))
        run_step(measure_scans, plan_scans(index.scans, ()), known, pool, cohort)
        plans = plan_scans(index.scans, recipes, refused=index.refused, absent=index.absent)
        works = after_checks(plans, known)
        for recipe, target in recipe_targets(declared.cohort(cohort), recipes):
            for extractor in recipe.extractors:
                if _is_wanted(extractor, words):
                    prefix = feature_prefix(recipe, extractor.word, target)
                    own = [work for work in works if work.prefix == prefix]
                    with gpu_slot() if extractor.batched else nullcontext():
                        found[prefix] = run_step(measure_stability, cohort, own, perturbations, known, pool)
        tell_spoilt(known)
    return found


def _is_wanted(extractor: Extractor, words: Sequence[str]) -> bool:
    """What shows images has no features that could be stable."""
    return not extractor.gives and (not words or extractor.word in words)


def _check_words(recipes: Sequence[Recipe], words: Sequence[str]) -> None:
    every = (extractor for recipe in recipes for extractor in recipe.extractors)
    there = list(dict.fromkeys(extractor.word for extractor in every if not extractor.gives))
    for word in words:
        if word not in there:
            hint = hint_sentence(word, there)
            raise RadweaveError(f'no recipe has an extractor "{word}"; there are {", ".join(there)}. {hint}'.strip())
