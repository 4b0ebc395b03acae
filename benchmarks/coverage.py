"""Whether 95 % intervals hold the truth in 95 % of studies, and how wide they are.

    python benchmarks/coverage.py                       # the eight cells that are promised, 1,000 data sets each
    python benchmarks/coverage.py --more                # and other learners, metrics, sizes
    python benchmarks/coverage.py --own --repeats 300   # and studies as a whole, with radweave's LASSO
    python benchmarks/coverage.py --metrics --repeats 300   # every metric of five endpoints, over three kinds of splits
    python benchmarks/coverage.py --repeats 100 --only nested

Each data set is drawn anew, cut, learnt and scored by the metrics and intervals that studies use. `coverage` is the share of
data sets whose interval holds the target; `width` is the mean width over that of the oracle: the score ± 1.96 times the standard
deviation of (score − target) over all data sets, the narrowest interval of one width that can cover 95 %. Promised is a coverage of
0.93 to 0.97 and a width of at most 1.3, or no interval. The target of nested cross-validation is the mean score, over
data sets, of models trained on as many cases as those of the folds; of a fixed model its own score on cases without
end; of a new centre the score that is seen there.
"""

from __future__ import annotations

if __name__ == "coverage":  # numba looks for the package of this name, and the folder of a script comes first
    raise ImportError("this is a benchmark, not the package coverage")

import argparse
import os
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from benchmarks.coverage_metrics import Setting, is_of_mean, settings
from benchmarks.coverage_worlds import FRESH, INFORMATIVE, Cases, World
from features.core.outcome import Outcome
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.intervals.estimate import Estimate
from tasks.modelling.splits.split import grouped_folds
from tests.support.design import make_design, make_study

LEAST, MOST, WIDEST = 0.93, 0.97, 1.3
Study = Callable[[np.random.Generator], tuple[Estimate, float]]


@dataclass(frozen=True)
class Cell:
    """study: draws a data set and gives its estimate and the truth of it. mean: the target is the mean of these truths.

    printed: whether studies print this interval; where not, it shows why.
    """

    name: str
    study: Study
    mean: bool = False
    printed: bool = True


@dataclass(frozen=True)
class Row:
    """A row of the table. without: data sets without an interval, and why."""

    cell: Cell
    target: float
    score: float
    covers: float
    width: float
    chance: float
    without: int
    why: Counter[str]

    @property
    def held(self) -> bool:
        return LEAST <= self.covers <= MOST and self.width <= WIDEST

    def __str__(self) -> str:
        held = ("yes" if self.held else "no") if self.cell.printed and self.covers == self.covers else "not printed"
        numbers = [self.target, self.score, self.covers, self.width, self.chance]
        cells = [self.cell.name, *(f"{number:.3f}" for number in numbers), str(self.without), held]
        return f"| {' | '.join(cells)} |"


def take(cases: Cases, rows: NDArray[np.intp]) -> Cases:
    return cases[0][rows], cases[1].take(rows)


def nested(world: World, n: int, *, repeats: int = 5, folds: int = 5, centres: int = 1) -> Study:
    """Repeated cross-validation of n cases. centres: only cases of one centre are compared, and columns shift between them."""

    def study(rng: np.random.Generator) -> tuple[Estimate, float]:
        X, outcome = world.draw(rng, n)
        patients = np.array([f"p{i // world.lesions}" for i in range(n)])
        centre = np.arange(n) % centres
        cases = X + (rng.normal(size=(centres, X.shape[1]))[centre] if centres > 1 else 0.0), outcome
        names, scored, train = centre.astype(str), [], np.arange(0)
        for repeat in range(repeats):
            seed = int(rng.integers(2**31))
            for train, test in grouped_folds(world.endpoint, outcome, patients, folds, seed, names):
                parts = take(cases, train), take(cases, test)
                scored.append(world.scored(*parts, test, centre=names[test], repeat=repeat))
        found = world.judge.estimate(scored, patients, "resampled", within=centres > 1)
        return found, world.truth(rng, take(cases, train))

    return study


def fixed(world: World, n: int) -> Study:
    """One model of 60 cases, on n cases of its own."""
    usual = np.random.default_rng(1)
    train = world.draw(usual, 60)
    truth = float(np.mean([world.truth(usual, train, 2000) for _ in range(40)]))
    patients = np.array([f"p{i // world.lesions}" for i in range(n)])

    def study(rng: np.random.Generator) -> tuple[Estimate, float]:
        test = world.draw(rng, n)
        return world.judge.estimate([world.scored(train, test, np.arange(n))], patients, "fixed"), truth

    return study


def new_centre(world: World, sizes: Sequence[int], differ: float, *, mean: bool = False) -> Study:
    """Leave one centre out, and one centre more. differ: how much the effects of centres differ, as a standard deviation.

    mean: instead, the mean over new centres, by Student's t with the scores of centres (Hartung & Knapp for centres of
    one size).
    """

    def study(rng: np.random.Generator) -> tuple[Estimate, float]:
        cases = [_of_centre(world, rng, size, differ) for size in rng.permutation(sizes).tolist()]
        *known, new = cases if not mean else [*cases, _of_centre(world, rng, FRESH, differ)]
        last = np.cumsum([len(one[1]) for one in known])
        scored = []
        for i, test in enumerate(known):
            train = _together([one for j, one in enumerate(known) if j != i])
            scored.append(world.scored(train, test, np.arange(last[i] - len(test[1]), last[i])))
        every = known[1:] if mean else known
        truth = world.judge.value([world.scored(_together(every), new, np.arange(len(new[1])))])
        assert truth is not None
        if not mean:
            return world.judge.estimate(scored, np.arange(last[-1]).astype(str), "centres"), truth
        values = [world.judge.value([fold]) for fold in scored]
        middle = float(np.mean(values))
        half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
        return Estimate(middle, middle - half, middle + half), truth

    return study


def own_lasso(signal: float) -> Study:
    """LASSO logistic regression as studies have it: 100 cases, 60 columns, one of them with signal; two repeats of five folds.

    The truth of a data set is its own score: cross-validation is right on average about models of as many cases.
    """

    def study(rng: np.random.Generator) -> tuple[Estimate, float]:
        design = make_design("binary", n=100, p=60, signal=signal, seed=int(rng.integers(2**31)), nan=0.0, centres=1)
        columns = design.columns("radiomics")
        design = replace(design, X=design.X[columns], blocks=dict.fromkeys(columns, "radiomics"))
        splits = [{"kind": "nested", "folds": 5, "repeats": 2}]
        model = {"kind": "lasso_logistic", "C": [0.1, 0.3, 1.0]}
        (score,) = evaluate(design, make_study(models=[model], splits=splits, seed=int(rng.integers(2**31)))).scores
        assert score.value is not None
        return Estimate(score.value, score.low, score.high, score.reason), score.value

    return study


def _of_centre(world: World, rng: np.random.Generator, size: int, differ: float) -> Cases:
    informative = np.arange(world.columns) < INFORMATIVE
    X, outcome = world.draw(rng, size, differ * rng.normal(size=world.columns) * informative)
    return X + rng.normal(size=world.columns), outcome


def _together(parts: Sequence[Cases]) -> Cases:
    return np.concatenate([X for X, _ in parts]), Outcome.concat([outcome for _, outcome in parts])


def auc(effect: float, **more: Any) -> World:
    return World("binary", "auc", effect, **more)


def cells(more: bool, own: bool = False) -> Iterator[Cell]:
    """The eight cells that are promised, then others; or those of studies as a whole."""
    if own:
        for signal in (0.0, 1.0, 2.0):
            yield Cell(f"radweave's LASSO, n = 100, one of 60 columns, signal {signal}", own_lasso(signal), mean=True)
        return
    yield Cell("nested, n = 60, AUC 0.5", nested(auc(0.0), 60), mean=True)
    yield Cell("nested, n = 60, AUC 0.75", nested(auc(0.8), 60), mean=True)
    yield Cell("nested, n = 120, AUC 0.5", nested(auc(0.0), 120), mean=True)
    yield Cell("nested, n = 120, AUC 0.75", nested(auc(0.7), 120), mean=True)
    yield Cell("fixed model, n = 40, AUC 0.75", fixed(auc(0.8), 40))
    yield Cell("nested, n = 120, Harrell's C", nested(World("survival", "harrell_c", 0.5), 120), mean=True)
    four = [40] * 4
    yield Cell("mean of new centres, 4 centres", new_centre(auc(0.8), four, 0.3, mean=True), mean=True, printed=False)
    yield Cell("a new centre, 4 centres", new_centre(auc(0.8), [*four, 40], 0.3))
    if not more:
        return
    for repeats in (2, 10):
        yield Cell(f"nested, n = 60, AUC 0.5, {repeats} repeats", nested(auc(0.0), 60, repeats=repeats), mean=True)
        yield Cell(f"nested, n = 60, AUC 0.75, {repeats} repeats", nested(auc(0.8), 60, repeats=repeats), mean=True)
    yield Cell("nested, n = 60, AUC 0.5, 10 folds", nested(auc(0.0), 60, folds=10), mean=True)
    yield Cell("nested, n = 60, AUC 0.9", nested(auc(1.3), 60), mean=True)
    yield Cell("nested, n = 120, AUC 0.9", nested(auc(1.2), 120), mean=True)
    yield Cell("nested, n = 30, AUC 0.5", nested(auc(0.0), 30), mean=True)
    yield Cell("nested, n = 30, AUC 0.75", nested(auc(0.9), 30), mean=True)
    yield Cell("nested, n = 60, ridge, AUC 0.5", nested(auc(0.0, learner="ridge"), 60), mean=True)
    yield Cell("nested, n = 60, ridge, AUC 0.75", nested(auc(0.8, learner="ridge"), 60), mean=True)
    for n, effect in ((60, 0.0), (60, 0.8), (120, 0.0), (120, 0.7)):
        world = auc(effect, learner="screen", columns=100)
        yield Cell(f"nested, n = {n}, 5 of 100 columns, effect {effect}", nested(world, n), mean=True)
    for effect in (0.0, 0.8):
        world = auc(effect, learner="best", columns=100)
        yield Cell(f"nested, n = 60, best of 100 columns, effect {effect}", nested(world, 60), mean=True)
    yield Cell("nested, 60 patients with 2 lesions, AUC 0.5", nested(auc(0.0, lesions=2), 120), mean=True)
    yield Cell("nested, 60 patients with 2 lesions, effect 0.9", nested(auc(0.9, lesions=2), 120), mean=True)
    yield Cell("nested within 4 centres, n = 120, AUC 0.5", nested(auc(0.0), 120, centres=4), mean=True)
    yield Cell("nested within 4 centres, n = 120, effect 0.7", nested(auc(0.7), 120, centres=4), mean=True)
    yield Cell("nested, n = 120, Harrell's C 0.5", nested(World("survival", "harrell_c", 0.0), 120), mean=True)
    for effect in (0.0, 0.5):
        yield Cell(
            f"nested, n = 120, Uno's C, effect {effect}", nested(World("survival", "uno_c", effect), 120), mean=True
        )
        yield Cell(
            f"nested, n = 120, macro AUC, effect {effect}",
            nested(World("multiclass", "macro_auc", effect), 120),
            mean=True,
        )
        yield Cell(f"nested, n = 120, R2, effect {effect}", nested(World("continuous", "r2", effect), 120), mean=True)
        yield Cell(
            f"nested, n = 120, rank C, effect {effect}", nested(World("continuous", "rank_c", effect), 120), mean=True
        )
        yield Cell(
            f"nested, n = 120, kappa, effect {effect}",
            nested(World("ordinal", "quadratic_kappa", effect), 120),
            mean=True,
        )
    for n in (10, 20, 80):
        yield Cell(f"fixed model, n = {n}, AUC 0.75", fixed(auc(0.8), n))
    yield Cell("fixed model, n = 40, AUC 0.95", fixed(auc(1.6), 40))
    yield Cell("fixed model, 40 patients with 2 lesions", fixed(auc(0.9, lesions=2), 80))
    for kind, metric in (
        ("survival", "harrell_c"),
        ("survival", "uno_c"),
        ("multiclass", "macro_auc"),
        ("continuous", "r2"),
        ("ordinal", "quadratic_kappa"),
    ):
        yield Cell(f"fixed model, n = 40, {metric}", fixed(World(kind, metric, 0.6), 40))
    for centres in (4, 6, 8, 12):
        for effect, differ in ((0.0, 0.0), (0.8, 0.0), (0.8, 0.6)):
            world, name = auc(effect), f"{centres} centres, effect {effect}, differ by {differ}"
            yield Cell(f"a new centre, {name}", new_centre(world, [40] * (centres + 1), differ))
            yield Cell(
                f"mean of new centres, {name}",
                new_centre(world, [40] * centres, differ, mean=True),
                mean=True,
                printed=False,
            )
        unequal = ([20, 40, 80] * centres)[: centres + 1]
        yield Cell(f"a new centre, {centres} centres of 20 to 80", new_centre(auc(0.8), unequal, 0.3))


def measure(cell: Cell, repeats: int, seed: int = 0) -> Row:
    """What the intervals of a cell do. Each cell has data sets of its own."""
    own = zlib.crc32(cell.name.encode())
    return row_of(cell, [cell.study(np.random.default_rng([seed, own, repeat])) for repeat in range(repeats)])


def measure_metrics(setting: Setting, repeats: int, seed: int = 0) -> Iterator[Row]:
    """A row for each metric, of the same data sets."""
    own = zlib.crc32(setting.name.encode())
    found = [setting.way(np.random.default_rng([seed, own, repeat])) for repeat in range(repeats)]
    for metric in found[0]:
        judged = [one[metric] for one in found]
        if any(one.value is not None for one, _ in judged):
            yield row_of(Cell(f"{setting.name}: {metric}", _no_study, mean=is_of_mean(setting, metric)), judged)


def _no_study(rng: np.random.Generator) -> tuple[Estimate, float]:
    raise AssertionError("the cells of several metrics share their data sets")


def row_of(cell: Cell, found: Sequence[tuple[Estimate, float]]) -> Row:
    """The row of a cell of what each data set gave."""
    repeats = len(found)
    known = [(one, truth) for one, truth in found if one.value is not None and np.isfinite(truth)]
    values, truths = np.array([one.value for one, _ in known], float), np.array([truth for _, truth in known])
    targets = np.full(len(truths), truths.mean()) if cell.mean else truths
    ends = [(one.low, one.high, target) for (one, _), target in zip(known, targets, strict=True) if one.low is not None]
    low, high, target = np.array(ends, float).reshape(-1, 3).T
    oracle = 2 * 1.959964 * float(np.std(values - targets))
    why = Counter(one.reason for one, _ in found if one.low is None)
    seen = (low <= target) & (target <= high), (high - low) / oracle, (low > 0.5) | (high < 0.5)
    covers, width, chance = (float(np.mean(one)) if len(low) else np.nan for one in seen)
    return Row(cell, float(targets.mean()), float(values.mean()), covers, width, chance, repeats - len(low), why)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000, help="data sets of a cell")
    parser.add_argument("--more", action="store_true", help="also cells that are not promised")
    parser.add_argument(
        "--own", action="store_true", help="instead, studies with radweave's LASSO: half a CPU second each"
    )
    parser.add_argument("--metrics", action="store_true", help="instead, every metric of five endpoints")
    parser.add_argument("--only", default="", help="only cells whose name holds this")
    parser.add_argument("--seed", type=int, default=0, help="of the data sets")
    chosen = parser.parse_args()
    print("| cell | target | mean score | coverage | width / oracle's | leaves out 0.5 | without interval | held |")
    print("|---|---|---|---|---|---|---|---|")
    kept, start = True, time.process_time()
    for setting in settings(chosen.more) if chosen.metrics else ():
        if chosen.only in setting.name:
            for row in measure_metrics(setting, chosen.repeats, chosen.seed):
                print(row, flush=True)
    for cell in () if chosen.metrics else cells(chosen.more, chosen.own):
        if chosen.only not in cell.name:
            continue
        row = measure(cell, chosen.repeats, chosen.seed)
        print(row, flush=True)
        kept = kept and (row.held or not cell.printed)
        for why, count in row.why.items():
            print(f"|   {count} times: {why} | | | | | | | |")
    print(f"{chosen.repeats} data sets a cell, {time.process_time() - start:.0f} CPU s")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
