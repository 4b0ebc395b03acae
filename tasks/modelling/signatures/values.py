"""signed: what signatures say of the cases of cohorts that they were not fitted on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.case import CaseId
from features.core.catalog.catalog import Catalog
from features.core.design import Design, FlowRow
from features.core.errors import DataError, FitError, RadweaveError
from features.core.kinds.endpoint import Endpoint
from features.core.wording import counted
from features.fusion.elsewhere import Elsewhere
from features.fusion.fuse import fuse
from features.fusion.held_out import COPY, SHOWN
from features.fusion.signature_columns import BLOCK, SignatureColumns
from features.results.manifest import Mart
from tasks.modelling.evaluation.asked import question_of
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.study import Study
from tasks.modelling.prediction import Prediction
from tasks.modelling.preprocessing.harmoniser import Harmoniser
from tasks.modelling.rows import Floats
from tasks.modelling.signatures.signature import Signature, time_point

EMPTY = "no value in any of its columns"


@dataclass(frozen=True, eq=False)
class Applied:
    """A signature and the rows that it is asked of.

    design: that of its study; the rows of the cohorts where it is used are held out. columns: those that it is fitted on.
    """

    signature: Signature
    design: Design
    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Signed:
    """A signature with what it says. n, counted: of the cases that it was fitted on. columns: offered to its model.

    selected, settings, chosen, remarks: as in Fit. flow: of the cases of the cohorts where it is used. addresses: of what the store
    keeps of it. inner: the signatures that its study uses itself.
    """

    signature: Signature
    values: SignatureColumns
    n: int
    counted: str
    columns: int
    selected: Mapping[str, float]
    settings: int
    chosen: Mapping[str, object]
    remarks: Counter[str]
    flow: tuple[FlowRow, ...]
    addresses: tuple[str, ...] = ()
    inner: tuple[Signed, ...] = ()

    def every(self) -> Iterator[Signed]:
        """Itself, then those that its study uses, and so on."""
        yield self
        for one in self.inner:
            yield from one.every()


@dataclass(frozen=True, eq=False)
class Kept:
    """fit: its prediction is of the held-out rows. addresses: of what is kept of it in the store."""

    fit: Fit
    addresses: tuple[str, ...] = ()


FitSignature = Callable[[Applied], Kept]


def signed(
    mart: Mart,
    catalog: Catalog,
    signatures: Sequence[Signature],
    where: Sequence[Elsewhere],
    fit: FitSignature,
    refreshed_by: str = "",
) -> tuple[Signed, ...]:
    """What each signature says of the cases of these cohorts; nothing of them is fitted, and their outcomes are not read.

    where: cohorts where they are used; a time point that a signature names is that of its own columns. fit: as `find_or_fit`.
    refreshed_by: as in Question.
    Raises RadweaveError if a cohort where one is used shares a patient with those that it is fitted on, or lacks its columns, and
    what `fuse` and `fit` raise.
    """
    return tuple(_signed(mart, catalog, one, where, fit, refreshed_by) for one in signatures)


def _signed(
    mart: Mart,
    catalog: Catalog,
    signature: Signature,
    where: Sequence[Elsewhere],
    fit: FitSignature,
    refreshed_by: str,
) -> Signed:
    plan = signature.plan
    if both := [one.cohort for one in where if one.cohort in plan.cohorts]:
        raise RadweaveError(f"signature {signature.name}: it is fitted on {', '.join(both)}, and would be used there")
    own = [Elsewhere(name, plan.predict_at) for name in plan.cohorts]
    there = [replace(one, predict_at=time_point(signature, one, catalog)) for one in where]
    inner = signed(mart, catalog, signature.own, [*own, *there], fit, refreshed_by)
    question = question_of(plan, signature.recipes, refreshed_by)
    harmonisers = [step for step in signature.candidate.steps if isinstance(step, Harmoniser)]
    looks = (
        ("clinical",) if any(step.known for step in harmonisers) else ()
    )  # at covariates, which are of one meaning then
    question = replace(
        question,
        blocks=tuple(sorted({*question.blocks, *looks})),
        external=tuple(one.cohort for one in there),
        elsewhere=tuple(there),
        signatures=tuple(one.values for one in inner),
    )
    try:
        design = fuse(mart, catalog, question)
    except RadweaveError as error:
        raise type(error)(f"signature {signature.name} of study {plan.name}: {error}") from error
    _check_apart(signature, design)
    columns = design.columns(*plan.blocks[signature.blocks])
    design = design.take(np.flatnonzero(design.develops | design.scored))  # elsewhere, a patient has one value
    held = ~design.develops
    check_columns(signature, design, columns)
    filled = held & design.X[columns].notna().any(axis=1).to_numpy(bool)
    unit = _unit(catalog, plan, design.endpoint)
    seen = design.of_set(plan.blocks[signature.blocks])
    kept = fit(Applied(signature, seen.take(np.flatnonzero(~held | filled)), tuple(columns)))
    fitted = kept.fit
    if fitted.prediction is None:
        raise FitError(f"signature {signature.name} of study {plan.name}: {fitted.reason}")
    found = prediction_columns(signature.name, fitted.prediction, design.outcome.levels)
    values = pd.DataFrame(np.nan, index=_keys(design.X.index), columns=list(found))
    for name, told in found.items():
        values.loc[filled, name] = told
    once = design.take(np.flatnonzero(~held & design.scored))
    return Signed(
        signature,
        SignatureColumns(signature.name, values[held], unit, _meaning(signature, fitted.prediction, design.endpoint)),
        n=len(once.X),
        counted=design.endpoint.counted(once.outcome),
        columns=len(columns),
        selected=fitted.selected,
        settings=fitted.settings,
        chosen=fitted.chosen,
        remarks=fitted.remarks,
        flow=_flow_of(design, [one.cohort for one in there], filled),
        addresses=kept.addresses,
        inner=inner,
    )


def prediction_columns(name: str, prediction: Prediction, levels: Sequence[str]) -> dict[str, Floats]:
    """Columns of a prediction: its value, or its risk, or else the probability of each class or label."""
    if prediction.value is not None:
        return {f"{BLOCK}__{name}": prediction.value}
    if prediction.risk is not None:
        return {f"{BLOCK}__{name}": prediction.risk}
    assert prediction.probability is not None
    return {f"{BLOCK}__{name}_{level}": prediction.probability[:, i] for i, level in enumerate(levels)}


def _check_apart(signature: Signature, design: Design) -> None:
    """Raises RadweaveError if patients of the other cohorts are copies of those that the signature is fitted on."""
    shared = {row.step.split(":")[0]: row.reasons[COPY] for row in design.flow if COPY in row.reasons}
    if shared:
        told = "; ".join(f'{counted(n, "patient")} of cohort "{name}"' for name, n in shared.items())
        raise RadweaveError(
            f"signature {signature.name}: it is fitted on {', '.join(signature.plan.cohorts)}, and used where the same patients "
            f"are: {told} {'has' if sum(shared.values()) == 1 else 'have'} an image or a row of numbers that is a copy of one "
            "there. Allowed: cohorts that share no patient; leave these patients out of one of them"
        )


def check_columns(signature: Signature, design: Design, columns: Sequence[str]) -> None:
    """Raises DataError if a cohort where it is used has no value of a column that it is fitted on, or an infinite one."""
    known = design.X[list(columns)].notna().to_numpy()
    trained = known[design.develops].any(axis=0)
    for name in dict.fromkeys(design.cohorts[~design.develops].tolist()):
        rows = design.cohorts == name
        lacks = [column for column, is_so in zip(columns, trained & ~known[rows].any(axis=0), strict=True) if is_so]
        if lacks:
            raise DataError(
                f'signature {signature.name}: cohort "{name}" has no value in {len(lacks)} of '
                f"{counted(int(trained.sum()), 'column')} that it is fitted on: {_named(lacks)}. Allowed: the same columns, by "
                "name and unit, of the same recipes"
            )
    held = design.X[list(columns)].to_numpy(np.float64)[~design.develops]
    infinite = np.isinf(held).any(axis=0)
    if infinite.any():
        found = [column for column, is_so in zip(columns, infinite, strict=True) if is_so]
        raise DataError(f"signature {signature.name}: infinite values where it is used, in {_named(found)}")


def _named(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
    return ", ".join(f'"{column}"' for column in columns[:SHOWN]) + more


def _keys(cases: pd.Index[str]) -> pd.MultiIndex:
    """Cohort, patient and lesion of cases."""
    parts = [CaseId(*str(case).split(":")) for case in cases]
    names = ["cohort", "patient", "lesion"]
    return pd.MultiIndex.from_tuples([(one.cohort, one.patient, one.lesion) for one in parts], names=names)


def _flow_of(design: Design, cohorts: Sequence[str], filled: NDArray[np.bool_]) -> tuple[FlowRow, ...]:
    """The flow of the cases of some cohorts, and how many of them have a value."""
    flow = [row for row in design.flow if row.step.split(":")[0] in cohorts]
    for name in cohorts:
        own = design.cohorts == name
        before, after = (len(np.unique(design.patients[rows])) for rows in (own, own & filled))
        flow.append(FlowRow(f"{name}: with a value", before, after, {EMPTY: before - after} if after < before else {}))
    return tuple(flow)


def _unit(catalog: Catalog, plan: Study, endpoint: Endpoint) -> str:
    """The unit of what is predicted, where that is a number."""
    if endpoint.predicted != "value":
        return ""
    return catalog.cohort(plan.cohorts[0]).variables[endpoint.columns[0]].unit


def _meaning(signature: Signature, prediction: Prediction, endpoint: Endpoint) -> str:
    what = (
        "predicted value" if prediction.value is not None else "risk" if prediction.risk is not None else "probability"
    )
    said = f" ({endpoint.description})" if endpoint.description else ""
    plan = signature.plan
    return f"{what} of {plan.endpoint}{said}, by {signature.candidate.name} fitted on {', '.join(plan.cohorts)}"
