"""What models find of the planted truth of a simulated cohort: first order and volume, all features, and the oracle.

    python benchmarks/simulated.py brain                    # two seeds, as many patients as are usual
    python benchmarks/simulated.py rectum --seeds 3 --patients-per-centre 30

Each seed: simulate, refresh with the recipes beside the catalog, read the mart. Then, for every endpoint of the truth, ridge
models of plain scikit-learn and scikit-survival (median, z-score, L2; the penalty of the logistic one by inner folds).
`development` is five-fold cross-validation within the first cohort that has the outcome, folds by centre and outcome, the mean of
the folds' scores (predictions of several folds in one list rank cases below chance where nothing is found);
`external` is fitted on all of it and scored in the other cohorts. Columns of `first order`: first-order features of original
images, and volumes; where there is an atlas, those of the ROI `brain`. Each recipe is also taken alone. Of several visits the
columns are those of the first one, and their slopes a day by least squares. `null`: the same images, with the outcomes of the
same seed under --null. `oracle`: what truth.json says.
Where development lacks an outcome, that of LEARNT is learnt there, and its model is scored (immuno: CD8, response and survival).
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
WHOLE = "brain"  # the ROI that holds all regions of an atlas
PLAIN, ALL = "first order and volume", "all features"
# Outcomes that development lacks: (kind, endpoint) → the endpoint that is learnt there, and the sign of its prediction.
LEARNT = {("immuno", "response"): ("cd8", 1.0), ("immuno", "os"): ("cd8", -1.0)}


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
    features, sets = read_features(root)
    found: dict[tuple[str, str, str], float] = {}
    oracle = plan.oracle()
    for outcome in plan.outcomes:
        found[outcome.endpoint, "oracle", "external"] = float(str(oracle[outcome.endpoint]["oracle"]))
        name, sign = LEARNT.get((settings["kind"], outcome.endpoint), (outcome.endpoint, 1.0))
        learnt = next(one for one in plan.outcomes if one.endpoint == name)
        for title, cohort in (("", plan), ("null, ", empty)):
            everybody = pd.concat(cohort.people(), ignore_index=True)
            everybody = everybody[everybody["patient"].isin(features.index)]
            known, scored = (having(plan, one, everybody) for one in (learnt, outcome))
            for what, columns in sets.items():
                if title and what != ALL:
                    continue
                scores = fit(features[columns], known, learnt, scored, outcome, sign)
                found |= {(outcome.endpoint, title + what, where): value for where, value in scores.items()}
    return found


def having(plan: Any, outcome: Any, people: pd.DataFrame) -> pd.DataFrame:
    """The patients whose cohort has an endpoint and whose outcome is known."""
    sites = {name: tuple(site for site in plan.sites if site.cohort == name) for name in people["cohort"].unique()}
    cohorts = [name for name, own in sites.items() if outcome.endpoint in plan.cohort(name, own)["endpoints"]]
    return people[people["cohort"].isin(cohorts)].dropna(subset=list(outcome.columns))


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


def read_features(root: Path) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Features by patient's id, and sets of their names: first order and volume, all, and each recipe or kind of change."""
    import radweave
    from features.core.pseudonym import load_key, pseudonym

    table = radweave.read_table(root / "store", "radiomics")
    words = radweave.read_dictionary(root / "store")
    words = words[(words["block"] == "radiomics") & (words["role"] == "predictor")]
    recipes = {str(name): str(recipe) for name, recipe in zip(words["name"], words["recipe"], strict=True)}
    names = [name for name in table if name in recipes]
    rois = {str(name): str(roi) for name, roi in zip(words["name"], words["roi"], strict=True)}
    overall = {name for name in names if WHOLE not in rois.values() or rois[name] == WHOLE}
    key = load_key()
    truth = pd.read_csv(root / "truth" / "patients.csv", dtype=str)
    ids = {(one.cohort, pseudonym(key, one.cohort, one.patient)): one.patient for one in truth.itertuples()}
    table.index = pd.Index([ids[pair] for pair in zip(table["cohort"].astype(str), table["patient"], strict=True)])
    plain = {name for name in overall if "original_firstorder_" in name or name.endswith(VOLUMES)}
    if table.index.is_unique:
        sets = {recipe: [name for name in names if recipes[name] == recipe] for recipe in sorted(set(recipes.values()))}
        features = table[names]
    else:
        visits = radweave.read_table(root / "store", "visits").set_index(["cohort", "patient", "timepoint"])["day"]
        day = visits.loc[list(table[["cohort", "patient", "timepoint"]].itertuples(index=False, name=None))].to_numpy()
        features = courses(table[names].astype(float), day)
        sets = {what: [name for name in features if name.startswith(what)] for what in ("first ", "slope ")}
        plain = {name for name in features if name.split(" ", 1)[1] in plain}
    both = {PLAIN: [name for name in features if name in plain], ALL: list(features)}
    return features, both | (sets if len(sets) > 1 else {})


def courses(table: pd.DataFrame, day: np.ndarray) -> pd.DataFrame:
    """Of each patient (index) the values of the first visit, and slopes a day."""
    rows = {}
    for who, own in table.groupby(level=0).indices.items():
        own = own[np.argsort(day[own])]
        values, days = table.to_numpy()[own], day[own] - day[own].mean()
        rows[who] = np.concatenate([values[0], days @ values / (days @ days)])
    names = [f"{what} {name}" for what in ("first", "slope") for name in table]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


def fit(
    features: pd.DataFrame, known: pd.DataFrame, learnt: Any, scored: pd.DataFrame, outcome: Any, sign: float
) -> dict[str, float]:
    """Scores in development, by folds, and in the external cohorts.

    known: who has the outcome that is learnt, of whom those of the first cohort teach; scored: who has the other one.
    """
    from sklearn.model_selection import StratifiedKFold

    first = known["cohort"].iloc[0]
    inside, outside = known[known["cohort"] == first], scored[scored["cohort"] != first]
    X, y = features.loc[inside["patient"]].to_numpy(float), target(inside, learnt)
    scores: dict[str, float] = {}
    if learnt is outcome:
        split = y["event"] if learnt.kind == "survival" else y > y.mean()
        strata = inside["centre"] + split.astype(int).astype(str)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stratum may be smaller than the number of folds
            folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(X, strata))
        found = [score(predict(X[a], y[a], X[b], learnt.kind), y[b], learnt.kind) for a, b in folds if differ(y[b])]
        scores["development"] = float(np.mean(found))
    if len(outside):
        guess = sign * predict(X, y, features.loc[outside["patient"]].to_numpy(float), learnt.kind)
        scores["external"] = score(guess, target(outside, outcome), outcome.kind)
    return scores


def differ(y: np.ndarray) -> bool:
    """Whether a fold can be scored: there are two outcomes at least, or an event before somebody's last day."""
    return bool((y["event"] & (y["days"] < y["days"].max())).any()) if y.dtype.names else len(np.unique(y)) > 1


def target(people: pd.DataFrame, outcome: Any) -> np.ndarray:
    """The outcome as numbers, or as days and event."""
    if outcome.kind != "survival":
        return people[outcome.columns[0]].to_numpy(float)
    days, event = (people[name].to_numpy(float) for name in outcome.columns)
    return np.array(list(zip(event.astype(bool), days, strict=True)), dtype=[("event", bool), ("days", float)])


def predict(X: np.ndarray, y: np.ndarray, new: np.ndarray, kind: str) -> np.ndarray:
    """A ridge model of the kind of outcome, fitted to X and y, on new patients."""
    from sklearn.decomposition import PCA
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
    axes = PCA(svd_solver="full")  # a turn changes no ridge model, and leaves as many columns as there are patients
    line = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), axes, model)
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
