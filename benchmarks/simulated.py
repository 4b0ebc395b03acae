"""What models find of the planted truth of a simulated cohort: first order and volume, all features, and the oracle.

    python benchmarks/simulated.py brain                    # two seeds, as many patients as are usual
    python benchmarks/simulated.py rectum --seeds 3 --patients-per-centre 30

Each seed: simulate, refresh with the recipes beside the catalog, read the mart. Then, for every endpoint of the truth, ridge
models of plain scikit-learn and scikit-survival (median, z-score, L2; the penalty of the logistic one by inner folds).
`development` is five-fold cross-validation within the first cohort that has the outcome, folds by centre and outcome;
`external` is fitted on all of it and scored in the other cohorts. Columns of `first order`: first-order features of original
images, and volumes. `null`: the same images, with the outcomes of the same seed under --null. `oracle`: what truth.json says.
Binary: AUC. Ordinal and continuous: share of concordant pairs. Survival: Harrell's C-index. Means over seeds; ± is the
standard error of that mean.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd

FOLDS, INNER = 5, 4
VOLUMES = ("MeshVolume", "VoxelVolume")
SETS = ("first order and volume", "all features")


def main() -> None:
    """Simulate, refresh, fit, print the table."""
    parser = argparse.ArgumentParser(description="What models find of the planted truth.")
    parser.add_argument("kind", help="a simulated cohort: `radweave list simulators`")
    parser.add_argument("--seeds", type=int, default=2, help="how many, from 1 (default 2)")
    parser.add_argument("--patients-per-centre", type=int, help="as is usual for the kind, unless given")
    parser.add_argument("--keep", type=Path, help="folder that cohorts and stores stay in, and are found again")
    options = parser.parse_args()
    scores: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    spent: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        for seed in range(1, options.seeds + 1):
            given = {"patients_per_centre": options.patients_per_centre} if options.patients_per_centre else {}
            settings = {"kind": options.kind, "seed": seed, **given}
            for key, value in one_seed(settings, options.keep or Path(name), spent).items():
                scores[key].append(value)
    report(options.kind, scores, spent)


def one_seed(
    settings: dict[str, Any], folder: Path, spent: dict[str, list[float]]
) -> dict[tuple[str, str, str], float]:
    """(endpoint, predictors, where) → score, of one seed."""
    from features.simulate.planted import Planted
    from features.simulate.simulator import SIMULATORS, simulate

    plan, empty = SIMULATORS.parse(settings), SIMULATORS.parse({**settings, "null": True})
    if not isinstance(plan, Planted) or not isinstance(empty, Planted):
        raise SystemExit(f"{settings['kind']} has no planted pattern")
    root = folder / f"{settings['kind']}-{settings['seed']}-{settings.get('patients_per_centre', 'usual')}"
    if not root.exists():
        begin = time.process_time()
        simulate(plan, root)
        spent["simulate"].append(time.process_time() - begin)
    if not (root / "store").exists():
        spent["refresh"].append(refresh(root))
    features, original, volume = read_features(root)
    found: dict[tuple[str, str, str], float] = {}
    oracle = plan.oracle()
    for outcome in plan.outcomes:
        found[outcome.endpoint, "oracle", "external"] = float(str(oracle[outcome.endpoint]["oracle"]))
        for title, cohort in (("", plan), ("null, ", empty)):
            people = pd.concat(cohort.people(), ignore_index=True).dropna(subset=list(outcome.columns))
            people = people[people["patient"].isin(features.index)]
            table = features.loc[people["patient"]]
            for name, columns in zip(SETS, (original | volume, set(features)), strict=True):
                if title and name == SETS[0]:
                    continue
                chosen = [column for column in table if column in columns]
                for where, score in fit(table[chosen].to_numpy(float), people, outcome).items():
                    found[outcome.endpoint, title + name, where] = score
    return found


def refresh(root: Path) -> float:
    """CPU seconds of a refresh of all cohorts, in this process and its children."""
    import subprocess

    begin = os.times()
    command = [sys.executable, "-m", "radweave", "refresh", "--catalog", str(root / "data_catalog.yaml")]
    done = subprocess.run([*command, "--store", str(root / "store")], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    end = os.times()
    return end.children_user + end.children_system - begin.children_user - begin.children_system


def read_features(root: Path) -> tuple[pd.DataFrame, set[Any], set[Any]]:
    """Features by patient's id, those of all time points beside each other; which are of first order; which are volumes."""
    import radweave
    from features.core.pseudonym import load_key, pseudonym

    table = radweave.read_table(root / "store", "radiomics")
    dictionary = radweave.read_dictionary(root / "store")
    dictionary = dictionary[(dictionary["block"] == "radiomics") & (dictionary["role"] == "predictor")]
    dictionary = dictionary.drop_duplicates("name").set_index("name")
    names = [column for column in table if column in dictionary.index]
    key = load_key()
    truth = pd.read_csv(root / "truth" / "patients.csv", dtype=str)
    ids = {(one.cohort, pseudonym(key, one.cohort, one.patient)): one.patient for one in truth.itertuples()}
    table.index = pd.Index([ids[pair] for pair in zip(table["cohort"].astype(str), table["patient"], strict=True)])
    first = {name for name in names if "__original_firstorder_" in name}
    volumes = {name for name in names if name.endswith(VOLUMES)}
    if table.index.is_unique:
        return table[names], first, volumes
    wide = table[names].set_index(table["timepoint"].astype(str), append=True).unstack()
    wide.columns = wide.columns.to_flat_index()
    return wide, {pair for pair in wide if pair[0] in first}, {pair for pair in wide if pair[0] in volumes}


def fit(X: np.ndarray, people: pd.DataFrame, outcome: Any) -> dict[str, float]:
    """Scores in development, by folds, and in the external cohorts."""
    from sklearn.model_selection import StratifiedKFold

    cohorts = people["cohort"].to_numpy()
    development, outside = cohorts == cohorts[0], cohorts != cohorts[0]
    if outcome.kind == "survival":
        days, event = (people[name].to_numpy(float) for name in outcome.columns)
        y = np.array(list(zip(event.astype(bool), days, strict=True)), dtype=[("event", bool), ("days", float)])
        strata = people["centre"] + event.astype(int).astype(str)
    else:
        y = people[outcome.columns[0]].to_numpy(float)
        strata = people["centre"] + (people[outcome.columns[0]].astype(float) > np.median(y)).astype(str)
    scores: dict[str, float] = {}
    inside = np.flatnonzero(development)
    if len(inside):
        guess = np.zeros(len(X))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stratum may be smaller than the number of folds
            folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(inside, strata.to_numpy()[inside]))
        for train, test in folds:
            guess[inside[test]] = predict(X[inside[train]], y[inside[train]], X[inside[test]], outcome.kind)
        scores["development"] = score(guess[inside], y[inside], outcome.kind)
        if outside.any():
            scores["external"] = score(
                predict(X[inside], y[inside], X[outside], outcome.kind), y[outside], outcome.kind
            )
    return scores


def predict(X: np.ndarray, y: np.ndarray, new: np.ndarray, kind: str) -> np.ndarray:
    """A ridge model of the kind of outcome, fitted to X and y, on new patients."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegressionCV, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    model: Any
    if kind == "binary":
        model = LogisticRegressionCV(
            Cs=np.logspace(-4, 0, 9),
            cv=INNER,
            scoring="neg_log_loss",
            max_iter=500,
            l1_ratios=(0.0,),
            use_legacy_attributes=False,
        )
    elif kind == "survival":
        model = CoxPHSurvivalAnalysis(alpha=float(X.shape[1]))
    else:
        model = RidgeCV(alphas=np.logspace(0, 5, 11))
    line = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        line.fit(X, y)
        return np.asarray(line.decision_function(new) if kind == "binary" else line.predict(new))


def score(guess: np.ndarray, y: np.ndarray, kind: str) -> float:
    """AUC, concordance or C-index."""
    from sksurv.metrics import concordance_index_censored

    if kind == "survival":
        return float(concordance_index_censored(y["event"], y["days"], guess)[0])
    return float(concordance_index_censored(np.ones(len(y), dtype=bool), y, -guess)[0])


def report(kind: str, scores: dict[tuple[str, str, str], list[float]], spent: dict[str, list[float]]) -> None:
    """Print a row for each endpoint and set of predictors."""
    rows = dict.fromkeys((endpoint, predictors) for endpoint, predictors, _ in scores)
    print(f"{kind}: mean over {max(map(len, scores.values()))} seeds")
    print(f"{'endpoint':12s} {'predictors':30s} {'development':>16s} {'external':>16s}")
    for endpoint, predictors in rows:
        cells = []
        for where in ("development", "external"):
            values = np.array(scores.get((endpoint, predictors, where), []))
            error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
            cells.append(f"{values.mean():.2f} ± {error:.2f}" if len(values) else "")
        print(f"{endpoint:12s} {predictors:30s} {cells[0]:>16s} {cells[1]:>16s}")
    for what, seconds in spent.items():
        print(f"{what}: {np.mean(seconds):.0f} s of CPU a seed")


if __name__ == "__main__":
    main()
