"""ComBat beside neuroCombat 0.2.12 and neuroHarmonize 2.5.2, fold by fold: the largest difference of any value.

Relative to the value where that is above 1. Values that a program does not give as finite numbers are counted and left out.

    python benchmarks/combat.py                           # a small simulated table
    python benchmarks/combat.py --hosny FOLDER            # Hosny's three cohorts (CSV), with planted centre effects
    python benchmarks/combat.py --golden tests/golden     # writes the tables that the tests compare with

Both are installed into an environment of their own in --folder. They are told to go on until nothing moves by more than 1e-11;
as they come they stop at 1e-4, some 5e-6 from there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)
PACKAGES = ("neuroCombat==0.2.12", "neuroHarmonize==2.5.2", "numpy==1.26.4", "pandas==2.3.3")
ABOUT = ("row", "centre", "fold", "stage", "age")


def simulated_table() -> pd.DataFrame:
    """24 rows of three centres with 5 columns, which differ in location and scale."""
    rng = np.random.default_rng(7)
    n, centres = 24, np.repeat(["A", "B", "C"], [10, 8, 6])
    found = pd.DataFrame({"row": range(n), "centre": centres, "fold": np.arange(n) % 2})
    found["stage"], found["age"] = rng.integers(0, 2, n), rng.integers(40, 85, n)
    values = rng.normal(size=(n, 5)) + 0.8 * found[["stage"]].to_numpy() + 0.05 * found[["age"]].to_numpy()
    code = np.searchsorted(["A", "B", "C"], centres)
    values = values * rng.uniform(0.5, 2, (3, 5))[code] + rng.normal(0, 2, (3, 5))[code]
    found[[f"v{i}" for i in range(5)]] = np.round(values, 4)
    return found


def hosny_table(folder: Path) -> pd.DataFrame:
    """Hosny's cohorts A, B and C, which are published as z-scores: effects that differ by column are planted anew."""
    parts = [pd.read_csv(folder / f"Hosny2018{name}.csv.gz").drop(columns=["ID", "Target"]) for name in "ABC"]
    wave = np.sin(np.arange(parts[0].shape[1]))
    planted = [parts[0] * (1.5 + 0.4 * wave) + 0.6 * wave, parts[1], parts[2] * (0.8 - 0.3 * wave) - 0.5]
    varies = np.all([part.std() > 1e-6 for part in planted], axis=0)
    values = pd.concat(planted, ignore_index=True).loc[:, varies]
    n = len(values)
    about = pd.DataFrame({"row": range(n), "centre": np.repeat(list("ABC"), [len(part) for part in parts])})
    about["fold"] = np.arange(n) % 3
    first, second = values.iloc[:, 0], values.iloc[:, 1]
    about["stage"], about["age"] = (first > first.median()).astype(int), (10 * second).round().astype(int)
    return pd.concat([about, values.iloc[:, 2:]], axis=1)


def ours(table: pd.DataFrame, variant: str, fold: int) -> np.ndarray:
    """All rows as radweave harmonises them, fitted on those of the other folds, (n, p)."""
    from tests.support.harmonised import harmonised

    values = table.drop(columns=list(ABOUT)).to_numpy(float)
    covariates = {name: table[name].to_numpy(float) for name in ("stage", "age")}
    train = (table["fold"] != fold).to_numpy()
    return harmonised(values, table["centre"].to_numpy(str), covariates, train, variant)


def main() -> None:
    """Run both programs and print a row for each and each variant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosny", type=Path, help="folder of Hosny2018A.csv.gz, B and C")
    parser.add_argument("--folder", type=Path, help="where the environment is, or will be")
    parser.add_argument(
        "--golden", type=Path, help="folder that takes combat_table.csv and combat.csv, or combat_hosny.csv"
    )
    given = parser.parse_args()
    table = hosny_table(given.hosny) if given.hosny else simulated_table()
    with tempfile.TemporaryDirectory() as scratch:
        environment = (given.folder or Path(scratch)) / "combat"
        python = environment / "bin" / "python"
        if not python.exists():
            venv.create(environment, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        source, out = Path(scratch) / "table.csv", Path(scratch) / "found.csv"
        table.to_csv(source, sep=";", index=False)
        way = Path(__file__).with_name("peer_ways") / "run_combat.py"
        subprocess.run([python, "-W", "ignore", way, source, out], check=True)
        found = pd.read_csv(out, sep=";")
    print("| program | variant | training rows | rows left out | not finite |\n|---|---|---|---|---|")
    for (program, variant), part in found.groupby(["program", "variant"], sort=False):
        differences: dict[bool, list[float]] = {True: [], False: []}
        infinite = 0
        for fold, values in part.groupby("fold"):
            mine = ours(table, str(variant), int(str(fold)))[values["row"]]
            theirs = values.drop(columns=["program", "variant", "fold", "row"]).to_numpy()
            finite = np.isfinite(theirs)
            infinite += int((~finite).sum())
            theirs = np.where(finite, theirs, mine)
            gap = (np.abs(mine - theirs) / np.maximum(1, np.abs(theirs))).max(axis=1)
            trained = (table["fold"].iloc[values["row"]] != fold).to_numpy()
            for side in (True, False):
                differences[side] += gap[trained == side].tolist()
        left_out = f"{max(differences[False]):.1e}" if differences[False] else "not possible"
        print(f"| {program} | {variant} | {max(differences[True]):.1e} | {left_out} | {infinite} |")
    if given.golden:
        _write_golden(given.golden, table, found, hosny=bool(given.hosny))


def _write_golden(folder: Path, table: pd.DataFrame, found: pd.DataFrame, *, hosny: bool) -> None:
    """The tables that the tests compare with; of Hosny's some cells."""
    source = (
        f"# Source: {', '.join(PACKAGES)}, by benchmarks/combat.py; each fold is left out in turn.\n"
        "# Their rounds go on until nothing moves by more than 1e-11 (as they come: 1e-4).\n"
    )
    if hosny:
        cells = found[found["row"].isin([0, 1, 300, 301, 500, 501, 681, 682])]
        cells = cells[["program", "variant", "fold", "row", *found.columns[[4, 9, 300, 900]]]]
        if not np.isfinite(cells.iloc[:, 4:]).all(axis=None):
            raise SystemExit("cells that are not finite are no reference")
        (folder / "combat_hosny.csv").write_text(source + cells.to_csv(sep=";", index=False, float_format="%.9g"))
        return
    (folder / "combat_table.csv").write_text(
        f"# Simulated: benchmarks/combat.py.\n{table.to_csv(sep=';', index=False)}"
    )
    (folder / "combat.csv").write_text(source + found.to_csv(sep=";", index=False, float_format="%.9g"))


if __name__ == "__main__":
    main()
