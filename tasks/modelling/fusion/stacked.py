"""A model for each block, weighed by what each told of cases that it had not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.fusion.fusion import Fitted, FoldTables, Fusion, Joined
from tasks.modelling.fusion.weighing.combiner import NOBODY, Combiner, even_combiner, fit_combiner
from tasks.modelling.linear import Linear
from tasks.modelling.models.model import Model
from tasks.modelling.prediction import Prediction
from tasks.modelling.preprocessing.step import Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target

UNWEIGHED = "without inner folds all blocks weigh alike"


@dataclass(frozen=True, eq=False)
class FittedStack(Fitted):
    """parts: what was fitted to each block. combiner: what makes one prediction of theirs."""

    parts: Mapping[str, Fitted]
    combiner: Combiner

    def predict(self, rows: Rows) -> Prediction:
        return self.combiner.combine({block: part.predict(rows) for block, part in self.parts.items()})

    def linear(self, rows: Rows) -> Linear | str:
        if self.combiner.predicted != "risk" or any(
            part.predict(rows).incidence is not None for part in self.parts.values()
        ):
            return "blocks have models of their own, whose predictions are averaged"
        constant, weights = float(self.combiner.level[0]), dict[str, float]()
        for i, (block, factor) in enumerate(self.combiner.factors.items()):
            if factor == 0 or block not in self.parts:
                continue
            found = self.parts[block].linear(rows)
            if isinstance(found, str):
                return f"block {block}: {found}"
            constant += factor * (found.constant - float(self.combiner.centre[i, 0]))
            for name, weight in found.weights.items():
                weights[name] = weights.get(name, 0.0) + factor * weight
        return Linear(constant, weights)

    def remarks(self, rows: Rows) -> Counter[str]:
        return sum((part.remarks(rows) for part in self.parts.values()), Counter[str]())

    def state(self) -> dict[str, Any]:
        parts = {block: part.state() for block, part in self.parts.items()}
        return {"parts": parts, "combiner": self.combiner.state()}


class Stacked(Fusion):
    """Every block has its own steps, settings and model; their predictions are added up, by weights that are learnt out of fold.

    Weights are learnt on what the models of the inner folds, with the settings that were chosen, predict of the other training
    cases; none is below 0. A block that cannot be fitted is left out, which is said; without inner folds all blocks weigh alike.
    Wolpert, Neural Netw 1992;5:241; Breiman, Mach Learn 1996;24:49.
    """

    kind: Literal["stacked"] = "stacked"

    def fit(
        self, fold: FoldTables, steps: Sequence[Step], model: Model, columns: NDArray[np.intp], *, own: bool
    ) -> Joined:
        of_column = fold.columns.blocks[columns]
        blocks = list(dict.fromkeys(of_column.tolist()))
        if len(blocks) == 1:
            return fold.table(steps, model, columns, own=own)
        parts = {str(block): fold.table(steps, model, columns[of_column == block], own=True) for block in blocks}
        warnings = sum((part.warnings for part in parts.values()), Counter[str]())
        remarks = sum((part.remarks for part in parts.values()), Counter[str]())
        settings = sum(part.settings for part in parts.values())
        inner = fold.held_out()
        usable = {
            block: part for block, part in parts.items() if (len(part.own) == len(inner) if inner else part.fitted)
        }
        warnings.update(
            f"block {block} was left out: {_why(part)}" for block, part in parts.items() if block not in usable
        )
        if not usable:
            reason = "; ".join(dict.fromkeys(_why(part) for part in parts.values()))
            return Joined(settings=settings, warnings=warnings, reason=reason)
        combiner = _combiner(fold, inner, usable)
        if not inner:
            warnings[UNWEIGHED] += 1
        if not combiner.told:
            warnings[NOBODY] += 1
        weighed = {block: usable[block] for block in combiner.used}
        fitted = {block: part.fitted for block, part in weighed.items() if part.fitted is not None}
        predicted = {block: part.prediction for block, part in weighed.items() if part.prediction is not None}
        if len(predicted) < len(weighed):  # test rows must not move weights, so the other blocks do not stand in
            reason = next(part.reason for block, part in weighed.items() if block not in predicted)
            return Joined(settings=settings, warnings=warnings, reason=reason)
        return Joined(
            prediction=combiner.combine(predicted),
            own=tuple(combiner.combine({b: part.own[i] for b, part in weighed.items()}) for i in range(len(inner))),
            selected=_selected(weighed, combiner.shares),
            shares={block: combiner.shares.get(block, 0.0) for block in parts},
            encoded={name: block for part in weighed.values() for name, block in part.encoded.items()},
            settings=settings,
            chosen={f"{block}.{name}": value for block, part in weighed.items() for name, value in part.chosen.items()},
            warnings=warnings,
            remarks=remarks,
            fitted=FittedStack(fitted, combiner),
        )


def _combiner(fold: FoldTables, inner: list[tuple[Rows, Target]], usable: Mapping[str, Joined]) -> Combiner:
    """Learnt on the inner folds; without them on nothing: all blocks weigh alike, in the spread of their training rows."""
    if inner:
        seen = [target.outcome for _, target in inner]
        centres = [rows.groups["centre"] for rows, _ in inner]
        return fit_combiner({block: part.own for block, part in usable.items()}, seen, fold.endpoint, centres)
    rows, target = fold.training
    own = {block: part.fitted.predict(rows) for block, part in usable.items() if part.fitted is not None}
    return even_combiner(own, target.outcome, fold.endpoint, rows.groups["centre"])


def _why(part: Joined) -> str:
    told = f": {part.unowned}" if part.unowned else ""
    return part.reason or f"a model of an inner fold could not be fitted{told}"


def _selected(parts: Mapping[str, Joined], shares: Mapping[str, float]) -> dict[str, float]:
    """Column → its part of the block's share, with its sign: sizes sum to 1. NaN of models that give columns no weights."""
    found: dict[str, float] = {}
    for block, part in parts.items():
        total = sum(abs(weight) for weight in part.selected.values())
        found |= {name: weight / total * shares[block] for name, weight in part.selected.items()}
    return found
