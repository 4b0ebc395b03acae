"""What each model of follow-up costs beside its library called bare: the same folds, the same prepared columns, the same settings.

For each fold, all settings are fitted and give risks and curves of the test cases: radweave's by `fit_variants`, which may share
work among them, the library's one after the other. Survival SVMs have no curves. Networks are compared with a bare loop of
torch. Handfuls of columns (cox, aft) are the first five, or fewer. Cause-specific Cox is compared with one regression of
scikit-survival for each cause, whose incidences nobody joins; Fine-Gray has no library in Python that is kept: its rows are
those of as many ridge and elastic-net Cox regressions. Best of three rounds, seconds of CPU. Scores are Harrell's C: the mean
over folds and settings.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_TIMES, ROUNDS, FOLDS, FEW = 1.2, 3, 5, 5
NETWORK = {"learning_rate": 0.02, "epochs": 100}
Floats = NDArray[np.float64]


class Fold(NamedTuple):
    """Prepared columns of cases that train and of those that are predicted; what was seen of each: code and days."""

    X: Floats
    code: NDArray[np.intp]
    days: Floats
    tested: Floats
    code_tested: NDArray[np.intp]
    days_tested: Floats

    @property
    def y(self) -> Any:
        """As scikit-survival takes it: the event of interest."""
        from sksurv.util import Surv

        return Surv.from_arrays(self.code == 1, self.days)


class Pair(NamedTuple):
    """A model of a study with its settings, and what its library says of the test cases of a fold, for each setting."""

    title: str
    model: dict[str, Any]
    peer: Callable[[Fold], list[Floats]]
    few: bool = False
    competing: bool = False


def pairs() -> list[Pair]:
    """Models with the same settings on both sides."""
    weak, stages, costs = [16.0, 4.0, 1.0], [25, 50, 100], [0.001, 0.01, 0.1]
    return [
        Pair("Cox", {"kind": "cox"}, _lifelines_cox, few=True),
        Pair("accelerated failure time", {"kind": "aft", "distribution": ["weibull"]}, _lifelines_aft, few=True),
        Pair("ridge Cox", {"kind": "ridge_cox", "alpha_fraction": weak}, lambda fold: _ridge(fold, weak)),
        Pair("LASSO-Cox", {"kind": "coxnet"}, lambda fold: _coxnet(fold, 1.0)),
        Pair("elastic-net Cox", {"kind": "elastic_net_cox"}, lambda fold: _coxnet(fold, 0.5)),
        Pair("survival forest", {"kind": "survival_forest"}, _forest),
        Pair(
            "boosting",
            {"kind": "gradient_boosting_survival", "stop_after": stages},
            lambda fold: [_boosting(fold, n) for n in stages],
        ),
        Pair(
            "boosting, one setting",
            {"kind": "gradient_boosting_survival", "stop_after": [100]},
            lambda fold: [_boosting(fold, 100)],
        ),
        Pair("survival SVM", {"kind": "survival_svm", "C": costs}, lambda fold: [_svm(fold, C) for C in costs]),
        Pair(
            "survival SVM, RBF",
            {"kind": "survival_svm", "kernel": ["rbf"], "C": costs},
            lambda fold: [_kernel_svm(fold, C) for C in costs],
        ),
        Pair("DeepSurv", {"kind": "deepsurv", "penalty": [0.1], **NETWORK}, lambda fold: [_network(fold, 1)]),
        Pair(
            "discrete-time network",
            {"kind": "discrete_time_network", "penalty": [0.1], **NETWORK},
            lambda fold: [_network(fold, 4)],
        ),
        Pair(
            "cause-specific Cox",
            {"kind": "cause_specific_cox", "alpha_fraction": weak},
            lambda fold: _ridge(fold, weak) + _ridge(fold._replace(code=fold.code // 2), weak),
            competing=True,
        ),
        Pair(
            "Fine-Gray", {"kind": "fine_gray", "alpha_fraction": weak}, lambda fold: _ridge(fold, weak), competing=True
        ),
        Pair(
            "elastic-net Fine-Gray",
            {"kind": "elastic_net_fine_gray"},
            lambda fold: _coxnet(fold, 0.5),
            competing=True,
        ),
    ]


def _lifelines(fitter: Any, fold: Fold) -> list[Floats]:
    import pandas as pd

    names = [f"c{i}" for i in range(fold.X.shape[1])]
    train = pd.DataFrame(fold.X, columns=names).assign(days=fold.days, event=fold.code == 1)
    test = pd.DataFrame(fold.tested, columns=names)
    fitter.fit(train, "days", "event")
    fitter.predict_survival_function(test)
    return [-fitter.predict_median(test).to_numpy(float) if hasattr(fitter, "lambda_") else _risk(fitter, test)]


def _risk(fitter: Any, test: Any) -> Floats:
    told = (
        fitter.predict_partial_hazard(test)
        if hasattr(fitter, "predict_partial_hazard")
        else -fitter.predict_median(test)
    )
    return np.asarray(told, np.float64)


def _lifelines_cox(fold: Fold) -> list[Floats]:
    from lifelines import CoxPHFitter

    return _lifelines(CoxPHFitter(penalizer=0.05), fold)


def _lifelines_aft(fold: Fold) -> list[Floats]:
    from lifelines import WeibullAFTFitter

    return _lifelines(WeibullAFTFitter(penalizer=0.05), fold)


def _curved(estimator: Any, fold: Fold) -> Floats:
    """Fitted by scikit-survival, with curves."""
    estimator.fit(fold.X, fold.y)
    estimator.predict_survival_function(fold.tested, return_array=True)
    return np.asarray(estimator.predict(fold.tested), np.float64)


def _ridge(fold: Fold, fractions: list[float]) -> list[Floats]:
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    whole = float(fold.X.var(axis=0).sum())
    return [_curved(CoxPHSurvivalAnalysis(alpha=one * whole), fold) for one in fractions]


def _coxnet(fold: Fold, l1_ratio: float) -> list[Floats]:
    """A path of the three default penalties, with curves of each."""
    from sksurv.linear_model import CoxnetSurvivalAnalysis

    from tasks.modelling.solvers.lasso_cox_path import largest_cox_penalty

    largest = largest_cox_penalty(fold.X, fold.code == 1, fold.days, np.ones(len(fold.X))) / l1_ratio
    alphas = [fraction * largest for fraction in (0.5, 0.25, 0.1)]
    path = CoxnetSurvivalAnalysis(l1_ratio=l1_ratio, alphas=alphas, fit_baseline_model=True).fit(fold.X, fold.y)
    for alpha in alphas:
        path.predict_survival_function(fold.tested, alpha=alpha, return_array=True)
    return [np.asarray(path.predict(fold.tested, alpha=alpha), np.float64) for alpha in alphas]


def _forest(fold: Fold) -> list[Floats]:
    from sksurv.ensemble import RandomSurvivalForest

    return [_curved(RandomSurvivalForest(100, min_samples_leaf=3, max_features="sqrt", random_state=0), fold)]


def _boosting(fold: Fold, stages: int) -> Floats:
    from sksurv.ensemble import GradientBoostingSurvivalAnalysis

    boosted = GradientBoostingSurvivalAnalysis(
        n_estimators=stages, max_depth=2, min_samples_leaf=3, max_features="sqrt", random_state=0
    )
    return _curved(boosted, fold)


def _svm(fold: Fold, C: float) -> Floats:
    from sksurv.svm import FastSurvivalSVM

    pairs_of = np.count_nonzero((fold.code == 1)[:, None] & (fold.days[:, None] < fold.days))
    machine = FastSurvivalSVM(alpha=C * len(fold.X) / pairs_of, max_iter=1000, random_state=0).fit(fold.X, fold.y)
    return np.asarray(machine.predict(fold.tested), np.float64)


def _kernel_svm(fold: Fold, C: float) -> Floats:
    from sksurv.svm import FastKernelSurvivalSVM

    n, p = fold.X.shape
    pairs_of = np.count_nonzero((fold.code == 1)[:, None] & (fold.days[:, None] < fold.days))
    settings = {"kernel": "rbf", "gamma": 1 / (p * fold.X.var()), "max_iter": 1000, "random_state": 0}
    machine = FastKernelSurvivalSVM(alpha=C * p * n / pairs_of, **settings).fit(fold.X, fold.y)
    return np.asarray(machine.predict(fold.tested), np.float64)


def _network(fold: Fold, outputs: int) -> Floats:
    """As a user of torch writes it: one hidden layer, full batches, AdamW with a cosine; one output is Cox's."""
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)
    layers = (
        torch.nn.Linear(fold.X.shape[1], 16),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.2),
        torch.nn.Linear(16, outputs),
    )
    network = torch.nn.Sequential(*layers)
    order = np.argsort(-fold.days)
    X, event = torch.tensor(fold.X[order], dtype=torch.float32), torch.tensor(fold.code[order] == 1)
    ends = np.quantile(fold.days[fold.code == 1], np.arange(1, outputs + 1) / outputs)
    own = np.searchsorted(ends, fold.days[order])
    goal = torch.tensor((own[:, None] == np.arange(outputs)) & (fold.code[order] == 1)[:, None], dtype=torch.float32)
    at_risk = torch.tensor((np.arange(outputs) < own[:, None]), dtype=torch.float32) + goal
    weights = [layers[0].weight, layers[3].weight]
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.02, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 100)
    for _ in range(100):
        optimiser.zero_grad()
        told = network(X)
        if outputs == 1:
            lost = (torch.logcumsumexp(told[:, 0], 0) - told[:, 0])[event].sum() / len(X)
        else:
            each = torch.nn.functional.binary_cross_entropy_with_logits(told, goal, reduction="none")
            lost = (each * at_risk).sum() / len(X)
        lost = lost + 0.05 * sum(one.square().sum() for one in weights)
        lost.backward()
        optimiser.step()
        schedule.step()
    network.eval()
    with torch.no_grad():
        found: Floats = network(torch.tensor(fold.tested, dtype=torch.float32)).double().numpy().mean(axis=1)
    return found


def planted(patients: int, columns: int) -> tuple[Floats, NDArray[np.intp], Floats]:
    """Correlated columns, X (n, p); 0 censored, 1 the event that follows five of them, 2 another; days, (n,) each."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(patients, 20))
    X = rng.normal(size=(patients, columns)) + shared[:, rng.integers(0, 20, columns)]
    time_to = np.column_stack(
        [
            rng.exponential(1500, patients),
            rng.exponential(700 * np.exp(-0.35 * X[:, :5].sum(axis=1))),
            rng.exponential(2500, patients),
        ]
    )
    return X, time_to.argmin(axis=1), np.ceil(time_to.min(axis=1))


def folds_of(X: Floats, code: NDArray[np.intp], days: Floats) -> list[Fold]:
    """Every fifth case is predicted; columns are of spread 1 among those that train."""
    found = []
    for k in range(FOLDS):
        tested = np.arange(len(X)) % FOLDS == k
        middle, spread = X[~tested].mean(axis=0), X[~tested].std(axis=0)
        made = np.ascontiguousarray((X - middle) / spread)
        found.append(Fold(made[~tested], code[~tested], days[~tested], made[tested], code[tested], days[tested]))
    return found


def run_ours(pair: Pair, fold: Fold) -> list[Floats]:
    """What the model says of the test cases of a fold."""
    from features.core.kinds.endpoint import ENDPOINTS
    from features.core.outcome import Outcome
    from tasks.modelling.models.model import MODELS
    from tasks.modelling.rows import Columns, Rows
    from tasks.modelling.target import Target

    names = np.array([f"c{i}" for i in range(fold.X.shape[1])])
    columns = Columns(names, np.full(len(names), "radiomics"))
    train, test = (Rows(X, columns, {"patient": np.arange(len(X)).astype(str)}) for X in (fold.X, fold.tested))
    if pair.competing:
        kind = {"kind": "competing_risks", "time": "t", "cause": "c", "censored": "none", "of_interest": "event"}
        outcome = Outcome(fold.code, days=fold.days, levels=("none", "event", "other"))
    else:
        kind = {"kind": "survival", "time": "t", "event": "e"}
        outcome = Outcome.of_days(fold.code == 1, fold.days)
    target, model = Target(outcome, ENDPOINTS.parse(kind)), MODELS.parse(pair.model)
    found = []
    for one in model.fit_variants(train, target, 0, model.variants()):
        if isinstance(one, Exception):
            raise one
        risk = one.predict(test).risk
        assert risk is not None
        found.append(risk)
    return found


def timed(run: Callable[[Fold], list[Floats]], folds: list[Fold], variants: int) -> tuple[float, float]:
    """The least CPU seconds of some rounds, and the mean score of the first `variants` of what is said of each fold."""
    from sksurv.metrics import concordance_index_censored

    seconds, found = [], [run(fold) for fold in folds]  # imports and compiles
    for _ in range(ROUNDS):
        start = time.process_time()
        found = [run(fold) for fold in folds]
        seconds.append(time.process_time() - start)
    scores = [
        concordance_index_censored(fold.code_tested == 1, fold.days_tested, risk)[0]
        for fold, told in zip(folds, found, strict=True)
        for risk in told[:variants]
    ]
    return min(seconds), float(np.mean(scores))


def compare_followed(patients: int, columns: int, only: str) -> bool:
    """Print what each model costs on both sides, and its score; whether none costs more than promised."""
    warnings.filterwarnings("ignore")
    X, code, days = planted(patients, columns)
    print(
        f"\n{patients} patients × {columns} columns, {int((code == 1).sum())} events, {FOLDS} folds, best of {ROUNDS} rounds\n"
    )
    print("| model | library CPU s | radweave CPU s | times the library | C of the library | of radweave |")
    print("|---|---|---|---|---|---|")
    dear = []
    for pair in pairs():
        if only and only not in pair.title:
            continue
        few = max(1, min(FEW, int((code == 1).sum()) // 15))  # a training fold has to have ten events for each
        folds = folds_of(X[:, :few] if pair.few else X, code, days)
        variants = len(run_ours(pair, folds[0]))
        theirs, their_score = timed(pair.peer, folds, variants)
        ours, our_score = timed(lambda fold, pair=pair: run_ours(pair, fold), folds, variants)  # type: ignore[misc]
        dear += [pair.title] if ours > MOST_TIMES * theirs else []
        costs = f"{theirs:.3f} | {ours:.3f} | {ours / theirs:.2f}"
        print(f"| {pair.title} | {costs} | {their_score:.4f} | {our_score:.4f} |", flush=True)
    print(f"\nfollowed: {'NOT MET by ' + ', '.join(dear) if dear else 'met'}: at most {MOST_TIMES} times the library")
    return not dear
