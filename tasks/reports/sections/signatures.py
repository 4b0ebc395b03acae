"""What the signatures of a study are, where they come from, and what they tell of its outcome as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from features.core.wording import counted
from tasks.modelling.metrics.metric import METRICS
from tasks.modelling.signatures.direct import Direct
from tasks.modelling.signatures.own_score import OwnScore
from tasks.modelling.signatures.values import Signed
from tasks.reports.labels import metric_label
from tasks.reports.number_format import DASH, decimal, digits, interval, no_interval
from tasks.reports.plain_labels import capital, model_label, split_label
from tasks.reports.section import Findings, Section

MOST_WEIGHTS = 20


class Signatures(Section):
    """Each signature: its study, cohorts, endpoint, candidate and weights; who has a value; its scores there and here."""

    kind: Literal["signatures"] = "signatures"
    order: ClassVar[int] = 55

    def applies(self, found: Findings) -> bool:
        return bool(found.facts.signatures)

    def content(self, found: Findings) -> Mapping[str, object]:
        facts = found.facts
        shown = [told(one, facts.own_scores.get(one.signature.name, ()), facts.direct) for one in facts.signatures]
        return {"signatures": shown}


@dataclass(frozen=True)
class WeightRow:
    column: str
    weight: str


@dataclass(frozen=True)
class ScoreRow:
    """A score. of: the split, or the cohort; bounds: of its interval, or why there is none."""

    of: str
    metric: str
    value: str
    bounds: str
    n: str


@dataclass(frozen=True)
class Told:
    """A signature in words and tables. more: weights that are not shown."""

    name: str
    id: str
    sentences: Sequence[str]
    weights: Sequence[WeightRow]
    more: int
    own: Sequence[ScoreRow]
    here: Sequence[ScoreRow]
    flow: Sequence[str]
    remarks: Sequence[str]
    inner: Sequence[Told]


def told(one: Signed, own: Sequence[OwnScore], direct: Sequence[Direct]) -> Told:
    """A signature, its scores in the run of its own study if that is kept, and those of its columns here."""
    ordered = sorted(one.selected.items(), key=lambda item: -abs(item[1]))
    named = [WeightRow(column, _weight(weight)) for column, weight in ordered[:MOST_WEIGHTS]]
    name = one.signature.name
    return Told(
        name=name,
        id=f"signature-{name}",
        sentences=list(_sentences(one)),
        weights=named,
        more=len(ordered) - len(named),
        own=[_own_row(score) for score in own],
        here=[_direct_row(score) for score in direct if score.signature == name],
        flow=[
            f"{row.step}: {row.count_out} of {row.count_in} patients"
            + "".join(f"; {reason}: {n}" for reason, n in row.reasons.items())
            for row in one.flow
        ],
        remarks=[f"{message} ({counted(n, 'row')})" for message, n in sorted(one.remarks.items())],
        inner=[told(inner, (), ()) for inner in one.inner],
    )


def _sentences(one: Signed) -> Iterator[str]:
    signature, values = one.signature, one.values
    plan = signature.plan
    unit = f"; unit: {values.unit}" if values.unit else ""
    yield f"{capital(values.meaning)}{unit}."
    seen = f", {one.counted}" if one.counted else ""
    yield (
        f"It is the candidate {model_label(signature.candidate.name)} on the set of blocks {signature.blocks} of the study "
        f"{plan.name} ({', '.join(plan.blocks[signature.blocks])}; endpoint {plan.endpoint}), fitted on all "
        f"{counted(one.n, 'case')} of {', '.join(plan.cohorts)}{seen}."
    )
    used = f"; it uses {len(one.selected)}" if one.selected else ""
    yield f"{capital(counted(one.columns, 'column'))} stood for choice{used}."
    if one.chosen:
        chosen = ", ".join(f"{key} {_plain(value)}" for key, value in one.chosen.items())
        yield f"Inner folds of its own cases chose {chosen} among {counted(one.settings, 'setting')}."
    yield (
        f"Where it is used, its columns are read at {signature.at}, missing values are filled in as its own steps learnt, and "
        "nothing is fitted."
    )


def _plain(value: object) -> str:
    return decimal(value, digits(value)) if isinstance(value, float) else str(value)


def _weight(weight: float) -> str:
    return DASH if weight != weight else decimal(weight, digits(weight))


def _own_row(score: OwnScore) -> ScoreRow:
    of = split_label(score.split) + (f", {score.cohort}" if score.cohort else "")
    places = max(METRICS.load(score.metric).places, 2)
    value = DASH if score.value is None else decimal(score.value, places)
    return ScoreRow(of, metric_label(score.metric), value, interval(score.low, score.high, places), str(score.n))


def _direct_row(score: Direct) -> ScoreRow:
    of = score.cohort + (", within centres" if score.within else "")
    label = f" of {score.column}"
    events = "" if score.events is None else f", {counted(score.events, 'event')}"
    bounds = interval(score.low, score.high) or no_interval(score.reason)
    value = DASH if score.value is None else decimal(score.value)
    return ScoreRow(of, metric_label(score.metric) + label, value, bounds, f"{score.n}{events}")
