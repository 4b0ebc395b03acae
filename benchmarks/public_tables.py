"""Every model on every public table that it can predict, as `radweave study` runs it: scores with their intervals.

    python benchmarks/public_tables.py FOLDER                       # all studies of docs/public-tables.md
    python benchmarks/public_tables.py FOLDER --studies nki70 vdv
    python benchmarks/public_tables.py FOLDER --keep WHERE          # stores stay there: what was fitted is not fitted again

FOLDER holds the public tables (RADWEAVE_DATA). Catalogs and studies are those of the page, with all models of the endpoint in their
usual settings, five folds and two repeats; external cohorts and left-out centres as there. Models were
not chosen for a table, and the best of a column was not either: read it as twelve or more numbers, not as one.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd
import yaml

from features.core.catalog.catalog import load_catalog
from features.core.storage.table import read_table
from tasks.modelling.models.model import models_of

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "public-tables.md"
NESTED = {"kind": "nested", "folds": 5, "repeats": 2}
CATALOG_OF = {
    "alive": "lung",
    "distant": "head_neck",
    "distant_pet_ct": "head_neck",
    "distant_or_death": "head_neck",
    "idh": "glioma",
    "progression": "glioma",
    "nki70": "breast",
    "vdv": "breast",
}
SPLITS: dict[str, list[Any]] = {"distant": [NESTED, "centre_out"], "distant_or_death": [NESTED, "centre_out"]}
FIRST = ("auc", "harrell_c", "cause_c")  # one of them is the endpoint's first metric
FURTHER = {"brier_at_horizon": "Brier", "observed_expected": "O/E", "brier": "Brier", "calibration_slope": "slope"}


def main() -> None:
    """Refresh, run each study, print its table."""
    parser = argparse.ArgumentParser(description="Every model on every public table.")
    parser.add_argument("folder", type=Path, help="the folder of public tables")
    parser.add_argument("--studies", nargs="+", choices=list(CATALOG_OF), default=list(CATALOG_OF))
    parser.add_argument("--models", nargs="+", help="only these")
    parser.add_argument("--keep", type=Path, help="folder that stores stay in, and are found again")
    options = parser.parse_args()
    os.environ["RADWEAVE_DATA"] = str(options.folder.resolve())
    blocks = re.findall(r"^<!-- (catalog|study) (\w+) -->\n```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    texts = {(kind, name): text for kind, name, text in blocks}
    with tempfile.TemporaryDirectory() as name:
        root = options.keep or Path(name)
        for study in options.studies:
            catalog = CATALOG_OF[study]
            where = root / catalog
            if not where.exists():
                where.mkdir(parents=True)
                (where / "catalog.yaml").write_text(
                    texts["catalog", catalog], "utf-8"
                )  # the environment says where files lie
                command(where, "refresh", "--all")
            run(where, study, yaml.safe_load(texts["study", study]), options.models)


def run(where: Path, study: str, settings: dict[str, Any], wanted: list[str] | None) -> None:
    """One study with all models of its endpoint; prints a row of each."""
    cohort = load_catalog(where / "catalog.yaml").cohorts[settings["cohorts"][0]]
    kind = cohort.endpoints[settings["endpoint"]].kind
    models = [one for one in models_of(kind) if (one in wanted if wanted else one != "tabicl")]  # needs a checkpoint
    settings |= {"models": models, "splits": SPLITS.get(study, [NESTED])}
    (where / f"{study}.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    begin = time.perf_counter()
    command(where, "study", f"{study}.yaml")
    seconds = time.perf_counter() - begin
    latest = max((where / "store" / "studies" / study).iterdir(), key=lambda path: path.stat().st_mtime)
    scores = read_table(latest / "scores.parquet").to_pandas()
    blocks = list(settings["blocks"])[-1]
    print(f"\n{study}: {kind}, the set {blocks}, {seconds:.0f} s\n")
    show(scores.query("blocks == @blocks and centre == ''"), models)


def command(where: Path, *words: str) -> None:
    """A command of radweave in the folder of a catalog; ends this script with what it said if it fails."""
    full = [
        sys.executable,
        str(ROOT / "radweave.py"),
        *words,
        "--catalog",
        "catalog.yaml",
        "--store",
        "store",
        "--workers",
        "1",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(full, cwd=where, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)} in {where}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")


def show(scores: pd.DataFrame, models: list[str]) -> None:
    """A row for each model: its first metric under each split with the interval, and further ones where models were nested."""
    parts = scores[scores["metric"].isin(FIRST)][["split", "cohort", "within", "n", "events"]].drop_duplicates()
    heads = [
        f"{one.split}{' ' + one.cohort if one.cohort else ''}{', within centres' if one.within else ''} "
        f"({one.events} of {one.n})"
        for one in parts.itertuples()
    ]
    further = [metric for metric in FURTHER if metric in set(scores["metric"])]
    print("| model |", " | ".join(heads + [f"{FURTHER[metric]}, nested" for metric in further]), "|")
    print("|---" * (1 + len(heads) + len(further)), end="|\n")
    for model in models:
        own = scores[scores["model"] == model]
        cells = [
            cell(own[own["metric"].isin(FIRST)], one.split, one.cohort, one.within, interval=True)
            for one in parts.itertuples()
        ]
        cells += [cell(own[own["metric"] == metric], "nested", "", "", interval=False) for metric in further]
        print(f"| `{model}` |", " | ".join(cells), "|", flush=True)


def cell(scores: pd.DataFrame, split: str, cohort: str, within: str, *, interval: bool) -> str:
    """A score as a reader sees it: with its interval; of the first metric the reason why there is no score."""
    found = scores.query("split == @split and cohort == @cohort and within == @within")
    if found.empty:
        return "–"
    one = found.iloc[0]
    if pd.isna(one["value"]):
        return "–" if not interval else str(one["reason"])
    return f"{one['value']:.2f}" + (
        f" ({one['low']:.2f}–{one['high']:.2f})" if interval and one["low"] == one["low"] else ""
    )


if __name__ == "__main__":
    main()
