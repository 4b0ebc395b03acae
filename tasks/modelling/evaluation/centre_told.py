"""How well the centre of a case can be told from its features, before and after they are harmonised.

Where it can, a model may recognise centres in place of patients, and pooled scores count that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.core.design import Design
from features.core.errors import FitError
from tasks.modelling.candidate import Candidate
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.preprocessing.harmoniser import Harmoniser
from tasks.modelling.preprocessing.step import STEPS, Step
from tasks.modelling.rows import Floats, Names, Rows
from tasks.modelling.splits.split import SPLITS, Fold, Split, cut_folds
from tasks.modelling.target import Target

FLOOR = 0.1  # added to the variance of a column within a centre, in units of its variance in all training rows
TIE = 1e-12
LIMIT = 5.0  # standard deviations at which values are cut, so that one outlier decides nothing
_BEFORE = (STEPS.parse("drop_constant"), STEPS.parse("median"))


@dataclass(frozen=True, slots=True)
class CentreTold:
    """One set of blocks, as it comes (stage "before") or as a candidate harmonises it (stage "after"; `model` names it).

    value: area under the ROC curve of telling one centre from the others, the mean over centres; 0.5 tells nothing.
    chance: the same where the centres were shuffled over the cases before anything was fitted. Harmonising leaves traces of the
    centre that it was told, so that after it chance is not 0.5: what counts is the value above chance.
    n: cases; folds, centres: of which it could be said. reason: why there is no value.
    """

    blocks: str
    model: str
    stage: str
    value: float | None
    chance: float | None
    n: int
    folds: int
    centres: int
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Told:
    """One fold. For each centre that training and test rows have, the pairs of one of its test rows with one of another's.

    ordered: of these, those whose own row scores higher, ties as one half. n: test rows.
    """

    ordered: Mapping[str, float]
    pairs: Mapping[str, int]
    n: int


def tell_centres(train: Rows, test: Rows) -> Told:
    """How well centres of test rows are told by means and spreads of the training rows.

    X without NaN. A centre with one training row is not told. Each column is taken to be normal in each centre, and independent
    of the others: harmonisers change just these means and spreads.
    """
    names, counts = np.unique(train.groups["centre"], return_counts=True)
    names = names[counts > 1]
    scores = _likelihoods(train.X, train.groups["centre"], test.X, names)
    ordered, pairs = dict[str, float](), dict[str, int]()
    for name, score in zip(names.tolist(), scores.T, strict=True):
        own = test.groups["centre"] == name
        difference = score[own][:, None] - score[~own][None, :]
        if difference.size:
            ordered[name] = float((difference > TIE).sum() + 0.5 * (np.abs(difference) <= TIE).sum())
            pairs[name] = difference.size
    return Told(ordered, pairs, len(test))


def centres_told(
    design: Design,
    candidates: Sequence[Candidate],
    sets: Mapping[str, Sequence[str]],
    folds: Mapping[Split, Sequence[Fold]],
    seed: int,
) -> tuple[CentreTold, ...]:
    """A row for each set of blocks, and one for each candidate that harmonises any of it; none where there is one centre.

    sets: name → columns. folds: of the study's splits. The first repeat of nested cross-validation is used, of five folds if the
    study has none; cases that develop no models are left out. Missing values become medians first. Everything
    is fitted on training rows, also with shuffled centres.
    """
    if len(np.unique(design.centres[design.develops])) < 2:
        return ()
    used = _folds(design, folds, seed)
    rows, target = Rows.of(design), Target(design.outcome, design.endpoint)
    place = {name: i for i, name in enumerate(design.X.columns)}
    found = []
    for blocks, columns in sets.items():
        own = rows.keep(np.array([place[column] for column in columns], np.intp))
        known: dict[tuple[Step, ...], CentreTold] = {}  # candidates may share what they do before their models
        for name, steps in {"": _BEFORE, **{one.name: _harmonising(one, own) for one in candidates}}.items():
            if steps:
                if steps not in known:
                    known[steps] = _told(own, target, used, steps, seed, blocks=blocks)
                found.append(replace(known[steps], model=name, stage="after" if name else "before"))
    return tuple(found)


def _folds(design: Design, folds: Mapping[Split, Sequence[Fold]], seed: int) -> list[Fold]:
    """Raises nothing: data that do not allow two folds give none."""
    nested = next((found for split, found in folds.items() if split.kind == "nested"), None)
    if nested is None:
        try:
            split = SPLITS.parse({"kind": "nested", "folds": 5, "repeats": 1})
            nested = cut_folds(split, design, seed_of(seed, "split", "nested"))
        except FitError:
            return []
    return [fold for fold in nested if fold.repeat == 0]


def _harmonising(candidate: Candidate, rows: Rows) -> tuple[Step, ...]:
    """A candidate's steps up to the last that harmonises any of the columns; none if none does."""
    places = enumerate(candidate.steps, start=1)
    return candidate.steps[
        : max(
            (i for i, one in places if isinstance(one, Harmoniser) and one.touched(rows.keep(one.own(rows))).size),
            default=0,
        )
    ]


def _told(
    rows: Rows,
    target: Target,
    folds: Sequence[Fold],
    steps: tuple[Step, ...],
    seed: int,
    *,
    blocks: str,
) -> CentreTold:
    """How well centres are told after these steps; `model` and `stage` are left empty."""
    parts: list[Told] = []
    shuffled: list[Told] = []
    reason = ""
    for fold in folds:
        try:
            parts.append(_fold(rows, target, fold, steps))
        except (FitError, ArithmeticError) as error:
            reason = reason or str(error)
            continue
        try:
            shuffled.append(_fold(_shuffled(rows, fold, seed_of(seed, "centre told", fold.name)), target, fold, steps))
        except (FitError, ArithmeticError):
            continue  # what the data allow and shuffled centres do not: chance is that of the other folds
    value, chance = _macro(parts), _macro(shuffled)
    if value is None:
        reason = reason or "no fold has a centre with two training rows and a test row beside another's"
    told = {name for part in parts for name in part.pairs}
    n = sum(part.n for part in parts)
    unsaid = "" if value is not None else reason
    return CentreTold(blocks, "", "", value, chance, n, len(parts), len(told), unsaid)


def _fold(rows: Rows, target: Target, fold: Fold, steps: tuple[Step, ...]) -> Told:
    train, test, seen = rows.take(fold.train), rows.take(fold.test), target.take(fold.train)
    for step in steps:
        fitted = step.fit_own(train, seen, 0)[0]
        train, test = fitted.apply(train), fitted.apply(test)
    return tell_centres(train, test)


def _shuffled(rows: Rows, fold: Fold, seed: int) -> Rows:
    """Centres and cohorts of other cases, shuffled among the training rows and among the test rows."""
    rng = np.random.default_rng(seed)
    order = np.arange(len(rows))
    for side in (fold.train, fold.test):
        order[side] = side[rng.permutation(len(side))]
    groups = {name: values if name == "patient" else values[order] for name, values in rows.groups.items()}
    return replace(rows, groups=groups)


def _macro(parts: Sequence[Told]) -> float | None:
    """The mean over centres of the share of ordered pairs, folds together; None where there is none."""
    names = sorted({name for part in parts for name in part.pairs})
    shares = [
        sum(part.ordered.get(name, 0.0) for part in parts) / sum(part.pairs.get(name, 0) for part in parts)
        for name in names
    ]
    return float(np.mean(shares)) if shares else None


def _likelihoods(train: Floats, centres: Names, test: Floats, names: Names) -> Floats:
    """The mean log likelihood of each test row in each centre, over columns, less that in the others, (m, k)."""
    unit = np.maximum(np.abs(train).max(axis=0), np.finfo(float).tiny)  # squares of large numbers are not finite
    with np.errstate(over="ignore"):  # what is infinite in a test row is beyond the limit
        train, test = train / unit, test / unit
        middle, spread = train.mean(axis=0), train.std(axis=0)
        spread = np.where(spread > TIE, spread, 1.0)
        train, test = (np.clip((X - middle) / spread, -LIMIT, LIMIT) for X in (train, test))
    found = np.empty((len(test), len(names)))
    for place, name in enumerate(names):
        own = train[centres == name]
        variance = own.var(axis=0) + FLOOR
        found[:, place] = -(((test - own.mean(axis=0)) ** 2) / variance + np.log(variance)).mean(axis=1) / 2
    others: Floats = found.sum(axis=1, keepdims=True) - found
    found -= others / max(1, len(names) - 1)
    return found
