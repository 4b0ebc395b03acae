"""Variable: what columns are tested against, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.core.errors import RadweaveError
from tasks.modelling.effects.effect import Floats, VariableKind

if TYPE_CHECKING:
    from features.fusion.seen import Seen

_KINDS: Mapping[str, VariableKind] = {
    "continuous": "number",
    "ordinal": "ranks",
    "binary": "flag",
    "multiclass": "classes",
    "survival": "follow_up",
    "competing_risks": "follow_up",
}


@dataclass(frozen=True, eq=False)
class Variable:
    """y: (n,) as in Sample, NaN where unknown. days: (n,) of follow-up. label: in words. counted: what was seen, in words.
    reasons: why patients have none → how many. levels: what codes mean, in their order.
    """

    word: str
    label: str
    kind: VariableKind
    y: Floats
    days: Floats | None
    counted: str
    reasons: Mapping[str, int]
    levels: tuple[str, ...] = ()


def kind_of(endpoint: str) -> VariableKind | None:
    """What an endpoint of a kind is as a variable; None of several labels, which are several variables."""
    return _KINDS.get(endpoint)


def variable_of(seen: Seen) -> Variable:
    """What was seen, as numbers. Two classes, and two ranks, are yes and no: yes is the second. Raises RadweaveError of labels."""
    kind = kind_of(seen.endpoint.kind)
    if kind is None:
        raise RadweaveError(
            f'the variable "{seen.word}" is of kind {seen.endpoint.kind}; allowed: {", ".join(_KINDS)}. Name each of its labels, '
            "which are clinical variables, by itself"
        )
    outcome, label = seen.outcome, seen.word
    levels = outcome.levels if kind in ("classes", "ranks") else ()
    if kind in ("classes", "ranks") and len(levels) == 2:
        kind, label = "flag", f"{seen.word}: {levels[1]} against {levels[0]}"
    values = outcome.value if kind == "number" else (outcome.code == 1 if kind == "follow_up" else outcome.code)
    y = np.full(len(seen.known), np.nan)
    y[seen.known] = np.asarray(values, np.float64)
    days = None
    if kind == "follow_up":
        days = np.full(len(seen.known), np.nan)
        days[seen.known] = outcome.days
    return Variable(seen.word, label, kind, y, days, seen.endpoint.counted(outcome), seen.reasons, levels)
