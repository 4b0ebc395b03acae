"""Cohorts of many images, regions and visits through the door: the same tables by every runner, also if a worker is killed."""

import hashlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from features.core.kinds.recipe import Recipe, load_recipe
from features.core.storage.store import Store
from features.results.manifest import Mart
from features.results.verify import verify
from features.simulate.simulator import SIMULATORS, simulate
from flows.refresh import refresh_cohort
from tasks.running.pool import AnyRunner, Pool
from tasks.running.runners.dask import Dask
from tasks.running.runners.processes import Processes
from tasks.running.runners.threads import Threads

pytestmark = pytest.mark.slow
COHORT = "external"
OTHERS = [Processes(workers=2, memory_gib=2), Dask(workers=2, memory_gib=2)]
IMAGES = {
    "brain": {"t1", "t1c", "t2", "flair", "adc"},
    "pet": {"CT", "PT"},
    "rectum": {"t2", "adc", "uptake"},
    "serial": {"CT"},
}


@pytest.fixture(scope="module", params=list(IMAGES))
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, tuple[Recipe, ...]]:
    """A simulated cohort of its kind, two patients a centre, with the recipes that come with it."""
    folder = tmp_path_factory.mktemp(request.param)
    catalog = simulate(
        SIMULATORS.parse({"kind": request.param, "seed": 1, "patients_per_centre": 2}), folder / "cohort"
    )
    recipes = [load_recipe(path) for path in sorted((catalog.parent / "recipes").glob("*.yaml"))]
    return request.param, catalog, tuple(recipes)


@pytest.fixture(scope="module")
def by_threads(world: tuple[str, Path, tuple[Recipe, ...]], tmp_path_factory: pytest.TempPathFactory) -> Store:
    return refreshed(world, tmp_path_factory.mktemp("threads"), Threads(workers=1))


def refreshed(world: tuple[str, Path, tuple[Recipe, ...]], folder: Path, runner: AnyRunner) -> Store:
    _, catalog, recipes = world
    store = Store(folder / "store")
    with Pool(runner) as pool:
        refresh_cohort(COHORT, recipes, catalog, store, pool)
    return store


def digests(store: Store) -> dict[str, str]:
    """sha-256 of every table."""
    tables = sorted((store.root / "tables").rglob("*.parquet"))
    return {str(path.relative_to(store.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in tables}


def test_every_declared_image_and_region_is_in_the_tables(
    world: tuple[str, Path, tuple[Recipe, ...]], by_threads: Store
) -> None:
    kind, _, _ = world
    mart = Mart.open(by_threads)
    scans = mart.read("scans", COHORT).to_pandas()
    assert set(scans["image"]) == IMAGES[kind]
    state = mart.manifest.cohorts[COHORT]
    assert state.scans == state.used + sum(state.quarantined.values()) + (scans["state"] == "absent").sum()
    if kind == "brain":
        assert {"tumour", "oedema", "necrosis"} <= set(scans["roi"])
    if kind == "serial":
        assert scans["timepoint"].nunique() > 2


@pytest.mark.parametrize("runner", OTHERS, ids=lambda one: one.kind)
def test_every_runner_gives_the_same_tables(
    world: tuple[str, Path, tuple[Recipe, ...]], by_threads: Store, runner: AnyRunner, tmp_path: Path
) -> None:
    assert digests(refreshed(world, tmp_path, runner)) == digests(by_threads)


def test_a_worker_that_is_killed_costs_no_result(
    world: tuple[str, Path, tuple[Recipe, ...]], by_threads: Store, tmp_path: Path
) -> None:
    for trial in range(5):  # on a busy machine a refresh may come to its end before this process looks
        folder = tmp_path / str(trial)
        folder.mkdir()
        with killer(folder / "store") as killed:
            store = refreshed(world, folder, Processes(workers=2, memory_gib=2))
        assert digests(store) == digests(by_threads)
        assert verify(store).faults == ()
        if killed:
            return
    pytest.fail("no refresh was still at work when it was looked at")


@contextmanager
def killer(store: Path) -> Iterator[list[int]]:
    """Kills a process that begins within the block, once the store holds a result; which one is in the list."""
    known, ended, killed = set(children()), threading.Event(), list[int]()

    def look() -> None:
        while not killed and not ended.is_set():
            if any((store / "work").rglob("*.parquet")) and (fresh := set(children()) - known):
                os.kill(max(fresh), signal.SIGKILL)
                killed.append(max(fresh))
            time.sleep(0.02)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


def children() -> Iterator[int]:
    """Processes that this one started and that work."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            if (
                int(fields[1]) == os.getpid()
                and fields[0] != "Z"
                and b"pebble" not in path.with_name("cmdline").read_bytes()
            ):
                yield int(path.parent.name)
        except OSError:
            continue
