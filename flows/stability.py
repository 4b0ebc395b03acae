"""stability: which features of a cohort stay the same if its regions are perturbed a little."""

from pathlib import Path
from typing import Annotated

from prefect import flow

from features.core.catalog.catalog import load_catalog
from features.core.catalog.targets import targets_of
from features.core.errors import RadweaveError
from features.core.storage.place import open_place
from features.core.storage.store import Store
from features.images.index.file_cache import FileCache
from features.radiomics.reliability import Reliability
from features.radiomics.stability import load_perturbations
from features.results.known_results import KnownResults
from features.results.measure_visit import after_checks
from features.results.prefixes import feature_prefix
from features.results.withdraw import withdrawn_cases
from features.results.work import plan_scans
from flows.commands.keys import store_key
from flows.named import find_recipes
from flows.refresh import tell_spoilt
from flows.serving.engine import run_body, run_step
from flows.serving.parameters import Choice, checked, titled
from flows.wanted import check_fit
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
    recipe: Annotated[str, titled("Recipe")],
    perturbations: Annotated[str, titled("Perturbations")] = "",
    runner: Annotated[AnyRunner, Choice(), titled("Runner")] = DEFAULT_RUNNER,
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> list[Reliability]:
    """Measure the handcrafted features of a recipe on perturbed regions; what was measured before is not measured again.

    Args:
        cohort: cohort of the catalog
        recipe: recipe whose handcrafted features are measured: a name, or the path of a YAML file
        perturbations: path of a YAML file; none means those that come with radweave
        runner: where the work is done: threads, processes, or a Dask cluster
        catalog: path of the data catalog
        store: folder of the results
    """
    chosen = Path(perturbations or PERTURBATIONS)
    return run_body(lambda _: _stability(cohort, recipe, chosen, Path(catalog), store, runner))


def _stability(cohort: str, name: str, file: Path, catalog: Path, place: str, runner: Runner) -> list[Reliability]:
    perturbations, (recipe,), store = load_perturbations(file), find_recipes([name]), Store(open_place(place))
    declared = load_catalog(catalog)
    declared.root(cohort)  # an unknown cohort or a missing folder is said before anything is computed
    check_fit(declared, cohort, [recipe])
    extractors = [extractor for extractor in recipe.extractors if extractor.block == "radiomics"]
    if not extractors:
        raise RadweaveError(f"recipe {recipe.name} has no extractor of the block radiomics")
    found: list[Reliability] = []
    key = store_key(store, catalog)
    with Pool(runner) as pool, store.writing(cohort):
        known, cache = KnownResults(store, cohort), FileCache.load(store.files(cohort), key)
        index = run_step(index_scans, catalog, cohort, cache, withdrawn=withdrawn_cases(store))
        run_step(measure_scans, plan_scans(index.scans, ()), known, pool, cohort)
        plans = plan_scans(index.scans, [recipe], refused=index.refused, absent=index.absent)
        works = after_checks(plans, known)
        for target in targets_of(declared.cohort(cohort), recipe):
            for extractor in extractors:
                prefix = feature_prefix(recipe, extractor.word, target)
                own = [work for work in works if work.prefix == prefix]
                rows = run_step(measure_stability, cohort, own, perturbations, known, pool)
                found.extend(rows)
        tell_spoilt(known)
    return found
