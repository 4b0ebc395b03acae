"""What models cost: nested cross-validation beside scikit-learn's GridSearchCV, candidates that share their steps, LASSO paths.

    python benchmarks/models.py nested                # 200 patients × 1,000 columns, 10 repeats × 5 folds
    python benchmarks/models.py nested --repeats 2    # quicker
    python benchmarks/models.py candidates            # 20 candidates that share their steps, beside one
    python benchmarks/models.py paths                 # LASSO paths of 50 penalties beside adelie (lasso_paths.py)
    python benchmarks/models.py each                  # every model without follow-up beside its library (models_each.py)
    python benchmarks/models.py followed              # every model of follow-up beside its library (models_followed.py)
    python benchmarks/models.py centre_out            # leave-one-centre-out LASSO-Cox, 500 × 2,000 (lasso_centre_out.py)

One run, seconds of CPU of this process, one thread; what is imported and compiled is there before the clock starts.

`nested`: the peer is a loop over the same outer folds, with a GridSearchCV over a Pipeline in each, which is given the same
inner folds as pairs of positions. Both have the same steps (constant columns are dropped, medians filled in, columns
standardised, the k columns kept whose ranks are most associated with the outcome), the same grid, and choose by the AUC over
the inner folds. A model with one setting is fitted without a search by both. The grid stands below, in LASSO, SVM and FOREST.
A second peer keeps the columns of highest F, which is quicker and what most scripts do: it is printed, and promises nothing;
so is a forest that is given all columns, as studies give them by default. That one is not in the sum.
Scores are AUCs of the out-of-fold predictions, the mean over all test folds; radweave's time holds all of `evaluate`
(intervals, tables of predictions, the best single column).

`candidates`: a study of 20 candidates, each with one setting, that share their steps, beside the mean of 20 studies of one each.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

PUBLIC = Path(os.environ.get("RADWEAVE_DATA", Path(__file__).parents[2] / "shared" / "data"))
LEAST_SPEED, LEAST_FOREST, SAME_SCORE, MOST_TIMES = 6.0, 2.0, 0.01, 8.0
INNER_FOLDS, FOLDS, MISSING = 3, 5, 0.01
K = (10, 30)
LASSO = {"C": (0.1, 0.3, 1.0)}
SVM = {"kernel": ("linear", "rbf"), "C": (0.1, 1.0)}
FOREST, FOREST_K = {"trees": 100, "min_samples_leaf": (3,)}, (20,)
CLEANED = ("drop_constant", "median", "zscore")
ALL_COLUMNS = "random_forest_of_all"
TITLES = {"lasso_logistic": "LASSO logistic", "svm": "SVM", "random_forest": "random forest"}


class Run(NamedTuple):
    """CPU seconds, and the mean AUC of test folds of each model."""

    seconds: float
    scores: dict[str, float]


def planted(patients: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Correlated columns, some cells missing, and a flag that follows five of them: X (n, p), y (n,)."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(patients, 20))
    X = rng.normal(size=(patients, columns)) + shared[:, rng.integers(0, 20, columns)]
    y = X[:, :5].sum(axis=1) * 0.35 + rng.logistic(size=patients) > 0.4
    X[rng.random(X.shape) < MISSING] = np.nan
    return X, y


def design_of(X: NDArray[np.float64], y: NDArray[np.bool_]) -> Any:
    """The table as a design of one centre."""
    from features.core.design import Design
    from features.core.kinds.endpoint import ENDPOINTS
    from features.core.outcome import Outcome

    names = [f"radiomics_{i}" for i in range(X.shape[1])]
    patients = np.array([f"p{i:04d}" for i in range(len(X))])
    return Design(
        X=pd.DataFrame(X, columns=names, index=patients),
        blocks=dict.fromkeys(names, "radiomics"),
        outcome=Outcome.of_flag(y),
        endpoint=ENDPOINTS.parse({"kind": "binary", "column": "response"}),
        patients=patients,
        centres=np.full(len(X), "A"),
        cohorts=np.full(len(X), "synthetic"),
        held_out=np.full(len(X), ""),
    )


def study_of(models: Sequence[Any], repeats: int) -> Any:
    """A study of that design."""
    from tasks.modelling.evaluation.study import Study

    return Study.model_validate(
        {
            "name": "speed",
            "cohorts": ["synthetic"],
            "endpoint": "response",
            "blocks": {"radiomics": ["radiomics"]},
            "models": models,
            "splits": [{"kind": "nested", "folds": FOLDS, "repeats": repeats, "inner_folds": INNER_FOLDS}],
        }
    )


def ours_of(kind: str) -> dict[str, Any]:
    """A candidate of the grid as a study names it."""
    if kind == ALL_COLUMNS:
        return {"name": kind, "steps": CLEANED, "model": {"kind": "random_forest", **FOREST}}
    settings, k = {"lasso_logistic": (LASSO, K), "svm": (SVM, K), "random_forest": (FOREST, FOREST_K)}[kind]
    steps = [*CLEANED, {"kind": "screen", "k": k}]
    return {"name": kind, "steps": steps, "model": {"kind": kind, **settings}}


def peer_of(kind: str) -> tuple[Any, dict[str, list[Any]]]:
    """The same as an estimator of scikit-learn and its grid; an empty one is not searched."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    if kind == "lasso_logistic":
        one = LogisticRegression(l1_ratio=1.0, solver="liblinear", max_iter=1000, random_state=0)
        return one, {"model__C": list(LASSO["C"]), "screen__k": list(K)}
    if kind == "svm":
        grid = {"model__kernel": list(SVM["kernel"]), "model__C": list(SVM["C"]), "screen__k": list(K)}
        return SVC(gamma="scale", max_iter=100_000, random_state=0), grid
    return RandomForestClassifier(FOREST["trees"], min_samples_leaf=3, n_jobs=1, random_state=0), {}


class Folded(NamedTuple):
    """Positions that train and that are predicted, and the inner folds as positions among those that train."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]
    inner: list[tuple[NDArray[np.intp], NDArray[np.intp]]]


def folds_of(design: Any, study: Any) -> list[Folded]:
    """The folds that `evaluate` makes."""
    from tasks.modelling.evaluation.seeds import seed_of
    from tasks.modelling.splits.split import cut_folds, grouped_folds

    (split,) = study.splits
    found = []
    for fold in cut_folds(split, design, seed_of(study.seed, "split", split.kind)):
        seed = seed_of(study.seed, split.kind, fold.repeat, fold.name, "inner")
        outcome, groups = design.outcome.take(fold.train), design.groups[fold.train]
        inner = grouped_folds(design.endpoint, outcome, groups, split.inner_folds, seed)
        found.append(Folded(fold.train, fold.test, inner))
    return found


def auc_distance(X: NDArray[np.float64], y: NDArray[np.bool_]) -> NDArray[np.float64]:
    """|AUC − 0.5| of each column, (p,), by ranks; ties averaged."""
    ranks = rankdata(X, axis=0)
    positives, negatives = int(y.sum()), int((~y).sum())
    auc = (ranks[y].sum(axis=0) - positives * (positives + 1) / 2) / (positives * negatives)
    distance: NDArray[np.float64] = np.abs(auc - 0.5)
    return distance


Association = Callable[[NDArray[np.float64], NDArray[np.bool_]], Any]


def run_peer(
    kind: str, X: NDArray[np.float64], y: NDArray[np.bool_], folds: Sequence[Folded], associated: Association
) -> Run:
    """GridSearchCV on every outer fold, or the pipeline alone where there is nothing to search."""
    from sklearn.feature_selection import SelectKBest, VarianceThreshold
    from sklearn.impute import SimpleImputer
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    scores = []
    start = time.process_time()
    for train, test, inner in folds:
        model, grid = peer_of(kind)
        steps = [
            ("drop", VarianceThreshold()),
            ("impute", SimpleImputer(strategy="median")),
            ("scale", StandardScaler()),
            ("screen", SelectKBest(associated, k="all" if kind == ALL_COLUMNS else FOREST_K[0])),
            ("model", model),
        ]
        fitted = Pipeline(steps)
        if grid:
            fitted = GridSearchCV(fitted, grid, scoring="roc_auc", cv=inner)
        fitted.fit(X[train], y[train])
        ranks = hasattr(model, "decision_function")
        risk = fitted.decision_function(X[test]) if ranks else fitted.predict_proba(X[test])[:, 1]
        scores.append(roc_auc_score(y[test], risk))
    return Run(time.process_time() - start, {kind: float(np.mean(scores))})


def run_ours(candidates: Sequence[Any], design: Any, repeats: int) -> Run:
    """`evaluate` of these candidates in one study."""
    from sklearn.metrics import roc_auc_score

    from tasks.modelling.evaluation.evaluate import evaluate

    study = study_of(candidates, repeats)
    start = time.process_time()
    result = evaluate(design, study)
    seconds = time.process_time() - start
    aucs: dict[str, list[float]] = {}
    for (model, *_), rows in result.predictions.groupby(["model", "repeat", "fold"], sort=False):
        aucs.setdefault(str(model), []).append(float(roc_auc_score(rows["event"], rows["score"])))
    return Run(seconds, {model: float(np.mean(values)) for model, values in aucs.items()})


def compare_nested(patients: int, columns: int, repeats: int) -> bool:
    """Print the costs and scores of both ways; whether what is promised was met."""
    warnings.filterwarnings("ignore")
    X, y = planted(patients, columns)
    design = design_of(X, y)
    kinds = list(TITLES)
    folds = folds_of(design, study_of([ours_of(kinds[0])], repeats))
    run_ours([ours_of(kind) for kind in kinds], design, 1)  # imports and compiles
    from sklearn.feature_selection import f_classif

    every = [*kinds, ALL_COLUMNS]
    peers = {kind: run_peer(kind, X, y, folds, auc_distance) for kind in every}
    quicker = {kind: run_peer(kind, X, y, folds, f_classif) for kind in every}
    alone = {kind: run_ours([ours_of(kind)], design, repeats) for kind in every}
    together = run_ours([ours_of(kind) for kind in kinds], design, repeats)
    print(f"\n{patients} patients × {columns} columns, {repeats} repeats × {FOLDS} folds, {INNER_FOLDS} inner folds\n")
    print(
        "| model | GridSearchCV CPU s | with F | radweave CPU s | times | with F | AUC of the peer | AUC of radweave |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for kind, title in [*TITLES.items(), (ALL_COLUMNS, "random forest of all columns")]:
        peer, own = peers[kind], alone[kind]
        scores = f"{peer.scores[kind]:.4f} | {own.scores[kind]:.4f}"
        print(_row(title, peer.seconds, quicker[kind].seconds, own.seconds), f"{scores} |")
    whole, quick = (sum(found[kind].seconds for kind in kinds) for found in (peers, quicker))
    print(_row("all three in one study", whole, quick, together.seconds), "| |")
    off = max(abs(peers[kind].scores[kind] - together.scores[kind]) for kind in kinds)
    speed, forest = whole / together.seconds, peers["random_forest"].seconds / alone["random_forest"].seconds
    print(f"\ntogether: {_verdict(speed >= LEAST_SPEED)}: {speed:.1f} times, promised {LEAST_SPEED:.0f}")
    print(f"forests: {_verdict(forest >= LEAST_FOREST)}: {forest:.1f} times, promised {LEAST_FOREST:.0f}")
    print(f"scores: {_verdict(off <= SAME_SCORE)}: at most {off:.4f} apart, promised {SAME_SCORE}")
    return speed >= LEAST_SPEED and forest >= LEAST_FOREST and off <= SAME_SCORE


def twenty() -> list[dict[str, Any]]:
    """Candidates that differ by their models alone."""
    models: list[dict[str, Any]] = [{"kind": "lasso_logistic", "C": [0.05 * 2**i]} for i in range(7)]
    models += [{"kind": "svm", "kernel": ["rbf"], "C": [0.1 * 2**i]} for i in range(7)]
    models += [{"kind": "random_forest", "min_samples_leaf": [2 + i]} for i in range(6)]
    steps = [*CLEANED, {"kind": "screen", "k": [30]}]
    return [{"name": f"{model['kind']}_{i}", "steps": steps, "model": model} for i, model in enumerate(models)]


def compare_candidates(patients: int, columns: int, repeats: int) -> bool:
    """Print what 20 candidates cost together and alone; whether what is promised was met."""
    warnings.filterwarnings("ignore")
    design, candidates = design_of(*planted(patients, columns)), twenty()
    run_ours(candidates, design, 1)  # imports and compiles
    alone = [run_ours([candidate], design, repeats).seconds for candidate in candidates]
    together = run_ours(candidates, design, repeats).seconds
    one = float(np.mean(alone))
    print(
        f"\n{patients} patients × {columns} columns, {repeats} repeats × {FOLDS} folds, {len(candidates)} candidates\n"
    )
    print("| what | CPU s |\n|---|---|")
    print(f"| one alone, the mean of {len(alone)} | {one:.2f} |\n| the cheapest alone | {min(alone):.2f} |")
    print(f"| all in one study | {together:.2f} |")
    is_met = together <= MOST_TIMES * one
    print(f"\ncandidates: {_verdict(is_met)}: {together / one:.1f} times one, promised {MOST_TIMES:.0f} at most")
    return is_met


def _row(title: str, peer: float, quick: float, own: float) -> str:
    return f"| {title} | {peer:.2f} | {quick:.2f} | {own:.2f} | {peer / own:.1f} | {quick / own:.1f} |"


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "UNMET"


def _called(compare: Callable[[int, int, int], bool]) -> Callable[[argparse.Namespace], bool]:
    return lambda options: compare(options.patients, options.columns, options.repeats)


def run_paths(options: argparse.Namespace) -> bool:
    from benchmarks.lasso_paths import compare_paths

    return compare_paths(options.public, options.python, options.each)


def run_followed(options: argparse.Namespace) -> bool:
    from benchmarks.models_followed import compare_followed

    return compare_followed(options.patients, options.columns, options.only)


def run_centre_out(options: argparse.Namespace) -> bool:
    from benchmarks.lasso_centre_out import compare_centre_out

    return compare_centre_out(options.patients, options.columns)


def run_each(options: argparse.Namespace) -> bool:
    from benchmarks.models_each import compare_each

    return compare_each(options.patients, options.columns, options.only)


def main() -> int:
    parser = argparse.ArgumentParser(description="What models cost.")
    kinds = parser.add_subparsers(dest="what", required=True)
    for what, compare, repeats, words in (
        ("nested", compare_nested, 10, "nested cross-validation beside GridSearchCV"),
        ("candidates", compare_candidates, 2, "20 candidates that share their steps, beside one"),
    ):
        kind = kinds.add_parser(what, help=words)
        kind.add_argument("--patients", type=int, default=200)
        kind.add_argument("--columns", type=int, default=1000)
        kind.add_argument("--repeats", type=int, default=repeats)
        kind.set_defaults(run=_called(compare))
    kind = kinds.add_parser("paths", help="LASSO paths of 50 penalties beside adelie")
    kind.add_argument(
        "--public", type=Path, default=PUBLIC if PUBLIC.is_dir() else None, help="folder of public tables"
    )
    kind.add_argument("--python", type=Path, help="of an environment that has adelie; without, one is made")
    kind.add_argument("--each", action="store_true", help="errors as shares of each penalty, too: takes minutes")
    kind.set_defaults(run=run_paths)
    kind = kinds.add_parser("each", help="every model without follow-up beside its library")
    kind.add_argument("--patients", type=int, default=200)
    kind.add_argument("--columns", type=int, default=500)
    kind.add_argument("--only", default="", help="models whose title holds these words")
    kind.set_defaults(run=run_each)
    kind = kinds.add_parser("followed", help="every model of follow-up beside its library, called bare")
    kind.add_argument("--patients", type=int, default=200)
    kind.add_argument("--columns", type=int, default=500)
    kind.add_argument("--only", default="", help="models whose title holds these words")
    kind.set_defaults(run=run_followed)
    kind = kinds.add_parser("centre_out", help="leave-one-centre-out LASSO-Cox beside an earlier build")
    kind.add_argument("--patients", type=int, default=500)
    kind.add_argument("--columns", type=int, default=2000)
    kind.set_defaults(run=run_centre_out)
    options = parser.parse_args()
    run: Callable[[argparse.Namespace], bool] = options.run
    return 0 if run(options) else 1


if __name__ == "__main__":
    raise SystemExit(main())
