"""What each model costs beside its library called bare: the same folds, the same prepared columns, the same settings.

For each fold, all settings are fitted and predict the test cases: radweave's by `fit_variants`, which may share work among them,
the library's one after the other. Networks are compared with a bare loop of torch, and what no library has with a plain loop of its
parts (benchmarks/models_plain.py). statsmodels is no dependency: without it mixed effects have no row. Best of three rounds,
seconds of CPU.
Scores are AUCs, R² of a number: the mean over folds and settings.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

MOST_TIMES, ROUNDS, FOLDS = 1.2, 3, 5


class Pair(NamedTuple):
    """A model of a study with its settings, and the estimator with the same as keywords, one for each setting.

    blocks: so many, one after the other, have the columns. visits: so many cases in a row are of one patient.
    columns: the first so many alone. classes: three, of which the third are cases of a high first column.
    """

    title: str
    model: dict[str, Any]
    peer: Any
    each: list[dict[str, Any]]
    number: bool = False
    blocks: int = 1
    visits: int = 1
    columns: int | None = None
    classes: bool = False


class Fold(NamedTuple):
    """Prepared columns and outcomes of cases that train, and of those that are predicted."""

    X: NDArray[np.float64]
    y: NDArray[Any]
    tested: NDArray[np.float64]
    seen: NDArray[Any]


def pairs(columns: int) -> list[Pair]:
    """Models that have a library, with the same settings on both sides."""
    from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
    from sklearn.gaussian_process import GaussianProcessClassifier
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel
    from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    from benchmarks.models_plain import Perceptron, plain_pairs

    length = float(np.sqrt(columns))
    kernel = ConstantKernel(1.0, (1e-3, 1e3)) * RBF(length, (0.05 * length, 100 * length))
    weak, strong, near, stops = [0.001, 0.01, 0.1, 1.0], [1000.0, 100.0, 10.0], [25, 11, 5], [25, 50, 100]
    boosted = GradientBoostingClassifier(learning_rate=0.05, max_depth=2, max_features="sqrt", random_state=0)
    grown = ExtraTreesClassifier(100, min_samples_leaf=3, max_features="sqrt", random_state=0)
    net = LogisticRegression(l1_ratio=0.5, solver="saga", max_iter=5000, random_state=0)
    several = LogisticRegression(l1_ratio=1.0, solver="saga", max_iter=5000, random_state=0)
    number = ElasticNet(l1_ratio=0.5, tol=1e-6, max_iter=100_000)
    sparse = LogisticRegression(l1_ratio=1.0, solver="liblinear", max_iter=1000, random_state=0)
    forest = RandomForestClassifier(100, min_samples_leaf=3, max_features="sqrt", random_state=0)
    machines = [{"kernel": kernel, "C": C} for kernel in ("linear", "rbf") for C in (0.1, 1.0)]
    return [
        Pair("LASSO logistic", {"kind": "lasso_logistic", "C": [0.3]}, sparse, [{"C": 0.3}]),
        Pair("LASSO", {"kind": "lasso", "alpha_fraction": [0.2]}, Lasso(tol=1e-6), [{"alpha": "0.2"}], number=True),
        Pair("SVM", {"kind": "svm", "kernel": ["linear", "rbf"], "C": [0.1, 1.0]}, SVC(gamma="scale"), machines),
        Pair("random forest", {"kind": "random_forest", "min_samples_leaf": [3]}, forest, [{}]),
        Pair("ridge logistic", {"kind": "ridge_logistic", "C": weak}, LogisticRegression(), [{"C": C} for C in weak]),
        Pair("elastic net logistic", {"kind": "elastic_net_logistic", "C": [0.3]}, net, [{"C": 0.3}]),
        Pair("LASSO, three classes", {"kind": "lasso_logistic", "C": [0.3]}, several, [{"C": 0.3}], classes=True),
        Pair("ridge", {"kind": "ridge", "alpha": strong}, Ridge(), [{"alpha": a} for a in strong], number=True),
        Pair("elastic net", {"kind": "elastic_net", "alpha_fraction": [0.2]}, number, [{"alpha": "0.2"}], number=True),
        Pair("extra trees", {"kind": "extra_trees"}, grown, [{}]),
        Pair(
            "gradient boosting",
            {"kind": "gradient_boosting", "stop_after": stops},
            boosted,
            [{"n_estimators": n} for n in stops],
        ),
        Pair("gradient boosting, one setting", {"kind": "gradient_boosting", "stop_after": [100]}, boosted, [{}]),
        Pair("naive Bayes", {"kind": "naive_bayes"}, GaussianNB(), [{}]),
        Pair(
            "nearest neighbours",
            {"kind": "nearest_neighbours", "neighbours": near},
            KNeighborsClassifier(),
            [{"n_neighbors": k} for k in near],
        ),
        Pair("Gaussian process", {"kind": "gaussian_process"}, GaussianProcessClassifier(kernel), [{}]),
        Pair("perceptron", {"kind": "multilayer_perceptron", "weight_decay": [0.1]}, Perceptron(), [{}]),
        *plain_pairs(),
    ]


def folds_of(X: NDArray[np.float64], y: NDArray[Any]) -> list[Fold]:
    """Every fifth case is predicted; columns are of spread 1 among those that train."""
    found = []
    for k in range(FOLDS):
        tested = np.arange(len(X)) % FOLDS == k
        middle, spread = X[~tested].mean(axis=0), X[~tested].std(axis=0)
        made = np.ascontiguousarray((X - middle) / spread)
        found.append(Fold(made[~tested], y[~tested], made[tested], y[tested]))
    return found


def run_peer(pair: Pair, folds: Sequence[Fold]) -> list[NDArray[np.float64]]:
    """What the library says of the test cases, for each fold and setting."""
    found = []
    for fold in folds:
        for settings in pair.each:
            told = settings
            if settings.get("alpha") == "0.2":  # a share of the largest penalty
                share = len(fold.y) * getattr(pair.peer, "l1_ratio", 1.0)  # Lasso has an l1_ratio of 1
                told = {"alpha": 0.2 * np.abs(fold.X.T @ (fold.y - fold.y.mean())).max() / share}
            one = clone(pair.peer).set_params(**told).fit(fold.X, answers(pair, fold))
            if pair.classes:
                found.append(one.predict_proba(fold.tested)[:, 1])
            elif pair.number:
                found.append(one.predict(fold.tested))
            elif hasattr(one, "decision_function"):
                found.append(one.decision_function(fold.tested))
            else:
                found.append(one.predict_proba(fold.tested)[:, 1])
    return found


def answers(pair: Pair, fold: Fold) -> NDArray[Any]:
    """What models are fitted to."""
    return np.where(fold.X[:, 0] > 0.7, 2, fold.y) if pair.classes else fold.y


def run_ours(pair: Pair, folds: Sequence[Fold]) -> list[NDArray[np.float64]]:
    """What the model says of them."""
    from features.core.kinds.endpoint import ENDPOINTS
    from features.core.outcome import Outcome
    from tasks.modelling.models.model import MODELS
    from tasks.modelling.rows import Columns, Rows
    from tasks.modelling.target import Target

    kind = "continuous" if pair.number else "multiclass" if pair.classes else "binary"
    endpoint, found = ENDPOINTS.parse({"kind": kind, "column": "outcome"}), []
    for fold in folds:
        names = np.array([f"c{i}" for i in range(fold.X.shape[1])])
        blocks = np.array([f"block_{i * pair.blocks // len(names)}" for i in range(len(names))])
        columns = Columns(names, blocks)
        train, test = (
            Rows(X, columns, {"patient": (np.arange(len(X)) // pair.visits).astype(str)}) for X in (fold.X, fold.tested)
        )
        outcome = Outcome.of_value(fold.y) if pair.number else Outcome.of_flag(fold.y)
        if pair.classes:
            outcome = Outcome(answers(pair, fold).astype(np.intp), levels=("no", "yes", "high"))
        model = MODELS.parse(pair.model)
        for one in model.fit_variants(train, Target(outcome, endpoint), 0, model.variants()):
            if isinstance(one, Exception):
                raise one
            told = one.predict(test)
            risk = told.probability[:, 1] if told.probability is not None else told.risk
            assert risk is not None
            found.append(risk)
    return found


def resemblance(n: int, visits: int) -> NDArray[np.float64]:
    """What cases of one patient have in common, (n,)."""
    return np.random.default_rng(2).normal(size=n)[np.arange(n) // visits]


Run = Callable[[Pair, Sequence[Fold]], list[NDArray[np.float64]]]


def timed(run: Run, pair: Pair, folds: Sequence[Fold]) -> tuple[float, float]:
    """The least CPU seconds of some rounds, and the mean score."""
    from sklearn.metrics import r2_score, roc_auc_score

    seconds, found = [], run(pair, folds)  # imports and compiles
    for _ in range(ROUNDS):
        start = time.process_time()
        found = run(pair, folds)
        seconds.append(time.process_time() - start)
    score = r2_score if pair.number else roc_auc_score
    seen = [fold.seen for fold in folds for _ in range(len(found) // len(folds))]
    return min(seconds), float(np.mean([score(y, told) for y, told in zip(seen, found, strict=True)]))


def compare_each(patients: int, columns: int, only: str) -> bool:
    """Print what each model costs on both sides, and its score; whether none costs more than promised."""
    from benchmarks.models import planted

    warnings.filterwarnings("ignore")
    X, y = planted(patients, columns)
    X = np.nan_to_num(X)
    number = X[:, :5].sum(axis=1) + np.random.default_rng(1).normal(size=patients)
    number /= number.std()
    print(f"\n{patients} patients × {columns} columns, {FOLDS} folds, best of {ROUNDS} rounds\n")
    print("| model | library CPU s | radweave CPU s | times the library | score of the library | of radweave |")
    print("|---|---|---|---|---|---|")
    dear = []
    for pair in pairs(columns):
        if only and only not in pair.title:
            continue
        folds = folds_of(X[:, : pair.columns], number if pair.number else y)
        if pair.visits > 1:  # cases of one patient resemble each other
            folds = [fold._replace(y=fold.y + resemblance(len(fold.y), pair.visits)) for fold in folds]
        theirs, their_score = timed(run_peer, pair, folds)
        ours, our_score = timed(run_ours, pair, folds)
        dear += [pair.title] if ours > MOST_TIMES * theirs else []
        costs = f"{theirs:.3f} | {ours:.3f} | {ours / theirs:.2f}"
        print(f"| {pair.title} | {costs} | {their_score:.4f} | {our_score:.4f} |", flush=True)
    print(f"\neach: {'NOT MET by ' + ', '.join(dear) if dear else 'met'}: at most {MOST_TIMES} times the library")
    return not dear
