"""standardise: the landmarks of a cohort's images, to which recipes bring the histograms of others."""

from collections import Counter
from pathlib import Path
from typing import Annotated

from prefect import flow

from features.core.catalog.catalog import load_catalog
from features.core.catalog.targets import one_image
from features.core.errors import RadweaveError, hint_sentence
from features.core.kinds.normaliser import FittedOn
from features.core.storage.place import open_place, write_bytes
from features.core.storage.store import Store
from features.images.index.file_cache import FileCache
from features.results.known_results import KnownResults
from features.results.withdraw import withdrawn_cases
from features.results.work import fits, plan_scans
from flows.commands.keys import store_key
from flows.serving.engine import run_body, run_step
from flows.serving.parameters import Choice, checked, titled
from flows.wanted import check_fit, recipe_named
from tasks.index import index_scans
from tasks.measure import measure_scans
from tasks.running.pool import DEFAULT_RUNNER, AnyRunner, Pool
from tasks.running.runner import Runner
from tasks.standardise import find_landmarks


@flow(name="standardise", flow_run_name="landmarks of {cohort}", persist_result=False, validate_parameters=False)
@checked
def standardise(
    cohort: Annotated[str, titled("Cohort")],
    recipe: Annotated[str, titled("Recipe")],
    out: Annotated[str, titled("File of the landmarks")],
    centres: Annotated[list[str], titled("Centres")] = [],  # noqa: B006 - the default of the form
    runner: Annotated[AnyRunner, Choice(), titled("Runner")] = DEFAULT_RUNNER,
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> str:
    """Fit landmarks on every image of a cohort that passes the checks and fits the recipe; returns what was done.

    Args:
        cohort: cohort of the catalog, none of those that studies will validate
        recipe: recipe that tells modality, unit and bias correction of the images: a name, or the path of a YAML file
        out: path of the JSON file that is written
        centres: only images of these centres; none means all
        runner: where the work is done: threads, processes, or a Dask cluster
        catalog: path of the data catalog
        store: folder of the results
    """
    return run_body(lambda _: _standardise(cohort, recipe, Path(out), tuple(centres), Path(catalog), store, runner))


def _standardise(
    cohort: str, name: str, out: Path, centres: tuple[str, ...], catalog: Path, place: str, runner: Runner
) -> str:
    declared, store = load_catalog(catalog), Store(open_place(place))
    declared.root(cohort)  # an unknown cohort or a missing folder is said before anything is computed
    recipe = recipe_named(name, declared, store, cohort)
    check_fit(declared, cohort, [recipe])
    centres_there = declared.cohort(cohort).centres
    for centre in centres:
        if centre not in centres_there:
            hint = hint_sentence(centre, centres_there)
            raise RadweaveError(
                f'cohort "{cohort}" has no centre "{centre}"; it has {", ".join(centres_there)}. {hint}'.strip()
            )
    target = one_image(declared.cohort(cohort), recipe)
    origin = FittedOn(
        cohort=cohort,
        image=target.image if target.is_image_named else "",
        centres=centres,
        modality=recipe.modality,
        unit=recipe.unit,
        bias_correction=recipe.bias_correction,
    )
    key = store_key(store, catalog)
    with Pool(runner) as pool, store.writing(cohort):
        known, cache = KnownResults(store, cohort), FileCache.load(store.files(cohort), key)
        index = run_step(index_scans, catalog, cohort, cache, withdrawn=withdrawn_cases(store))
        usable = run_step(measure_scans, plan_scans(index.scans, ()), known, pool, cohort)
        passed = [plan.scan for plan in usable]
        scans = [scan for scan in passed if fits(scan, recipe) and (not centres or scan.centre in centres)]
        data, left_out = run_step(find_landmarks, scans, origin, pool)
    write_bytes(out, data)
    codes = ", ".join(f"{code} {count}" for code, count in sorted(Counter(one.code for one in left_out).items()))
    return f"{out}: landmarks of {cohort}" + (f"; images left out: {codes}" if codes else "")
