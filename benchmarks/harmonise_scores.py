"""What harmonising does to scores: of a centre that training has not seen, and of pure noise.

    python benchmarks/harmonise_scores.py              # 20 tables of every kind, as in docs/harmonise.md
    python benchmarks/harmonise_scores.py --draws 4

Unseen: the AUC of centres that are left out, all pairs within their centre, where centres differ in location, in scale, in both
or in nothing. Noise: columns tell nothing, and the outcome is more frequent in one centre than in another; pooled and within
centres. Every table is drawn anew; means over the tables, ± the largest standard error of a row.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.design import Design
from features.core.kinds.endpoint import ENDPOINTS
from features.core.outcome import Outcome
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.study import Study

# Centres differ in: their location, in standard deviations, and the logarithm of their scale.
UNSEEN = {"location and scale": (1.0, 0.7), "scale": (0.0, 0.7), "location": (1.0, 0.0), "nothing": (0.0, 0.0)}
RULES: dict[str, list[Any]] = {
    "not harmonised": [],
    "pooled": [{"kind": "combat", "unseen": "pooled"}],
    "own": [{"kind": "combat", "unseen": "own"}],
}
ON_NOISE: dict[str, list[Any]] = {"not harmonised": [], "combat": ["combat"], "location_scale": ["location_scale"]}
RATES = (0.2, 0.5, 0.8)  # of the outcome in the three centres of noise


def unseen_table(seed: int, location: float, scale: float) -> Design:
    """240 patients of 4 centres; 5 of 30 columns carry the risk, and every centre shifts and stretches every column."""
    rng, n, p, centres = np.random.default_rng(seed), 240, 30, 4
    true, code = rng.normal(size=(n, p)), np.arange(n) % centres
    stretched = true * np.exp(scale * rng.normal(size=(centres, p)))[code]
    X = stretched + location * rng.normal(size=(centres, p))[code]
    return _design(X, 0.8 * true[:, :5].sum(axis=1) + rng.logistic(size=n) > 0, code)


def noise_table(seed: int) -> Design:
    """120 patients of 3 centres, 200 columns of noise."""
    rng, n, code = np.random.default_rng(seed), 120, np.arange(120) % 3
    seen = rng.random(n) < np.array(RATES)[code]
    return _design(rng.normal(size=(n, 200)), seen, code)


def _design(X: NDArray[np.float64], seen: NDArray[np.bool_], code: NDArray[np.intp]) -> Design:
    names = [f"radiomics_{i}" for i in range(X.shape[1])]
    table = pd.DataFrame(X, columns=names, index=[f"case{i}" for i in range(len(X))])
    patients, centres = (np.array([f"{word}{i}" for i in of]) for word, of in (("p", range(len(X))), ("c", code)))
    endpoint = ENDPOINTS.parse({"kind": "binary", "column": "seen"})
    return Design(table, dict.fromkeys(names, "radiomics"), Outcome.of_flag(seen), endpoint, patients, centres)


def scores(designs: Sequence[Design], ways: dict[str, list[Any]], model: dict[str, Any], split: Any) -> pd.DataFrame:
    """Mean AUC and its standard error over designs, by way and by what was compared."""
    models = [
        {"name": f"way{i}", "model": model, "steps": ["drop_constant", "median", *steps, "zscore"]}
        for i, steps in enumerate(ways.values())
    ]
    study = Study.model_validate(
        {
            "name": "harmonised",
            "cohorts": ["drawn"],
            "endpoint": "seen",
            "blocks": {"radiomics": ["radiomics"]},
            "models": models,
            "splits": [split],
        }
    )
    tables = [evaluate(design, study).scores_table() for design in designs]
    found = pd.concat(tables)
    found = found[(found["metric"] == "auc") & (found["centre"] == "")]
    found["way"] = found["model"].map({f"way{i}": way for i, way in enumerate(ways)})
    return found.groupby(["way", "within"])["value"].agg(["mean", "sem"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=20, help="tables of each kind")
    draws = range(parser.parse_args().draws)
    lasso = {"kind": "lasso_logistic", "C": [0.3]}
    print("| centres differ in |", *(f"{way} |" for way in RULES), "± |")
    print("|---|" + "---|" * (len(RULES) + 1))
    for words, (location, scale) in UNSEEN.items():
        found = scores([unseen_table(seed, location, scale) for seed in draws], RULES, lasso, "centre_out")
        means = (f"{found.loc[(way, ''), 'mean']:.3f} |" for way in RULES)
        print(f"| {words} |", *means, f"{found['sem'].max():.3f} |", flush=True)
    nested = {"kind": "nested", "folds": 5, "repeats": 1}
    found = scores([noise_table(seed) for seed in draws], ON_NOISE, {"kind": "svm", "C": [1.0]}, nested)
    print("\n| noise | pooled | within centres | ± |\n|---|---|---|---|")
    for way in ON_NOISE:
        own = found.loc[way]
        print(f"| {way} | {own.loc['', 'mean']:.3f} | {own.loc['centre', 'mean']:.3f} | {own['sem'].max():.3f} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
