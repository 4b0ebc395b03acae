"""Ready-made tables beside pandas, and what a study of one costs beside its models.

    python benchmarks/tables.py read                    # 5,000 patients × 6,000 columns, from CSV to the mart's Parquet
    python benchmarks/tables.py read --patients 500 --columns 600
    python benchmarks/tables.py study                   # 200 patients × 1,000 columns: `radweave study` beside `evaluate`

`read`: each way is a process of its own, in turn, as often as --repeats says; the quickest counts. Both make the same
checks: names and ids that are empty or stand twice, rows of another length than the header, cells that are no finite
numbers, ids as pseudonyms, rows in their order; the values that they wrote are compared bit by bit. pandas reads numbers
exactly with float_precision="round_trip"; its default, which is printed too, is off in the last digit of many.

`study`: `evaluate` on a design, beside the whole flow of the study (fuse, fit, save, report) in the same process, which has
imported everything; and the command with its start on a mart that is there.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LEAST_SPEED, MOST_MEMORY, MOST_OVERHEAD = 3.0, 3.0, 0.1
REPEATS = (2, 10)  # of nested cross-validation: as a study has it by default, and as papers do
COHORT, BLOCK, MISSING = "synthetic", "features", 0.01
WAYS = {
    "radweave": "radweave: read_ready, keep_parquet",
    "pandas": 'pandas: read_csv(float_precision="round_trip"), checks, to_parquet',
    "pandas_default": "pandas: read_csv, checks, to_parquet",
}


class Cost(NamedTuple):
    """Seconds of CPU and of wall clock, children included; peak memory in MB (10**6 bytes) of the largest process."""

    cpu: float
    wall: float
    peak: float


def measure(command: Sequence[str | Path]) -> Cost:
    """What a command costs. Raises RuntimeError if it fails."""
    start = time.monotonic()
    words = [sys.executable, *map(str, command)]
    child = os.posix_spawn(sys.executable, words, {**os.environ, "PYTHONPATH": str(ROOT)})
    _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"{command[1]}: ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(used.ru_utime + used.ru_stime, time.monotonic() - start, used.ru_maxrss * 1024 / 1e6)


def write_features(path: Path, patients: int, columns: int, missing: float = MISSING) -> None:
    """A CSV of random numbers with 17 digits, some of them missing."""
    import numpy as np

    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write(f"ID,{','.join(f'f{i:05d}' for i in range(columns))}\n")
        for i in range(patients):
            absent = rng.random(columns) < missing
            cells = ("" if none else repr(x) for x, none in zip(rng.normal(size=columns).tolist(), absent, strict=True))
            file.write(f"P{(7919 * i) % 99991:05d},{','.join(cells)}\n")


def read_with_radweave(folder: Path) -> None:
    """features.csv as a table of a store."""
    from features.core.catalog.catalog import Cohort
    from features.core.storage.store import Store
    from features.ready.read_ready import read_ready
    from features.results.keep_parquet import keep_parquet
    from tests.support.catalog import cohort_of

    cohort = Cohort.model_validate(cohort_of(tables=[{"block": BLOCK, "path": "features.csv", "id": "ID"}]))
    found = read_ready(folder, COHORT, cohort, BLOCK, b"k" * 64)
    keep_parquet(Store(folder / "store"), BLOCK, COHORT, found.table, {"table": BLOCK, "cohort": COHORT})


def read_with_pandas(folder: Path, precision: str | None) -> None:
    """features.csv as pandas.parquet, after what `read_ready` checks."""
    import numpy as np
    import pandas as pd

    from features.core.pseudonym import pseudonym

    path = folder / "features.csv"
    with path.open(newline="") as file:
        names = next(csv.reader(file))
        # Shorter rows would be filled up in silence. Numbers have no commas: to count them is enough.
        uneven = [i for i, line in enumerate(file, start=2) if line.count(",") != len(names) - 1]
    if uneven or len({*names}) < len(names) or not all(names):
        raise SystemExit(f"rows {uneven[:10]}, or names of the header, are wrong")
    frame = pd.read_csv(path, dtype={"ID": str}, keep_default_na=False, na_values=["", "NA"], float_precision=precision)
    ids = frame["ID"].str.strip()
    if ids.isna().any() or (ids == "").any() or ids.duplicated().any():
        raise SystemExit("ids are empty or stand twice")
    texts = [name for name in names[1:] if frame[name].dtype == object]
    if texts or np.isinf(frame[names[1:]].to_numpy()).any():
        raise SystemExit(f"cells are no finite numbers: {texts[:10]}")
    frame["ID"] = [pseudonym(b"k" * 64, COHORT, one) for one in ids]
    frame = frame.sort_values("ID", ignore_index=True)
    frame.to_parquet(folder / f"pandas_{precision or 'default'}.parquet")


def compare_reading(patients: int, columns: int, repeats: int) -> bool:
    """Print the costs of each way; whether what is promised was met."""
    import numpy as np
    import pyarrow.parquet as pq

    own = Path(__file__).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_features(folder / "features.csv", patients, columns)
        costs: dict[str, list[Cost]] = {way: [] for way in WAYS}
        for _ in range(repeats):
            for way, found in costs.items():
                found.append(measure([own, "way", way, folder]))
        best = {way: min(found) for way, found in costs.items()}
        (ours,) = (folder / "store" / "tables" / BLOCK).glob("*.parquet")
        wanted = pq.read_table(ours).drop_columns(["patient", "cohort", "centre"]).to_pandas().to_numpy()
        different = {"radweave": 0.0}
        for way, word in (("pandas", "round_trip"), ("pandas_default", "default")):
            values = pq.read_table(folder / f"pandas_{word}.parquet").drop_columns(["ID"]).to_pandas().to_numpy()
            different[way] = float(np.mean((values != wanted) & ~(np.isnan(values) & np.isnan(wanted))))
        size = (folder / "features.csv").stat().st_size / 1e6
    table_mb = patients * columns * 8 / 1e6
    print(f"\n{patients} patients × {columns} columns: {size:.0f} MB of CSV, {table_mb:.0f} MB as float64\n")
    print(
        "| way | CPU s | wall s | × CPU of radweave | peak MB | × table | other values |\n|---|---|---|---|---|---|---|"
    )
    for way, title in WAYS.items():
        one = best[way]
        print(
            f"| {title} | {one.cpu:.1f} | {one.wall:.1f} | {one.cpu / best['radweave'].cpu:.1f} | {one.peak:.0f} "
            f"| {one.peak / table_mb:.1f} | {different[way]:.1%} |"
        )
    speed, memory = best["pandas"].cpu / best["radweave"].cpu, best["radweave"].peak / table_mb
    is_equal = different["pandas"] == 0
    print(f"\nvalues equal: {'yes' if is_equal else 'NO'}")
    print(f"CPU: {_verdict(speed >= LEAST_SPEED)}: {speed:.1f} times faster, promised {LEAST_SPEED:.0f}")
    print(
        f"memory: {_verdict(memory <= MOST_MEMORY)}: {memory:.1f} times the table, promised {MOST_MEMORY:.0f} at most"
    )
    return is_equal and speed >= LEAST_SPEED and memory <= MOST_MEMORY


def write_study(folder: Path, patients: int, columns: int) -> None:
    """A catalog of one ready-made table with a flag, and a study of it."""
    import numpy as np
    import yaml

    write_features(folder / "features.csv", patients, columns)
    rng = np.random.default_rng(1)
    ids = [line.split(",", 1)[0] for line in (folder / "features.csv").read_text().splitlines()[1:]]
    rows = [f"{one},{'true' if flag else 'false'}" for one, flag in zip(ids, rng.random(patients) < 0.4, strict=True)]
    (folder / "clinical.csv").write_text("\n".join(["ID,response", *rows]) + "\n")
    tables = [
        {"block": "clinical", "path": "clinical.csv", "id": "ID", "columns": {"response": "response"}},
        {"block": BLOCK, "path": "features.csv", "id": "ID"},
    ]
    cohort = {
        "title": "Synthetic",
        "licence": "CC0",
        "root": ".",
        "centres": {"A": {}},
        "variables": {"response": {"type": "flag", "description": "a coin", "role": "outcome"}},
        "tables": tables,
        "endpoints": {"response": {"kind": "binary", "column": "response"}},
    }
    study = {
        "title": "Synthetic",
        "catalog": "data_catalog.yaml",
        "cohorts": [COHORT],
        "endpoint": "response",
        "blocks": {BLOCK: [BLOCK]},
        "models": ["lasso_logistic", "svm", "random_forest"],
    }
    for repeats in REPEATS:
        splits = [{"kind": "nested", "folds": 5, "repeats": repeats}]
        _study_file(folder, repeats).write_text(yaml.safe_dump({**study, "splits": splits}))
    (folder / "data_catalog.yaml").write_text(yaml.safe_dump({"version": 1, "cohorts": {COHORT: cohort}}))


def study_here(folder: Path, repeats: int) -> None:
    """CPU and wall seconds of `evaluate`, and of the whole flow of the study, in this process, into here.json."""
    from features.core.catalog.catalog import load_catalog
    from features.core.storage.store import Store
    from features.fusion.fuse import fuse
    from features.fusion.question import Question
    from features.results.manifest import Mart
    from flows.named import read_study
    from flows.serving.engine import run_flow
    from flows.study import study as flow
    from tasks.modelling.evaluation.evaluate import evaluate
    from tasks.running.runners.threads import Threads

    study, recipes = read_study(_study_file(folder, repeats))
    question = Question(study.cohorts, study.endpoint, study.predict_at, recipes, blocks=(BLOCK,))
    design = fuse(Mart.open(Store(folder / "store")), load_catalog(folder / "data_catalog.yaml"), question)
    places = {"catalog": str(folder / "data_catalog.yaml"), "store": str(folder / "store")}

    def run(seed: int) -> None:
        file = str(_study_file(folder, repeats))
        run_flow(flow, file, seed=seed, runner=Threads(workers=1), **places)

    run(1)  # imports everything, and is not counted
    found = []
    for way in (lambda: evaluate(design, study), lambda: run(2)):
        cpu, wall = time.process_time(), time.monotonic()
        way()
        found.append((time.process_time() - cpu, time.monotonic() - wall))
    (folder / "here.json").write_text(json.dumps(found))


def _study_file(folder: Path, repeats: int) -> Path:
    return folder / f"coin_{repeats}.yaml"


def compare_study(patients: int, columns: int) -> bool:
    """Print what a study costs beside `evaluate`; whether what is promised was met for the study of 10 repeats."""
    own = Path(__file__).resolve()
    rows, overheads = [], {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_study(folder, patients, columns)
        (folder / "key").write_text("k" * 64)
        os.environ["RADWEAVE_KEY_FILE"] = str(folder / "key")
        places = ["--catalog", folder / "data_catalog.yaml", "--store", folder / "store"]
        measure([ROOT / "radweave.py", "refresh", COHORT, *places])
        for repeats in REPEATS:
            file = _study_file(folder, repeats)
            start = measure([ROOT / "radweave.py", "check", file, *places[:2]])
            whole = measure([ROOT / "radweave.py", "study", file, *places, "--workers", "1"])
            measure([own, "way", f"study_{repeats}", folder])
            bare, flow = json.loads((folder / "here.json").read_text())
            overheads[repeats] = flow[0] / bare[0] - 1
            rows += [
                (repeats, "evaluate alone", *bare),
                (repeats, "the flow of the study in the same process", *flow),
                (repeats, "radweave study, with the start of its processes", whole.cpu, whole.wall),
                (repeats, "a command that only checks", start.cpu, start.wall),
            ]
    print(f"\n{patients} patients × {columns} columns, nested 5 folds, LASSO, SVM and random forest\n")
    print("| repeats | what | CPU s | wall s |\n|---|---|---|---|")
    for repeats, what, cpu, wall in rows:
        print(f"| {repeats} | {what} | {cpu:.2f} | {wall:.2f} |")
    for repeats, overhead in overheads.items():
        verdict = _verdict(overhead <= MOST_OVERHEAD)
        print(f"\n{repeats} repeats: {verdict}: {overhead:.1%} of CPU more, promised {MOST_OVERHEAD:.0%} at most")
    return all(overhead <= MOST_OVERHEAD for overhead in overheads.values())


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "UNMET"


def main() -> int:
    parser = argparse.ArgumentParser(description="Ready-made tables beside pandas; a study beside its models.")
    kinds = parser.add_subparsers(dest="what", required=True)
    for what, patients, columns in (("read", 5000, 6000), ("study", 200, 1000)):
        kind = kinds.add_parser(what)
        kind.add_argument("--patients", type=int, default=patients)
        kind.add_argument("--columns", type=int, default=columns)
        kind.add_argument("--repeats", type=int, default=1, help="runs of each way of `read`; the quickest counts")
    way = kinds.add_parser("way", help="what the others start in a process of its own")
    way.add_argument("name", choices=[*WAYS, *(f"study_{repeats}" for repeats in REPEATS)])
    way.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.what == "way":
        if options.name == "radweave":
            read_with_radweave(options.folder)
        elif options.name.startswith("study_"):
            study_here(options.folder, int(options.name.removeprefix("study_")))
        else:
            read_with_pandas(options.folder, "round_trip" if options.name == "pandas" else None)
        return 0
    if options.what == "read":
        return 0 if compare_reading(options.patients, options.columns, options.repeats) else 1
    return 0 if compare_study(options.patients, options.columns) else 1


if __name__ == "__main__":
    raise SystemExit(main())
