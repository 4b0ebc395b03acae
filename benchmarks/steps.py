"""What steps cost: each fitted to a wide table and applied to it, beside its library where one does the same.

    python benchmarks/steps.py                            # 160 rows × 3,800 columns
    python benchmarks/steps.py --rows 60 --columns 100    # quicker

Seconds of CPU of this process, one thread; what is imported and compiled is there before the clock starts (each runs twice,
and the second counts). Columns go together by 60 factors; one cell in twenty is missing, for steps that take missing values.
Peers are given the same table and do the same: fit and transform. IterativeImputer, with ten neighbours and five rounds, and
PowerTransformer are given 60 of the columns, and their time is that of all of them, by number.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from features.core.outcome import Outcome
from features.endpoints.binary import Binary
from tasks.modelling.preprocessing.step import STEPS
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.target import Target

SETTINGS: dict[str, dict[str, Any]] = {
    "quantile": {"output": "uniform"},
    "pca": {"components": [5]},
    "pls": {"components": [2]},
}
FEW = 60  # columns that slow peers are given


def made(n: int, p: int) -> tuple[Rows, Rows, Target]:
    """Rows as they come, rows without gaps, and a binary target."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(n, 60))
    X = base @ rng.normal(size=(60, p)) * 0.5 + rng.normal(size=(n, p))
    gaps = np.where(rng.random(X.shape) < 0.05, np.nan, X)
    columns = Columns(np.array([f"c{i}" for i in range(p)]), np.full(p, "radiomics"))
    groups = {"centre": np.array(["a", "b"])[np.arange(n) % 2], "cohort": np.full(n, "x")}
    groups["patient"] = np.arange(n).astype(str)
    target = Target(Outcome.of_flag(base[:, 0] + rng.normal(size=n) > 0), Binary(column="response"))
    return Rows(gaps, columns, groups), Rows(X, columns, groups), target


def peers(gaps: Any, X: Any, y: Any) -> dict[str, Callable[[], Any]]:
    """What scikit-learn has that does the same, by the kind of step."""
    from sklearn.cross_decomposition import PLSRegression
    from sklearn.decomposition import PCA
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.feature_selection import VarianceThreshold
    from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
    from sklearn.preprocessing import PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler

    chained = IterativeImputer(n_nearest_features=10, max_iter=5, skip_complete=True, random_state=0)
    return {
        "median": lambda: SimpleImputer(strategy="median").fit_transform(gaps),
        "most_frequent": lambda: SimpleImputer(strategy="most_frequent").fit_transform(gaps),
        "knn": lambda: KNNImputer().fit_transform(gaps),
        "iterative": lambda: chained.fit_transform(gaps[:, :FEW]),
        "variance_threshold": lambda: VarianceThreshold().fit_transform(gaps),
        "zscore": lambda: StandardScaler().fit_transform(X),
        "robust": lambda: RobustScaler().fit_transform(X),
        "quantile": lambda: QuantileTransformer(n_quantiles=len(X)).fit_transform(X),
        "yeo_johnson": lambda: PowerTransformer().fit_transform(X[:, :FEW]),
        "pca": lambda: PCA(5).fit_transform(StandardScaler().fit_transform(X)),
        "pls": lambda: PLSRegression(2).fit(X, y).transform(X),
    }


def seconds(call: Callable[[], Any]) -> float:
    """CPU of the second of two calls."""
    for _ in range(2):
        start = time.process_time()
        call()
        found = time.process_time() - start
    return found


def main() -> None:
    """Prints a table of Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=160)
    parser.add_argument("--columns", type=int, default=3800)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    gaps, whole, target = made(asked.rows, asked.columns)
    others = peers(gaps.X, whole.X, target.outcome.flag.astype(float))
    print(f"{asked.rows} rows × {asked.columns} columns; CPU s of fit and apply")
    print("| step | radweave | scikit-learn |\n|---|---|---|")
    for kind in STEPS.modules:
        step = STEPS.parse({"kind": kind, **SETTINGS.get(kind, {})})
        rows = gaps if step.takes_missing else whole
        own = seconds(lambda step=step, rows=rows: step.fit(rows, target, 0).apply(rows))  # type: ignore[misc]
        factor = asked.columns / min(FEW, asked.columns) if kind in ("iterative", "yeo_johnson") else 1.0
        peer = f"{factor * seconds(others[kind]):.3f}" if kind in others else ""
        print(f"| {kind} | {own:.3f} | {peer} |", flush=True)


if __name__ == "__main__":
    main()
