"""How often a test claims a difference between two candidates that are equally good, at a level of 0.05.

    python benchmarks/comparisons.py               # 600 data sets a row
    python benchmarks/comparisons.py --repeats 100 --only R2

Each data set is drawn anew, with two sets of ten columns that tell equally much of the outcome; a candidate learns on each, and
both are compared by the tests that studies use. Of nested cross-validation the truth is that models built so are equally good on
average; of one fitted model, that predictions of both are equally good: noise of one size, added to what is to be predicted.
Expected is 0.05; above 0.07 a test claims too much, and a study says so or does not use it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks.coverage_worlds import World
from features.core.outcome import Outcome
from tasks.modelling.comparisons.corrected_t import corrected_t
from tasks.modelling.comparisons.paired_test import paired_test
from tasks.modelling.comparisons.swapped import swapped_p
from tasks.modelling.metrics.metric import PairMetric, Scored
from tasks.modelling.prediction import Prediction
from tasks.modelling.splits.split import grouped_folds

MOST, DRAWS, SWAPPED_REPEATS = 0.07, 99, 2
Trial = Callable[[np.random.Generator], dict[str, float | None]]


@dataclass(frozen=True)
class Row:
    """printed: the test that a study uses there."""

    name: str
    trial: Trial
    printed: str


def nested(kind: str, metric: str, n: int, effect: float, *, repeats: int, folds: int = 5) -> Trial:
    """Repeated cross-validation of two candidates."""
    world = World(kind, metric, effect, columns=10)

    def trial(rng: np.random.Generator) -> dict[str, float | None]:
        X, outcome = _two_sets(world, rng, n)
        names, sides = np.arange(n).astype(str), ([], [])  # type: tuple[list[Scored], list[Scored]]
        for repeat in range(repeats):
            for train, test in grouped_folds(world.endpoint, outcome, names, folds, int(rng.integers(2**31))):
                for side, one in zip(sides, X, strict=True):
                    parts = (one[train], outcome.take(train)), (one[test], outcome.take(test))
                    side.append(world.scored(*parts, test, repeat=repeat))
        return _tested(world, sides, names, rng, share=1 / (folds - 1))

    return trial


def fixed(kind: str, metric: str, n: int, effect: float) -> Trial:
    """Two models as they are, on cases of their own."""
    world = World(kind, metric, effect, columns=1)

    def trial(rng: np.random.Generator) -> dict[str, float | None]:
        _, outcome = world.draw(rng, n)
        told = outcome.value if outcome.value is not None else outcome.code.astype(np.float64)
        sides = []
        for _ in range(2):
            value = effect * told + rng.normal(size=n)
            level = np.eye(3)[np.digitize(value, [0.5, 1.5])] if kind == "ordinal" else None
            prediction = Prediction(risk=value, value=value if kind == "continuous" else None, probability=level)
            sides.append([Scored(np.arange(n), outcome, prediction, outcome, world.endpoint)])
        return _tested(world, (sides[0], sides[1]), np.arange(n).astype(str), rng, share=None)

    return trial


def _two_sets(world: World, rng: np.random.Generator, n: int) -> tuple[tuple[np.ndarray, np.ndarray], Outcome]:
    """(n, 10) columns twice, which tell equally much of one outcome."""
    both = World(world.kind, world.metric, 0.0, columns=20)
    X, outcome = both.draw(rng, n)
    if world.kind == "binary":
        moved = outcome.flag[:, None] * world.effect * (np.arange(20) % 10 < 3)
        return ((X + moved)[:, :10], (X + moved)[:, 10:]), outcome
    drive = X[:, [0, 1, 2, 10, 11, 12]].sum(axis=1) * world.effect
    if world.kind == "continuous":
        outcome = Outcome.of_value(drive + rng.normal(size=n))
    else:
        code = np.digitize(drive + rng.logistic(size=n), [-0.9, 0.9])
        outcome = Outcome(code, levels=("low", "middle", "high"))
    return (X[:, :10], X[:, 10:]), outcome


def _tested(
    world: World,
    sides: tuple[Sequence[Scored], Sequence[Scored]],
    names: np.ndarray,
    rng: np.random.Generator,
    *,
    share: float | None,
) -> dict[str, float | None]:
    """p of each test that can be done. share: test cases to training cases of a fold; None: models are as they are."""
    metric, found = world.judge, dict[str, float | None]()
    first, second = (metric.value(side) for side in sides)
    assert first is not None
    assert second is not None
    repeats = [fold.repeat for fold in sides[0]]
    if isinstance(metric, PairMetric) and (share is None or len(set(repeats)) > 1):
        sets = [[*zip(*(metric.pairs_of(fold) for fold in side), strict=True)] for side in sides]
        models, ratio = ("fixed", 1.0) if share is None else ("resampled", 1 / share)
        tested = paired_test(first - second, *sets, names, models, repeats=repeats, ratio=ratio)  # type: ignore[arg-type]
        found["DeLong" if share is None else "DeLong with training cases"] = tested.p
    if share is not None:
        by_fold = [(metric.value([one]), metric.value([two])) for one, two in zip(*sides, strict=True)]
        differences = [one - two for one, two in by_fold if one is not None and two is not None]
        found["corrected resampled t"] = corrected_t(first - second, differences, share).p
        found["plain t"] = corrected_t(first - second, differences, 0.0).p
    if len(set(repeats)) <= SWAPPED_REPEATS:  # of more it takes long, and claims as much
        found["permutation"] = swapped_p(metric, *sides, names, draws=DRAWS, rng=rng)
    return found


def rows() -> Iterator[Row]:
    for effect in (0.0, 0.6):
        for n in (60, 120):
            trial = nested("binary", "auc", n, effect, repeats=2)
            yield Row(f"nested, AUC, n = {n}, effect {effect}", trial, "DeLong with training cases")
    yield Row(
        "nested, AUC, n = 60, effect 0.6, 10 repeats",
        nested("binary", "auc", 60, 0.6, repeats=10),
        "DeLong with training cases",
    )
    yield Row(
        "nested, AUC, n = 60, effect 0.6, 1 repeat",
        nested("binary", "auc", 60, 0.6, repeats=1),
        "corrected resampled t",
    )
    for kind, metric in (("continuous", "r2"), ("ordinal", "quadratic_kappa")):
        for effect in (0.0, 0.5):
            trial = nested(kind, metric, 60, effect, repeats=2)
            yield Row(f"nested, {metric}, n = 60, effect {effect}", trial, "corrected resampled t")
    for n in (20, 40):
        yield Row(f"fixed models, AUC, n = {n}", fixed("binary", "auc", n, 1.0), "DeLong")
        yield Row(f"fixed models, r2, n = {n}", fixed("continuous", "r2", n, 1.0), "permutation")
        yield Row(f"fixed models, quadratic_kappa, n = {n}", fixed("ordinal", "quadratic_kappa", n, 1.0), "permutation")


def measure(row: Row, repeats: int, seed: int = 0) -> dict[str, float]:
    """The share of data sets of which each test claims a difference, of those that it could be done of."""
    found: dict[str, list[bool]] = {}
    for repeat in range(repeats):
        for test, p in row.trial(np.random.default_rng([seed, repeat])).items():
            if p is not None:
                found.setdefault(test, []).append(p <= 0.05)
    return {test: float(np.mean(claims)) for test, claims in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=600, help="data sets of a row")
    parser.add_argument("--only", default="", help="only rows whose name holds this")
    parser.add_argument("--seed", type=int, default=0, help="of the data sets")
    chosen = parser.parse_args()
    print("| two equal candidates | test of a study | claims | others |\n|---|---|---|---|")
    kept, start = True, time.process_time()
    for row in rows():
        if chosen.only not in row.name:
            continue
        claims = measure(row, chosen.repeats, chosen.seed)
        others = ", ".join(f"{test} {share:.3f}" for test, share in claims.items() if test != row.printed)
        print(f"| {row.name} | {row.printed} | {claims[row.printed]:.3f} | {others} |", flush=True)
        kept = kept and claims[row.printed] <= MOST
    print(f"{chosen.repeats} data sets a row, {time.process_time() - start:.0f} CPU s")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
