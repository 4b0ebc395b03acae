"""refresh: from files to the mart. Only what is missing is computed; everything else is found under its address."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.context import FlowRunContext
from pydantic import Field

from features.core.catalog import Catalog, load_catalog
from features.core.errors import RadweaveError
from features.core.place import open_place
from features.core.progress import watched_by
from features.core.pseudonym import load_key
from features.core.recipe import Recipe
from features.core.store import Store
from features.images.file_cache import FileCache
from features.results.ledger import Ledger
from features.results.publish import Published
from features.results.withdraw import finish_withdrawals, withdrawn_cases
from flows.configuration import find_recipes, recipes_for
from flows.engine import log_progress, run_step, say
from tasks.check import check_scans
from tasks.extract import extract_features
from tasks.index import index_scans
from tasks.pool import Pool
from tasks.publish import publish_mart
from tasks.tables import read_tables


@flow(name="refresh", flow_run_name="refresh-{cohorts}", persist_result=False)
def refresh(
    cohorts: list[str] = [],  # noqa: B006 - Prefect shows it as the default of the form
    recipes: list[str] = [],  # noqa: B006
    catalog: str = "data_catalog.yaml",
    store: str = "store",
    workers: Annotated[int, Field(ge=0)] = 0,
) -> list[Published]:
    """Bring the mart up to date: index, check, extract and publish. What did not change is not computed again.

    Args:
        cohorts: names of cohorts of the catalog; none means all whose files are here
        recipes: names of recipes; none means every recipe that fits a cohort's modalities and units
        catalog: path of the data catalog
        store: folder of the results
        workers: processes that work side by side; 0 means one per core
    """
    names = cohorts or _available(load_catalog(Path(catalog)))
    if not FlowRunContext.get():
        return _refresh(names, recipes, Path(catalog), Store(open_place(store)), workers)
    with watched_by(log_progress):
        return _refresh(names, recipes, Path(catalog), Store(open_place(store)), workers)


def _available(catalog: Catalog) -> list[str]:
    """Cohorts whose files are here; the others are named. Raises RadweaveError if there is none."""
    found, absent = [], []
    for name in catalog.cohorts:
        try:
            catalog.root(name)
            found.append(name)
        except RadweaveError as error:
            absent.append(str(error))
    if not found:
        raise RadweaveError("no cohort of the catalog is here: " + "; ".join(absent))
    for message in absent:
        say(f"not refreshed: {message}")
    return found


def _refresh(names: list[str], recipe_names: list[str], path: Path, store: Store, workers: int) -> list[Published]:
    catalog = load_catalog(path)
    for name in names:
        catalog.root(name)  # a missing folder is said before anything is computed
    published = []
    for one in finish_withdrawals(store):
        say(f"the withdrawal of {one.case} was finished")
    with Pool(workers) as pool:
        for name in names:
            recipes = find_recipes(recipe_names) if recipe_names else recipes_for(catalog, name)
            with store.writing(name):
                published.append(refresh_cohort(name, recipes, path, store, pool))
    return published


def refresh_cohort(
    name: str, recipes: Sequence[Recipe], catalog: Path, store: Store, pool: Pool, *, rehash: bool = False
) -> Published:
    """Bring the tables of one cohort up to date; the caller holds the cohort's lock."""
    ledger = Ledger(store, name)
    key = load_key()
    cache = FileCache.load(store.files(name), key)
    tables = run_step(read_tables, catalog, name, ledger, FileCache(None, key) if rehash else cache)
    withdrawn = withdrawn_cases(store)
    index = run_step(index_scans, catalog, name, cache, rehash=rehash, withdrawn=withdrawn)
    usable = run_step(check_scans, index.scans, ledger, pool, name)
    for recipe in recipes:
        for extractor in recipe.extractors:
            run_step(extract_features, usable, recipe, extractor, ledger, pool)
    published = run_step(publish_mart, index, recipes, tables, ledger)
    for message in ledger.damaged:
        say(f"taken from work/ again: {message}")
    return published
