"""What a study of several blocks loses, or gains, beside the best of its blocks alone.

    python benchmarks/blocks.py                              # 200 tables of every world, every way of fusion
    python benchmarks/blocks.py --draws 20 --world one --models lasso_logistic --usual

Every table is drawn anew: patients × columns in planted blocks (WORLDS). `evaluate` scores each block alone and all of them, each
way of fusion as a candidate, on the same folds. The best block is the one of the highest mean over all tables, which
nobody knows who has one table. `difference` is the mean of "all" less that block, ± its standard error; `clinical` the
share of the prediction that the clinical block has, and `columns` that of the chosen columns that are clinical. `together`, with
a screen, is how studies were fitted before blocks counted. Promised, of the default, is a difference of at least -0.01 and,
where it tells, a clinical share above 0.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.fusion.fusion import FUSIONS

Floats = NDArray[np.float64]
LEAST = -0.01  # what "all" may lose beside the best block
COLUMNS = {"clinical": 5, "genomic": 300, "radiomics": 1000, "deep": 2500}
ENDPOINT = {
    "binary": {"kind": "binary", "column": "response"},
    "survival": {"kind": "survival", "time": "days", "event": "died"},
}
SCREENED = ["drop_constant", "median", "zscore", {"kind": "screen", "k": [20]}]
MODELS: dict[
    str, dict[str, Any]
] = {  # one setting each, and a screen, as every model had one before there were ways of fusion
    "lasso_logistic": {"model": {"kind": "lasso_logistic", "C": [0.3]}, "steps": SCREENED},
    "svm": {"model": {"kind": "svm", "kernel": ["linear"], "C": [0.1]}, "steps": SCREENED},
    "random_forest": {"model": {"kind": "random_forest", "trees": 50}, "steps": SCREENED},
    "coxnet": {"model": {"kind": "coxnet", "alpha_fraction": [0.25]}, "steps": SCREENED},
    "cox": {"model": "cox"},
}


@dataclass(frozen=True)
class World:
    """effects: block → spread of what it adds to the log odds, or to the log hazard."""

    name: str
    endpoint: str
    effects: dict[str, float]
    models: tuple[str, ...]


WORLDS = (
    World("two", "binary", {"clinical": 1.0, "genomic": 1.4}, ("lasso_logistic", "svm", "random_forest")),
    World("one", "binary", {"genomic": 1.4}, ("lasso_logistic", "svm", "random_forest")),
    World("followed", "survival", {"clinical": 0.6, "genomic": 0.9}, ("coxnet", "cox")),
)


@dataclass
class Seen:
    """Of one model: block or way of fusion → its score in every table; way → shares of the clinical block, of both kinds."""

    scores: dict[str, list[float]] = field(default_factory=dict)
    shares: dict[str, list[float]] = field(default_factory=dict)
    columns: dict[str, list[float]] = field(default_factory=dict)


def draw(world: World, n: int, seed: int) -> Design:
    """n patients. Radiomics and deep features follow a few factors, as they do; four genes and three clinical columns tell."""
    rng = np.random.default_rng([seed, len(world.effects)])
    parts = {"clinical": rng.normal(size=(n, COLUMNS["clinical"]))}
    parts |= {block: _correlated(rng, n, p, 30) for block, p in list(COLUMNS.items())[1:]}
    told = {"clinical": parts["clinical"][:, :3] @ [1, 0.7, 0.4]}
    genes = rng.choice(COLUMNS["genomic"], 4, replace=False)
    told["genomic"] = parts["genomic"][:, genes] @ rng.choice([-1, 1], 4)
    effect = sum((size * _standard(told[block]) for block, size in world.effects.items()), np.zeros(n))
    blocks = {f"{block}_{i}": block for block, p in COLUMNS.items() for i in range(p)}
    X = pd.DataFrame(np.hstack(list(parts.values())), columns=list(blocks), index=[f"toy:p{i}" for i in range(n)])
    patients, centres = np.array([f"p{i}" for i in range(n)]), np.repeat("one", n)
    if world.endpoint == "binary":
        outcome = Outcome.of_flag(effect + rng.logistic(size=n) > 0)
    else:
        time_, censored = rng.exponential(500 * np.exp(-effect)), rng.exponential(700, n)
        outcome = Outcome.of_days(time_ <= censored, np.ceil(np.minimum(time_, censored)))
    endpoint = ENDPOINTS.parse(ENDPOINT[world.endpoint])
    return Design(
        X, blocks, outcome, endpoint, patients, centres, cohorts=np.repeat("toy", n), held_out=np.repeat("", n)
    )


def _correlated(rng: np.random.Generator, n: int, p: int, factors: int) -> Floats:
    loads = rng.normal(size=(factors, p)) * (rng.random((factors, p)) < 0.15)
    found: Floats = rng.normal(size=(n, factors)) @ loads + 0.6 * rng.normal(size=(n, p))
    return found


def _standard(values: Floats) -> Floats:
    found: Floats = (values - values.mean()) / values.std()
    return found


def study_of(world: World, models: Sequence[str], seed: int, usual: bool) -> Study:
    """Every block alone and all of them; every model with every way of fusion. usual: models as studies have them by default."""
    sets = {block: [block] for block in COLUMNS} | {"all": list(COLUMNS)}
    given = {model: {"model": model} if usual else MODELS[model] for model in models}
    candidates = [
        {**given[model], "name": f"{model}_{way}", "fusion": way} for model in models for way in FUSIONS.modules
    ]
    settings = {
        "name": world.name,
        "cohorts": ["toy"],
        "endpoint": "outcome",
        "blocks": sets,
        "models": candidates,
        "splits": [{"kind": "nested", "folds": 5, "repeats": 1}],
        "seed": seed,
    }
    return Study.model_validate(settings)


def add(seen: dict[str, Seen], result: StudyResult, models: Sequence[str]) -> None:
    """Notes what one table gave. The blocks alone are scored with the first way: it makes no difference there."""
    first, metric = next(iter(FUSIONS.modules)), result.endpoint.metrics[0]
    nothing = float("nan")
    scored = [s for s in result.scores if s.metric == metric and not s.within]
    scores = {(s.blocks, s.model): nothing if s.value is None else s.value for s in scored}
    shares = {(s.blocks, s.model): s.share for s in result.shares if s.block == "clinical"}
    for model in models:
        own = seen.setdefault(model, Seen())
        for block in COLUMNS:
            own.scores.setdefault(block, []).append(scores.get((block, f"{model}_{first}"), nothing))
        for way in FUSIONS.modules:
            key = "all", f"{model}_{way}"
            own.scores.setdefault(way, []).append(scores.get(key, nothing))
            own.shares.setdefault(way, []).append(shares.get(key, nothing))
            chosen = [(s.feature, s.chosen) for s in result.selected if (s.blocks, s.model) == key]
            total = sum(times for _, times in chosen)
            clinical = sum(times for name, times in chosen if name.startswith("clinical"))
            own.columns.setdefault(way, []).append(clinical / total if total else nothing)


def rows_of(model: str, seen: Seen, world: World) -> Iterator[tuple[str, bool]]:
    """A row for each way of fusion, and whether it keeps what is promised."""
    best = max(COLUMNS, key=lambda block: float(np.nanmean(seen.scores[block])))
    for way in FUSIONS.modules:
        apart = np.array(seen.scores[way]) - np.array(seen.scores[best])
        failed = int(np.isnan(apart).sum())
        if failed == len(apart):
            yield f"| {model} | {way} | none | {failed} failed | | | |", False
            continue
        mean, error = float(np.nanmean(apart)), float(np.nanstd(apart, ddof=1) / np.sqrt(len(apart) - failed))
        clinical, columns = float(np.nanmean(seen.shares[way])), float(np.nanmean(seen.columns[way]))
        alone, joined = float(np.nanmean(seen.scores[best])), float(np.nanmean(seen.scores[way]))
        cells = [model, way, f"{joined:.3f}", f"{best} {alone:.3f}", f"{mean:+.4f} ± {error:.4f}"]
        yield (
            f"| {' | '.join([*cells, f'{clinical:.2f}', f'{columns:.2f}'])} |",
            mean >= LEAST and (clinical > 0 or "clinical" not in world.effects),
        )


def compare(world: World, models: Sequence[str], draws: int, n: int, usual: bool) -> bool:
    """Prints the table of one world. Whether the default way keeps what is promised, of every model."""
    seen: dict[str, Seen] = {}
    start = time.monotonic()
    for seed in range(draws):
        add(seen, evaluate(draw(world, n, seed), study_of(world, models, seed, usual)), models)
    blocks = ", ".join(f"{block} {p}" for block, p in COLUMNS.items())
    told = " and ".join(f"{block} ({size})" for block, size in world.effects.items())
    print(f"\n{world.name}: {world.endpoint}, {n} patients, {draws} tables; columns: {blocks}; told by {told}")
    for model, own in seen.items():
        print(f"{model}: " + ", ".join(f"{block} {np.nanmean(own.scores[block]):.3f}" for block in COLUMNS))
    print("| model | fusion | all | best block | difference | clinical | columns |\n|---|---|---|---|---|---|---|")
    kept = True
    for model, own in seen.items():
        for way, (row, good) in zip(FUSIONS.modules, rows_of(model, own, world), strict=True):
            print(row)
            kept = kept and (good or way != FUSIONS.default)
    print(
        f"{time.monotonic() - start:.0f} s; {FUSIONS.default} keeps what is promised: {'yes' if kept else 'no'}",
        flush=True,
    )
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description="All blocks beside the best one alone.")
    parser.add_argument("--draws", type=int, default=200, help="tables of each world")
    parser.add_argument("--patients", type=int, default=160)
    parser.add_argument("--world", choices=[world.name for world in WORLDS], help="only this one")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), help="only these")
    parser.add_argument(
        "--usual", action="store_true", help="models with their usual steps and settings, which takes longer"
    )
    options = parser.parse_args()
    kept = True
    for world in WORLDS:
        models = [model for model in world.models if model in (options.models or MODELS)]
        if models and options.world in (None, world.name):
            kept = compare(world, models, options.draws, options.patients, options.usual) and kept
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
