"""refresh: from files to the mart. Only what is missing is computed; everything else is found under its address."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from features.core.case import Target
from features.core.catalog.catalog import Catalog, load_catalog
from features.core.errors import DataError, RadweaveError, StoreError
from features.core.kinds.recipe import Recipe, differing
from features.core.pseudonym import load_key
from features.core.storage.place import open_place
from features.core.storage.store import Store
from features.images.index.file_cache import FileCache
from features.results.known_results import KnownResults
from features.results.manifest import newest
from features.results.measure_visit import after_checks, load_libraries
from features.results.pages import page_lack
from features.results.prefixes import leaving, recipe_targets
from features.results.published import Published
from features.results.visits import find_visits, without_disorder
from features.results.withdraw import finish_withdrawals, withdrawn_cases
from features.results.work import plan_scans
from flows.commands.keys import store_key
from flows.commands.options import place_options
from flows.commands.upkeep import unfinished
from flows.named import name_of, recipe_files
from flows.ready import check_devices, check_needs
from flows.serving.artifacts import Board
from flows.serving.engine import gpu_slot, name_run, run_body, run_step, say
from flows.serving.parameters import Choice, checked, titled
from flows.staleness import newly_stale, stale_sentence
from flows.threshold import check_threshold, scans_in_quarantine
from flows.wanted import Asked, held_recipes, meant_names, recipes_for
from tasks.draw_quality import write_quality_page
from tasks.extract import extract_features
from tasks.index import index_scans
from tasks.measure import measure_scans
from tasks.publish import publish_mart
from tasks.retrieve import Retrieval, retrieve_series
from tasks.running.pool import DEFAULT_RUNNER, AnyRunner, Pool
from tasks.running.runner import Runner
from tasks.tables import read_tables

MOST_NAMED = 20  # damaged results that a line names


def _name() -> str:
    return "refresh " + ("+".join(map(str, flow_run.parameters["cohorts"] or ())) or "all cohorts")


@flow(name="refresh", flow_run_name=_name, persist_result=False, validate_parameters=False)
@checked
def refresh(
    cohorts: Annotated[list[str], titled("Cohorts")] = [],  # noqa: B006 - Prefect shows it as the default of the form
    recipes: Annotated[list[str], titled("Recipes")] = [],  # noqa: B006
    studies: Annotated[list[str], titled("Studies")] = [],  # noqa: B006
    runner: Annotated[AnyRunner, Choice(), titled("Runner")] = DEFAULT_RUNNER,
    failure_threshold: Annotated[float, Field(ge=0, le=1), titled("Failure threshold")] = 0.2,
    rehash: Annotated[bool, titled("Read every byte again")] = False,
    drop: Annotated[list[str], titled("Recipes to drop")] = [],  # noqa: B006
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> list[Published]:
    """Bring the mart up to date: index, check, extract and publish. What did not change is not computed again.

    Args:
        cohorts: cohorts of the catalog; none means all whose files are here
        recipes: recipes to extract where they fit, instead of those by default: names of radweave's and of
            those beside the catalog, or paths of YAML files. What the tables hold stays, and is kept up to date
        studies: studies whose recipes are extracted in their cohorts, instead of those by default: names, or paths
        runner: where the work is done: threads, processes, or a Dask cluster
        failure_threshold: share of a cohort's scans that may be newly quarantined before the run ends as Failed
        rehash: also of files whose size and modification time did not change
        drop: recipes that the tables need not keep; a refresh that would lose columns of others is refused
        catalog: path of the data catalog
        store: folder of the results
    """
    path = Path(catalog)
    wish = Wish(tuple(recipes), tuple(studies), tuple(drop))
    return run_body(lambda board: _watched(board, cohorts, wish, path, store, runner, failure_threshold, rehash))


@dataclass(frozen=True)
class Wish:
    """What is to be extracted, in words: recipes and studies by name or file, and recipes that need not stay."""

    recipes: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


def _watched(
    board: Board,
    cohorts: list[str],
    wish: Wish,
    path: Path,
    place: str,
    runner: Runner,
    failure_threshold: float,
    rehash: bool,
) -> list[Published]:
    """The refresh with what is shown of it. The mart is published before too many rejections end the run as Failed."""
    store = Store(open_place(place))
    names = cohorts or _available(load_catalog(path))
    before = {name: scans_in_quarantine(store, name) for name in names}
    published = _refresh(names, wish, path, store, runner, rehash)
    for one in published:
        board.refreshed(one, store)
    name_run(f"refresh {'+'.join(names)} → {', '.join(str(one.refresh) for one in published)}")
    if changed := [one.cohort for one in published if one.changed]:
        stale = newly_stale(store, path, changed)
        for run in stale:
            say(stale_sentence(run, place_options(str(path), place)))
        board.stale({run.study: run.why for run in stale})
    check_threshold(store, published, before, failure_threshold)
    return published


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
        raise DataError("no cohort of the catalog is here: " + "; ".join(absent))
    for message in absent:
        say(f"not refreshed: {message}")
    return found


def _refresh(names: list[str], wish: Wish, path: Path, store: Store, runner: Runner, rehash: bool) -> list[Published]:
    catalog = load_catalog(path)
    for name in names:
        catalog.root(name)
    chosen = _choose(names, wish, catalog, store)  # what is missing is said before anything is computed
    published = []
    store_key(store, path)  # before anything is read or made
    for one in finish_withdrawals(store):
        say(unfinished(one.case, one.unread) if one.unread else f"the withdrawal of {one.case} was finished")
    with Pool(runner) as pool:
        check_devices((one for own in chosen.values() for recipe in own for one in recipe.extractors), pool)
        for name in names:
            with store.writing(name):
                published.append(refresh_cohort(name, chosen[name], path, store, pool, rehash=rehash))
    return published


def _choose(names: list[str], wish: Wish, catalog: Catalog, store: Store) -> dict[str, tuple[Recipe, ...]]:
    """The recipes of each cohort. Raises RadweaveError if one is missing, or columns would be lost."""
    asked = Asked.of(catalog, names, wish.recipes, wish.studies)
    drop = {name_of(one) for one in wish.drop}
    chosen = {}
    for name in names:
        state = KnownResults(store, name).state
        meant = meant_names(catalog, name, asked)
        chosen[name] = recipes_for(catalog, name, asked, held_recipes(catalog, name, state, drop | meant))
        check_needs(one for recipe in chosen[name] for one in recipe.extractors)
        for recipe in chosen[name]:
            if state is not None and recipe.name in state.recipes:
                _tell_change(name, state.recipes[recipe.name], recipe)
        check_columns_stay(store, name, recipe_targets(catalog.cohort(name), chosen[name]), drop)
    return chosen


def _tell_change(cohort: str, before: Mapping[str, Any], recipe: Recipe) -> None:
    """Say that a file's recipe is another one than the tables hold under its name."""
    if settings := differing(before, recipe.settings):
        what = f"its {', '.join(settings)} changed since the last refresh"
        say(f"cohort {cohort}: recipe {recipe.name}: {what}; what it decides is computed again")


def check_columns_stay(
    store: Store, cohort: str, measured: Sequence[tuple[Recipe, Target]], drop: Collection[str]
) -> None:
    """Raises RadweaveError if the tables of a cohort would lose columns of a recipe that `drop` does not name.

    So does a refresh by an installation that lacks a recipe, or has an older one with fewer extractors.
    """
    state = KnownResults(store, cohort).state
    gone = leaving(state.settings if state else {}, measured)
    refused = {name: prefixes for name, prefixes in gone.items() if name not in drop}
    if not refused:
        return
    built = {recipe.name for recipe, _ in measured}
    here = {*recipe_files(), *(state.recipes if state else ())}
    told = []
    for name, prefixes in refused.items():
        why = "has fewer extractors, images or ROIs here" if name in built else "fits no image of the cohort any more"
        told.append(
            f'{", ".join(f"{one}*" for one in prefixes)} (recipe "{name}" {why if name in here | built else "is not here"})'
        )
    raise RadweaveError(
        f'cohort "{cohort}": this refresh would drop columns that its tables hold: {"; ".join(told)}. Name the recipe '
        f"or its file by --recipe, or drop its columns on purpose: {' '.join(f'--drop {name}' for name in refused)}"
    )


def refresh_cohort(
    name: str, recipes: Sequence[Recipe], catalog: Path, store: Store, pool: Pool, *, rehash: bool = False
) -> Published:
    """Bring the tables of one cohort up to date; the caller holds the cohort's lock."""
    own = [recipe for recipe in recipes if recipe.name not in recipe_files()]
    known, key = KnownResults(store, name), load_key()
    cache = FileCache.load(store.files(name), key)
    declared = load_catalog(catalog).cohort(name)
    if declared.images and cache.is_empty:  # the first refresh: while files are read, the workers load their libraries
        pool.warm(partial(load_libraries, recipes))
    tables = run_step(read_tables, catalog, name, known, FileCache(None, key) if rehash else cache)
    withdrawn = withdrawn_cases(store)
    retrieval = Retrieval()
    if declared.has_pacs:
        retrieval = run_step(retrieve_series, catalog, name, again=rehash, withdrawn=withdrawn)
    for message in retrieval.messages:
        say(message)
    index = run_step(index_scans, catalog, name, cache, rehash=rehash, withdrawn=withdrawn)
    index = retrieval.added_to(index)
    for row in index.warned:
        say(f"cohort {name}, centre {row.centre}, {row.modality}: {row.message}")
    visits = find_visits(declared, index.days, tables.days)
    index, tables = without_disorder(index, tables, visits)
    plans = plan_scans(index.scans, recipes, refused=index.refused, absent=index.absent)
    run_step(measure_scans, plans, known, pool, name)
    follow = after_checks(plans, known)
    for recipe in recipes:
        for extractor in recipe.extractors:
            if extractor.batched:
                works = [work for work in follow if (work.recipe, work.extractor) == (recipe, extractor)]
                with nullcontext() if extractor.gives else gpu_slot():  # what is only shown needs no device
                    run_step(extract_features, works, known, pool)
    tell_spoilt(known)
    measured = recipe_targets(declared, recipes)
    published = run_step(publish_mart, index, plans, measured, tables, known, own, visits)
    lack = "" if published.changed else _lack_of_pages(store, name)
    if published.changed or lack:
        run_step(write_quality_page, store, name)
    _tell_mended(known, cache, lack)
    return published


def _lack_of_pages(store: Store, cohort: str) -> str:
    """Why the quality pages are to be written although nothing changed: a run was killed, or they were damaged."""
    try:
        return page_lack(store, newest(store), cohort)
    except StoreError as error:
        return str(error)


def tell_spoilt(known: KnownResults) -> None:
    """Say which per-case results were damaged and are computed again, in one line."""
    if known.spoilt:
        names = [str(path.relative_to(known.store.root)) for path in known.spoilt]
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        what = "result was" if len(names) == 1 else "results were"
        say(f"computed again: {len(names)} {what} damaged: {', '.join(names[:MOST_NAMED])}{more}")


def _tell_mended(known: KnownResults, cache: FileCache, lack: str) -> None:
    """Say what was damaged or left unfinished and is made anew."""
    for message in known.damaged:
        say(f"taken from work/ again: {message}")
    for message in filter(None, (cache.damaged, lack)):
        say(f"made again: {message.split('; ')[0]}")
    if known.mended:
        numbers = ", ".join(map(str, known.mended))
        say(f"made again: the views of refreshes {numbers}, which were not their tables")
