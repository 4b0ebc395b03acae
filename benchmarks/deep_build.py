"""One way from store to features, run by `deep.py` in a process of its own, by the tree that PYTHONPATH names.

    python benchmarks/deep_build.py CATALOG RECIPE OUT

Scans are indexed and checked; then, on two workers, what a recipe of networks asks for is measured of the store. `first` is a
store in which nothing is: scans are checked and shown in one reading, as a first refresh does it, and what checks alone took is
taken away; `whole` is all of it. Seconds on the clock and of processors are printed as JSON, the features written to OUT.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

COHORT = "builtin"


def main() -> None:
    """Measure once."""
    from features.core.kinds.recipe import load_recipe
    from features.core.pseudonym import load_key
    from features.core.storage.store import Store
    from features.images.index.file_cache import FileCache
    from features.results.known_results import KnownResults
    from features.results.measure_visit import after_checks
    from features.results.work import plan_scans
    from flows.serving.engine import run_step
    from tasks.extract import extract_features
    from tasks.index import index_scans
    from tasks.measure import measure_scans
    from tasks.running.pool import Pool
    from tasks.running.runners.processes import Processes

    catalog, recipe, out = Path(sys.argv[1]), load_recipe(Path(sys.argv[2])), Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder, Pool(Processes(workers=2)) as pool:
        index = run_step(index_scans, catalog, COHORT, FileCache(None, load_key()))
        plans = plan_scans(index.scans, [recipe])

        def measured(store: Store, asked: Sequence[Any]) -> tuple[float, float, list[Any]]:
            """Seconds on the clock, of processors, and what was extracted."""
            known, wall, cpu = KnownResults(store, COHORT), time.perf_counter(), _cpu(pool)
            run_step(measure_scans, asked, known, pool, COHORT)
            works = after_checks(asked, known)
            for extractor in recipe.extractors:
                if works:
                    run_step(extract_features, [work for work in works if work.extractor == extractor], known, pool)
            return time.perf_counter() - wall, _cpu(pool) - cpu, works

        run_step(
            measure_scans, plan_scans(index.scans[:2], ()), KnownResults(Store(Path(folder, "warm")), COHORT), pool, ""
        )
        first, asked = Store(Path(folder, "first")), Store(Path(folder, "asked"))
        checks = measured(asked, plan_scans(index.scans, ()))
        cost = measured(asked, plans)
        whole = measured(first, plans)
        works = whole[2]
        values = {f"{work.scan.case}": list(asked.load(work.block, work.address).values()) for work in works}
    np.savez(out, **{case: np.array(row) for case, row in values.items()})
    told = {"wall": cost[0], "cpu": cost[1], "first_wall": whole[0] - checks[0], "first_cpu": whole[1] - checks[1]}
    print(json.dumps({**told, "whole_wall": whole[0], "whole_cpu": whole[1], "scans": len(works)}))


def _cpu(pool: object) -> float:
    """Seconds of processors of this process and its children that live."""
    import multiprocessing

    own = sum(os.times()[:4])
    for child in multiprocessing.active_children():
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        own += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own


if __name__ == "__main__":
    main()
