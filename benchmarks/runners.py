"""What a runner costs: the refresh of a simulated cohort beside plain loops over the library, in one run.

    python benchmarks/runners.py --cases 64              # the simulated cohort: small DICOM and NIfTI scans of three centres
    python benchmarks/runners.py --cases 64 --clinical   # one centre's NIfTI CTs of 512 × 512 × 100 voxels

A plain loop indexes the cohort, has each of its processes check and extract every n-th scan with the library alone,
builds the mart and writes the quality page. Both sides start their processes and import the libraries within the time that
is taken. Handcrafted features only: deep features are computed by one process whatever the runner. Each arrangement is run
in turn, as often as --repeats says, and the shortest time counts.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a child imports this module first: it shall not load what `radweave refresh` would not load there
    from features.core.case import Scan
    from features.core.kinds.recipe import Recipe
    from features.core.storage.store import Store
    from tasks.running.pool import AnyRunner

MOST_OVERHEAD, LEAST_SPEED = 0.05, 1.8
RECIPE = "ct_handcrafted"


def main() -> None:
    """Simulate, run each arrangement, print the table."""
    parser = argparse.ArgumentParser(description="Runners beside plain loops.")
    parser.add_argument("--cases", type=int, default=64, help="about so many scans (default 64)")
    parser.add_argument("--clinical", action="store_true", help="CTs of clinical size (needs 50 MB of disk a case)")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each arrangement; the shortest counts")
    parser.add_argument("--dask", action="store_true", help="also a Dask cluster within this process")
    options = parser.parse_args()
    from features.core.catalog.catalog import load_catalog
    from features.core.pseudonym import load_key
    from features.core.storage.store import Store
    from features.images.index.index_cohort import index_cohort
    from features.simulate.simulate_cohort import simulate_cohort
    from tasks.running.runners.dask import Dask
    from tasks.running.runners.processes import ONE_THREAD, Processes

    os.environ.update(ONE_THREAD)  # children inherit it
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.clinical:
            catalog = clinical_cohort(folder / "cohort", options.cases)
        else:  # of three centres; every third patient has a second scan
            catalog = simulate_cohort(folder / "cohort", patients_per_centre=math.ceil(options.cases / 4), seed=1)
        os.sync()  # that the disk is still busy with the cohort is not a runner's cost
        arrangements = [("plain loop", 1, None), ("processes", 1, Processes(workers=1))]
        arrangements += [("plain loop", 2, None), ("processes", 2, Processes(workers=2))]
        arrangements += [("dask", 2, Dask(workers=2))] if options.dask else []
        seconds: dict[tuple[str, int], float] = {}
        tables = set()
        for repeat in range(options.repeats):
            for title, workers, runner in arrangements:
                store = Store(folder / f"{title}-{workers}-{repeat}")
                found = run_flow(catalog, store, runner) if runner else run_loops(catalog, store, workers)
                seconds[title, workers] = min(found, seconds.get((title, workers), math.inf))
                tables.add(mart_digest(store))
        scans = len(index_cohort(load_catalog(catalog), "builtin", load_key()).scans)
        report(seconds, scans, len(tables) == 1)


def clinical_cohort(folder: Path, cases: int) -> Path:
    """A catalog `builtin` of CTs with tissue, noise and one lesion of some 4 to 30 ml each."""
    import numpy as np

    from benchmarks.refresh import COHORT, CT, write_cohort, write_scan

    rng = np.random.default_rng(1)
    noise = rng.normal(40.0, 60.0, CT).astype(np.int16)
    catalog = write_cohort(folder, 0, 4)
    for i in range(cases):
        z, y, x = (int(rng.integers(20, n - 20)) for n in CT)
        radius = int(rng.integers(10, 20))
        ball = np.indices((2 * radius + 1,) * 3) - radius
        mask = np.zeros(CT, np.uint8)
        inside = (ball**2).sum(axis=0) <= radius**2
        mask[z - radius : z + radius + 1, y - radius : y + radius + 1, x - radius : x + radius + 1] = inside
        write_scan(folder / f"P{i:05d}", np.roll(noise, i, axis=0), mask)
    rows = "".join(f"P{i:05d},50\n" for i in range(cases))
    (folder / "clinical.csv").write_text("patient_id,age\n" + rows)
    catalog.write_text(catalog.read_text().replace(f"  {COHORT}:", "  builtin:"))
    return catalog


def run_flow(catalog: Path, store: Store, runner: AnyRunner) -> float:
    """Seconds of the refresh flow, called plainly."""
    from flows.refresh import refresh

    file = catalog.with_name(f"{RECIPE}.yaml")
    file.write_text(json.dumps(recipe().settings))  # JSON is YAML
    start = time.perf_counter()
    refresh.fn(cohorts=["builtin"], recipes=[str(file)], catalog=str(catalog), store=str(store.root), runner=runner)
    return time.perf_counter() - start


def run_loops(catalog: Path, store: Store, workers: int) -> float:
    """Seconds of plain loops in `workers` processes."""
    from features.core.catalog.catalog import load_catalog
    from features.core.pseudonym import load_key
    from features.images.index.file_cache import FileCache
    from features.images.index.index_cohort import index_cohort
    from features.results.known_results import KnownResults
    from features.results.prefixes import recipe_targets
    from features.results.publish import publish
    from features.results.work import plan_scans
    from tasks.quality.quality_page import write_quality
    from tasks.tables import read_tables

    start = time.perf_counter()
    tables = read_tables.fn(catalog, "builtin", KnownResults(store, "builtin"), FileCache(None, load_key()))
    index = index_cohort(load_catalog(catalog), "builtin", load_key())
    spawn = multiprocessing.get_context("spawn")
    parts = [spawn.Process(target=loop, args=(index.scans[part::workers], store)) for part in range(workers)]
    for process in parts:
        process.start()
    for process in parts:
        process.join()
    measured = recipe_targets(load_catalog(catalog).cohort("builtin"), [recipe()])
    publish(store, index, plan_scans(index.scans, [recipe()]), measured, tables)
    write_quality(store, "builtin")
    return time.perf_counter() - start


def loop(scans: Sequence[Scan], store: Store) -> None:
    """Check and extract scans one after the other."""
    from features.results.measure_visit import Job, Todo, measure_visit
    from features.results.work import check_of, features_of

    chosen = recipe()
    for scan in scans:
        measure_visit(Job((Todo(scan, check_of(scan), (features_of(scan, chosen, chosen.extractors[0]),)),)), store)


def recipe() -> Recipe:
    """The recipe for lung CT with its handcrafted features alone."""
    from features.core.kinds.recipe import load_recipe
    from flows.named import recipe_files

    found = load_recipe(recipe_files()["ct_lung"])
    extractors = tuple(one for one in found.extractors if not one.batched)
    return found.model_copy(update={"name": RECIPE, "extractors": extractors})


def mart_digest(store: Store) -> str:
    """One digest of the bytes of all tables."""
    from features.core.digest import digest_json
    from features.results.manifest import newest

    return digest_json({name: file.sha256 for name, file in newest(store).files.items()})


def report(seconds: dict[tuple[str, int], float], scans: int, equal: bool) -> None:
    """Print the table and what was promised."""
    print(
        f"{scans} scans, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; tables byte-equal: {'yes' if equal else 'NO'}"
    )
    print(f"{'':12}{'workers':>8}{'seconds':>10}{'to plain loop':>15}{'to one worker':>15}")
    for (title, workers), value in seconds.items():
        plain, one = seconds["plain loop", workers], seconds.get((title, 1))
        speed = f"{one / value:.2f} ×" if one else "–"
        print(f"{title:12}{workers:>8}{value:>10.1f}{value / plain - 1:>+15.1%}{speed:>15}")
    overhead = seconds["processes", 2] / seconds["plain loop", 2] - 1
    speed = seconds["processes", 1] / seconds["processes", 2]
    print(
        f"overhead {overhead:+.1%} (at most {MOST_OVERHEAD:.0%}), two workers {speed:.2f} × one (at least {LEAST_SPEED})"
    )


if __name__ == "__main__":
    main()
