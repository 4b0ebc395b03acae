"""FoldFit: everything that is fitted on one training fold, each thing once.

Steps are kept by the rows, the columns and the steps before them; models by what they were fitted to. So candidates that share
steps, and sets that share blocks, share the work.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, count, product
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.core.errors import FitError
from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome
from tasks.modelling.evaluation.fitted_table import Chain, FittedTable
from tasks.modelling.evaluation.prepared import Prepared
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.fusion.fusion import Joined
from tasks.modelling.fusion.weighing.shares import block_shares
from tasks.modelling.metrics.metric import Scored, metrics_of
from tasks.modelling.models.model import NUMERICAL, FittedModel, Model
from tasks.modelling.prediction import Prediction
from tasks.modelling.preprocessing.step import FittedStep, Step
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.splits.split import Fold, grouped_folds
from tasks.modelling.target import Target

Positions = NDArray[np.intp]
T = TypeVar("T")
NO_INNER = "too few events for inner folds: the first settings were taken"


@dataclass(frozen=True, eq=False)
class Part:
    """One fold, outer or inner. target: of the training rows. seen: what was seen of the test rows, for scores alone."""

    name: str
    train: Rows
    test: Rows
    target: Target
    seen: Outcome


@dataclass(frozen=True, slots=True)
class Link:
    """A step with one of its settings, by their place. number: equal steps have the same, which is quick to compare."""

    step: Step = field(compare=False)
    number: int
    variant: int


@dataclass(frozen=True, eq=False)
class _Setting:
    """One combination of settings: of the steps and of the model."""

    links: tuple[Link, ...]
    variant: int
    chosen: dict[str, Any]


@dataclass(eq=False)
class _Kept:
    """Something fitted, or why it could not be, with the warnings that came up."""

    value: Any = None
    error: Exception | None = None
    warnings: Counter[str] = field(default_factory=Counter)


Used = dict[Hashable, _Kept]


class FoldFit:
    """The fits of one fold. rows, target: of all cases of the design; fold: which of them train, and which are predicted."""

    def __init__(self, rows: Rows, target: Target, fold: Fold, *, inner_folds: int, split: str, seed: int) -> None:
        self.names = (split, fold.repeat, fold.name)
        self.seed, self.inner_folds = seed, inner_folds
        self._rows, self._train = rows.drawn(fold.train), target.take(fold.train)
        self.outer = Part("outer", self._rows, rows.take(fold.test), self._train, target.outcome.take(fold.test))
        self._is_final = np.array_equal(fold.train, fold.test)  # of all rows: none is remarked on twice
        self._kept: dict[Hashable, _Kept] = {}
        self._numbers: dict[Step, int] = {}

    @property
    def endpoint(self) -> Endpoint:
        return self.outer.target.endpoint

    @property
    def columns(self) -> Columns:
        return self.outer.train.columns

    @property
    def training(self) -> tuple[Rows, Target]:
        return self.outer.train, self.outer.target

    def held_out(self) -> list[tuple[Rows, Target]]:
        return [(part.test, Target(part.seen, self.endpoint)) for part in self.inner()]

    def inner(self) -> list[Part]:
        """The inner folds of the training rows; none where too few events allow any."""
        return self._made("inner", {}, self._cut_inner).value or []

    def table(
        self,
        steps: Sequence[Step],
        model: Model,
        columns: Positions,
        *,
        own: bool = False,
        by_block: bool = False,
    ) -> Joined:
        """Steps and a model on columns of the rows, with the settings that inner folds chose.

        by_block: steps run on each block alone, and each is divided by the root of its number of columns (beside their mean).
        Fitted once for equal arguments.
        """
        key = ("table", tuple(steps), model, columns.tobytes(), by_block, own)
        kept: Joined = self._made(key, {}, lambda: self._table(steps, model, columns, own, by_block)).value
        return kept

    def _table(self, steps: Sequence[Step], model: Model, columns: Positions, own: bool, by_block: bool) -> Joined:
        used: Used = {}
        settings = self._settings(steps if len(columns) else (), model)  # a set of images alone has no columns
        caught: Counter[str] = Counter()
        ranked, inner = list(range(len(settings))), []
        try:
            if reason := self.endpoint.untrainable(self.outer.target.outcome):
                raise FitError(reason)
            if len(settings) > 1 or own:
                inner = self.inner()
                used["inner"] = self._kept["inner"]
            if inner and len(settings) > 1:
                ranked = self._ranked(settings, inner, model, columns, by_block, used, caught)
        except NUMERICAL as error:
            return Joined(reason=reason_of(error), warnings=caught + _warnings(used))
        reason = ""
        for place in ranked:
            setting = settings[place]
            try:
                prepared = self._prepared(self.outer, columns, setting.links, by_block, used)
                fitted = self._model(self.outer, columns, setting, model, by_block, used)
            except NUMERICAL as error:
                reason = reason_of(error)
                caught[f"settings {setting.chosen} could not be fitted"] += 1
                continue
            has_own = own or len(settings) > 1  # where settings were compared, these predictions are there
            inner_own, unowned = self._own(setting, inner, model, columns, by_block, used) if has_own else ((), "")
            try:  # apart from the fit: which settings are taken must not depend on test rows
                with counted(caught):
                    prediction = fitted.predict(prepared.test)
            except NUMERICAL as error:
                return Joined(
                    own=inner_own,
                    unowned=unowned,
                    settings=len(settings),
                    chosen=setting.chosen,
                    warnings=caught + _warnings(used),
                    reason=reason_of(error),
                    fitted=FittedTable(prepared.chains, fitted),
                )
            sides = (self.outer.train,) if self._is_final else (self.outer.test, self.outer.train)
            remarks = sum((chain.remarks(rows) for chain in prepared.chains for rows in sides), Counter[str]())
            remarks += sum((one.notes() for one in prepared.chains), fitted.notes())
            remarks += fitted.remarks(prepared.train)
            remarks += Counter() if self._is_final else fitted.remarks(prepared.test)
            names, weights = prepared.train.columns, fitted.importance() * prepared.factors(model)
            return Joined(
                prediction=prediction,
                own=inner_own,
                unowned=unowned,
                selected={str(n): float(w) for n, w in zip(names.names, weights, strict=True) if w != 0},
                shares=block_shares(names, weights),
                encoded=_encoded(names, weights, self.columns),
                settings=len(settings),
                chosen=setting.chosen,
                warnings=caught + _warnings(used),
                remarks=remarks,
                fitted=FittedTable(prepared.chains, fitted),
            )
        return Joined(reason=reason, settings=len(settings), warnings=caught + _warnings(used))

    def _ranked(
        self,
        settings: list[_Setting],
        inner: list[Part],
        model: Model,
        columns: Positions,
        by_block: bool,
        used: Used,
        caught: Counter[str],
    ) -> list[int]:
        """Settings by the first metric of the endpoint within the centres of the inner folds, best first.

        Ties keep the order, failures go last. Within centres: a setting that tells centres apart tells nothing of a patient.
        """
        metric = metrics_of(self.endpoint)[0]
        values: list[float] = []
        for setting in settings:
            try:
                scored = [
                    self._scored(part, self._inner_prediction(part, columns, setting, model, by_block, used))
                    for part in inner
                ]
                value = metric.value(scored, within=True)
                value = metric.value(scored) if value is None else value  # no two cases of a centre to compare
            except NUMERICAL:
                caught[f"settings {setting.chosen} could not be fitted"] += 1
                value = None
            values.append(-np.inf if value is None else value)
        return sorted(range(len(settings)), key=lambda place: -values[place])

    def _scored(self, part: Part, prediction: Prediction) -> Scored:
        centres = part.test.groups["centre"]
        return Scored(np.arange(len(part.seen)), part.seen, prediction, part.target.outcome, self.endpoint, centres)

    def _own(
        self,
        setting: _Setting,
        inner: list[Part],
        model: Model,
        columns: Positions,
        by_block: bool,
        used: Used,
    ) -> tuple[tuple[Prediction, ...], str]:
        """Predictions of the inner folds' test rows; none, and why, if one of them fails."""
        try:
            return tuple(self._inner_prediction(part, columns, setting, model, by_block, used) for part in inner), ""
        except NUMERICAL as error:
            return (), reason_of(error)

    def _inner_prediction(
        self, part: Part, columns: Positions, setting: _Setting, model: Model, by_block: bool, used: Used
    ) -> Prediction:
        fitted = self._model(part, columns, setting, model, by_block, used)
        prepared = self._prepared(part, columns, setting.links, by_block, used)
        key = ("prediction", part.name, columns.tobytes(), by_block, setting.links, model, setting.variant)
        found: Prediction = self._value(key, used, lambda: fitted.predict(prepared.test))
        return found

    def _model(
        self, part: Part, columns: Positions, setting: _Setting, model: Model, by_block: bool, used: Used
    ) -> FittedModel:
        """The fitted model of a setting; all settings of the model are fitted at once."""
        prepared = self._prepared(part, columns, setting.links, by_block, used)
        key = ("model", part.name, columns.tobytes(), by_block, setting.links, model)
        seed = seed_of(self.seed, *self.names, model.kind)
        found: list[FittedModel | Exception] = self._value(
            key, used, lambda: model.fit_variants(prepared.train, part.target, seed, model.variants())
        )
        fitted = found[setting.variant]
        if isinstance(fitted, Exception):
            raise fitted
        return fitted

    def _prepared(
        self, part: Part, columns: Positions, links: tuple[Link, ...], by_block: bool, used: Used
    ) -> Prepared:
        if not by_block:
            return self._chained(part, columns, links, used)
        parts, why = [], ""
        blocks = part.train.columns.blocks[columns]
        for block in dict.fromkeys(blocks.tolist()):
            try:
                parts.append(self._chained(part, columns[blocks == block], links, used))
            except FitError as error:  # a block of which nothing varies here
                why = reason_of(error)
        if not parts:
            raise FitError(why)

        key = ("blocks", part.name, columns.tobytes(), links)
        found: Prepared = self._value(key, used, lambda: Prepared.joined(parts))
        return found

    def _chained(self, part: Part, columns: Positions, links: tuple[Link, ...], used: Used) -> Prepared:
        """Columns after steps, each step fitted to what those before it made of the training rows."""
        key = ("steps", part.name, columns.tobytes(), links)
        if key in used and used[key].error is None:  # and so the steps before it
            return used[key].value  # type: ignore[no-any-return]
        if not links:
            chains, train, test = (Chain(part.train.columns.take(columns), ()),), part.train, part.test
            one: Prepared = self._value(key, used, lambda: Prepared(chains, train.keep(columns), test.keep(columns)))
            return one
        before, (step, variant) = self._chained(part, columns, links[:-1], used), (links[-1].step, links[-1].variant)
        seed = seed_of(self.seed, *self.names, part.name, step.kind)
        fitted: list[FittedStep] = self._value(
            ("step", part.name, columns.tobytes(), links[:-1], links[-1].number),
            used,
            lambda: step.fit_own(before.train, part.target, seed),
        )

        found: Prepared = self._value(key, used, lambda: before.after(fitted[variant]))
        return found

    def _settings(self, steps: Sequence[Step], model: Model) -> list[_Setting]:
        """All combinations, those of the first step slowest."""
        ways = []
        for step in steps:
            number = self._numbers.setdefault(step, len(self._numbers))
            ways.append([(Link(step, number, i), variant.chosen()) for i, variant in enumerate(step.variants())])
        found = []
        for links in product(*ways):
            told = [(link.step.kind, settings) for link, settings in links]
            for place, variant in enumerate(model.variants()):
                chosen = _told([*told, (model.kind, variant.chosen())])
                found.append(_Setting(tuple(link for link, _ in links), place, chosen))
        return found

    def _cut_inner(self) -> list[Part]:
        seed = seed_of(self.seed, *self.names, "inner")
        outcome, groups, scored = self._train.outcome, self._rows.groups, self._rows.scored
        asked = self.endpoint, outcome, groups["patient"], self.inner_folds, seed, groups["centre"], scored
        try:
            found = grouped_folds(*asked)
        except FitError:
            warnings.warn(NO_INNER, UserWarning, stacklevel=1)
            return []
        sides = [(train, test if scored is None else test[scored[test]]) for train, test in found]
        return [_part(f"inner {i}", self._rows, self._train, *both) for i, both in enumerate(sides)]

    def _value(self, key: Hashable, used: Used, make: Callable[[], Any]) -> Any:
        kept = self._made(key, used, make)
        if kept.error is not None:
            raise kept.error
        return kept.value

    def _made(self, key: Hashable, used: Used, make: Callable[[], Any]) -> _Kept:
        if key not in self._kept:
            kept = _Kept()
            with counted(kept.warnings):
                try:
                    kept.value = make()
                except NUMERICAL as error:
                    kept.error = error
            self._kept[key] = kept
        used[key] = self._kept[key]
        return self._kept[key]


def _part(name: str, rows: Rows, target: Target, train: Positions, test: Positions) -> Part:
    return Part(name, rows.take(train), rows.take(test), target.take(train), target.outcome.take(test))


def _told(parts: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The settings of steps and model by name; where a name is taken, with the kind, and where that is, with a number too."""
    found: dict[str, Any] = {}
    for kind, settings in parts:
        for name, value in settings.items():
            names = chain([name, f"{kind}.{name}"], (f"{kind}.{name} {i}" for i in count(2)))
            found[next(one for one in names if one not in found)] = value
    return found


def _encoded(names: Columns, weights: NDArray[np.float64], given: Columns) -> dict[str, str]:
    """Columns of the model with a weight that are none of those given, with their blocks."""
    new = (weights != 0) & ~np.isin(names.names, given.names)
    return dict(zip(names.names[new].tolist(), names.blocks[new].tolist(), strict=True))


def _warnings(used: Used) -> Counter[str]:
    found: Counter[str] = Counter()
    for kept in used.values():
        found += kept.warnings
    return found


def reason_of(error: Exception) -> str:
    """The first line of an error, as a reason."""
    return str(error).split("\n")[0][:200] or type(error).__name__


@contextmanager
def counted(counter: Counter[str]) -> Iterator[None]:
    """Catches every warning of a block and counts them by class and first line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.resetwarnings()  # few filters: scikit-learn copies them for every tree
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for item in caught:
                line = str(item.message).splitlines()[0][:120]
                counter[line if line == NO_INNER else f"{item.category.__name__}: {line}"] += 1
