"""Seen: what is known of the cases of a design under one word: an endpoint of the catalog, a clinical variable, or a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.core.catalog.catalog import Catalog, Cohort
from features.core.design import Design
from features.core.errors import RadweaveError, hint_sentence
from features.core.kinds.endpoint import ENDPOINTS, Endpoint
from features.core.outcome import Bools, Outcome
from features.fusion.known_outcomes import known_outcomes
from features.fusion.labelled import without_weak
from features.fusion.meant_endpoint import endpoint_of
from features.fusion.same_endpoint import check_same_endpoint
from features.results.manifest import Mart


@dataclass(frozen=True, eq=False)
class Seen:
    """outcome: of the cases that have one, in the order of the design; endpoint: what it means. known: (n,) whether a case has one.
    reasons: why patients have none → how many.
    """

    word: str
    endpoint: Endpoint
    outcome: Outcome
    known: Bools
    reasons: Mapping[str, int]


def read_seen(mart: Mart, catalog: Catalog, cohorts: Sequence[str], word: str, design: Design) -> Seen:
    """An endpoint counts before a clinical variable of the same name, that before a column of the design.

    Rejected outcomes are none. A column of 0 and 1 alone is yes or no, another one a number. Raises RadweaveError if there is no
    such word, or cohorts mean different things by it.
    """
    declared = {name: catalog.cohort(name) for name in cohorts}
    asked = {name: found for name, one in declared.items() if (found := endpoint_of(one, word)) is not None}
    if not asked:
        return _of_column(word, design, declared)
    if lacking := [name for name in cohorts if name not in asked]:
        raise RadweaveError(f'cohort "{lacking[0]}" has no variable "{word}", and {", ".join(asked)} has')
    check_same_endpoint(declared, word)
    known, parts, reasons = np.zeros(len(design.X), bool), [], Counter[str]()
    for name, endpoint in asked.items():
        own = np.flatnonzero(design.cohort_table["cohort"].to_numpy() == name)
        patients = design.cohort_table["patient"].to_numpy()[own]
        clinical = mart.read("clinical", name).to_pandas().set_index("patient")
        rows, lacks = known_outcomes(mart, name, declared[name], clinical, word, endpoint, sorted({*patients.tolist()}))
        rows, lacks = without_weak(clinical, declared[name], endpoint, rows, lacks)
        there = np.isin(patients, rows.index.to_numpy())
        known[own] = there
        levels = {column: declared[name].variables[column].levels for column in endpoint.columns}
        outcome = endpoint.outcome(rows.loc[patients[there]], levels)
        parts.append((own[there], outcome))
        reasons.update(lacks)
    places = np.concatenate([own for own, _ in parts])
    whole = Outcome.concat([outcome for _, outcome in parts]).take(np.argsort(places, kind="stable"))
    return Seen(word, next(iter(asked.values())), whole, known, dict(sorted(reasons.items())))


def _of_column(word: str, design: Design, declared: Mapping[str, Cohort]) -> Seen:
    if word not in design.X.columns:
        if word in design.late:
            raise RadweaveError(
                f'the variable "{word}" is known at {design.late[word]}, after the time point of this study'
            )
        known = [name for one in declared.values() for name in (*one.endpoints, *one.variables)]
        there = ", ".join(dict.fromkeys(known)) or "none in the catalog"
        raise RadweaveError(
            f'there is no variable "{word}": it may be an endpoint or a clinical variable ({there}), or a column of the design. '
            f"{hint_sentence(word, [*known, *map(str, design.X.columns)])}".strip()
        )
    values = design.X[word].to_numpy(np.float64)
    finite = np.isfinite(values)
    patients: Any = pd.Series(finite).groupby(design.patients).any()
    lacks = int((~patients).sum())
    is_flag = bool(np.isin(values[finite], (0.0, 1.0)).all()) and bool(finite.any())
    endpoint = ENDPOINTS.parse({"kind": "binary" if is_flag else "continuous", "column": word})
    outcome = Outcome.of_flag(values[finite] > 0) if is_flag else Outcome.of_value(values[finite])
    return Seen(word, endpoint, outcome, finite, {"no finite value": lacks} if lacks else {})
