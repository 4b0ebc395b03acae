"""Samples, designs and studies for tests of effects and association studies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.design import Design
from features.core.outcome import Outcome
from features.fusion.no_endpoint import NoEndpoint
from tasks.modelling.association.study import AssociationStudy
from tasks.modelling.association.variable import Variable
from tasks.modelling.effects.effect import EFFECTS, Effect, Floats, Sample, VariableKind

VISITS = 4


def every_effect() -> list[Effect]:
    """One of each kind in the folder, of those of visits one of each term."""
    terms = ("days", "variable", "interaction")
    kinds = [kind for kind in EFFECTS.modules if kind not in ("mixed_effects", "mean_slope")]
    fixed = {kind: {"adjusted_for": ["age"]} if kind.startswith("partial") else {} for kind in kinds}
    return [EFFECTS.parse({"kind": kind, **fixed[kind]}) for kind in kinds] + [
        *(EFFECTS.parse({"kind": "mixed_effects", "term": term}) for term in terms),
        *(EFFECTS.parse({"kind": "mean_slope", "term": term}) for term in terms[:2]),
    ]


def kind_for(effect: Effect) -> VariableKind | None:
    """A kind of variable that an effect takes: the first in this order."""
    order: tuple[VariableKind, ...] = ("number", "flag", "classes", "follow_up", "ranks")
    return next(kind for kind in order if kind in effect.takes) if effect.needs_variable else None


def draw_sample(
    effect: Effect,
    rng: np.random.Generator,
    *,
    patients: int = 60,
    signal: float = 0.0,
    kind: VariableKind | None = None,
) -> Sample:
    """A sample in which the column goes together with the variable by `signal`, each by itself normal.

    Of effects of repeated rows four visits of each patient 15 days apart, with an intercept of hers, and the signal per 30 days.
    """
    kind = kind or kind_for(effect)
    visits = VISITS if effect.repeated else 1
    codes = np.repeat(np.arange(patients), visits).astype(np.intp)
    hidden = rng.normal(size=patients)
    y: Floats | None = None
    days = None
    if kind in ("number", "ranks"):
        y = hidden if kind == "number" else np.digitize(hidden, (-0.6, 0.6)).astype(float)
    elif kind == "flag":
        y = (hidden > np.median(hidden)).astype(float)
    elif kind == "classes":
        y = np.digitize(hidden, (-0.5, 0.5)).astype(float)
    x = rng.normal(size=patients * visits)
    if kind == "follow_up":
        days = rng.exponential(np.exp(-signal * x)) * 500 + 1
        censored = rng.exponential(900, patients) + 1
        y, days = (days <= censored).astype(float), np.minimum(days, censored)
    elif not effect.repeated and y is not None:
        x = x + signal * y
    visit_days = None
    if effect.repeated:
        visit_days = np.tile(np.arange(VISITS) * 15.0, patients) + rng.uniform(-2, 2, patients * visits)
        x = x + rng.normal(size=patients)[codes]
        term = getattr(effect, "term", "days")
        term = "interaction" if (effect.kind, term) == ("mean_slope", "variable") else term
        if y is not None:
            y = y[codes]
        with_days = {"days": visit_days / 30, "variable": y, "interaction": None if y is None else y * visit_days / 30}
        x = x + signal * np.asarray(with_days[term])
    adjusted = rng.normal(size=(patients * visits, len(effect.adjusts)))
    return Sample(x, y, kind, codes, adjusted, np.zeros(len(x), np.intp), days, visit_days)


def association_study(**settings: Any) -> AssociationStudy:
    """A study of the block radiomics and the variable `v` by Pearson's r, but for what is given."""
    usual = {"kind": "association", "name": "toy", "cohorts": ["toy"], "blocks": ["radiomics"], "variables": ["v"]}
    return AssociationStudy.model_validate({**usual, "effects": ["pearson"], **settings})


def association_design(
    X: NDArray[np.float64],
    *,
    centres: NDArray[np.str_] | None = None,
    patients: NDArray[np.str_] | None = None,
    days: NDArray[np.float64] | None = None,
    clinical: dict[str, NDArray[np.float64]] | None = None,
) -> Design:
    """Columns radiomics__0 …, and clinical ones; a patient per row unless they are given."""
    n = len(X)
    columns = {f"clinical__{name}": values for name, values in (clinical or {}).items()}
    columns |= {f"radiomics__{i}": column for i, column in enumerate(X.T)}
    table = pd.DataFrame(columns, index=[f"toy:p{i}:baseline" for i in range(n)])
    return Design(
        X=table,
        blocks={name: name.split("__")[0] for name in table.columns},
        outcome=Outcome(np.zeros(n, np.intp)),
        endpoint=NoEndpoint(),
        patients=np.array([f"toy:p{i}" for i in range(n)]) if patients is None else patients,
        centres=np.full(n, "A") if centres is None else centres,
        cohorts=np.full(n, "toy"),
        days=days,
    )


def number(y: NDArray[np.float64], word: str = "v", kind: VariableKind = "number") -> Variable:
    """A variable of known values, NaN where unknown."""
    return Variable(word, word, kind, y, None, f"{int(np.isfinite(y).sum())} values", {})
