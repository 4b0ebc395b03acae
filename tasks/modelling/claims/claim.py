"""Claim: what a study says that its scores will show, written before they are there, and what became of it."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from features.core.catalog.catalog import Word
from features.core.frozen import Frozen
from features.core.kinds.registry import Kind, Registry

Verdict = Literal["supported", "not supported", "undecided"]


class Side(Frozen):
    """A combination that a claim is about."""

    blocks: Word = Field(description="set of blocks of the study, or a baseline: clinical, volume")
    model: str = Field("", description="candidate of the study; needed where it has several")


def _side(given: Any) -> Any:
    return {"blocks": given} if isinstance(given, str) else given


AnySide = Annotated[Side, BeforeValidator(_side)]


@dataclass(frozen=True, slots=True)
class Estimated:
    """What a claim is judged by: a score, or a difference of two, with its 95 % interval on n cases. reason: why there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    within: str = ""
    reason: str = ""


class Claim(Kind):
    """says: the claim in words. needs_pair: whether it is about two combinations, whose difference is judged.

    A claim says in which range its estimate lies. It is supported where the whole 95 % interval lies there, not supported where
    none of it does, and else undecided: what is not shown is not shown to be absent.
    """

    needs_pair: ClassVar[bool] = True

    says: str = Field(min_length=1, description="what is claimed, in words, for the report")
    metric: str = Field("", description="metric that it is judged by; left out, the first of the endpoint")
    split: str = Field(
        "", description="split that it is judged under; left out, external if there is one, else the first"
    )
    cohort: str = Field("", description="external cohort that it is judged on; left out, the first")

    @abstractmethod
    def sides(self) -> tuple[Side, ...]:
        """The combinations that it is about: one, or two whose difference is judged, the first less the second."""

    @abstractmethod
    def range(self, higher_is_better: bool) -> tuple[float, float]:
        """The open range in which the claim holds. higher_is_better: of the metric."""

    def verdict(self, found: Estimated, higher_is_better: bool) -> Verdict:
        """What the interval says of it."""
        if found.low is None or found.high is None or math.isnan(found.low) or math.isnan(found.high):
            return "undecided"
        least, most = self.range(higher_is_better)
        if found.low == found.high and found.low in (least, most):
            return "undecided"  # no case tells the two apart: nothing speaks for the claim, nor against it
        if least < found.low and found.high < most:
            return "supported"
        return "not supported" if found.high <= least or found.low >= most else "undecided"


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim, and what became of it. first, second: its combinations in words, the second "" of a claim about one."""

    claim: str
    kind: str
    metric: str
    split: str
    cohort: str
    within: str
    first: str
    second: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    verdict: Verdict
    reason: str = ""


def claim_faults(
    claim: Claim, blocks: Mapping[str, Sequence[str]], models: tuple[str, ...], splits: tuple[str, ...]
) -> str:
    """What is wrong with a claim's words in a study with these sets, candidates and splits; "" if nothing is.

    blocks: set → the candidates that are fitted with it.
    """
    for side in claim.sides():
        if side.blocks not in blocks:
            return f'the set "{side.blocks}" is none of the study: {", ".join(blocks)}'
        own_models = blocks[side.blocks]
        if not side.model and len(own_models) > 1:
            return f"the study has the candidates {', '.join(own_models)}: say which `model` the claim is about"
        if side.model and side.model not in models:
            return f'the candidate "{side.model}" is none of the study: {", ".join(models)}'
        if not own_models or (side.model and side.model not in own_models):
            fitted = ", ".join(own_models) or "none"
            return f'with the set "{side.blocks}" {side.model or "no candidate"} is not fitted; fitted with it are {fitted}'
    if claim.split and claim.split not in splits:
        return f'the split "{claim.split}" is none of the study: {", ".join(splits)}'
    if claim.cohort and claim.split not in ("", "external"):
        return "a cohort belongs to the split external"
    own = [(side.blocks, side.model) for side in claim.sides()]
    return "both sides are the same combination" if len(own) > len(set(own)) else ""


CLAIMS: Registry[Claim] = Registry(Claim, "tasks.modelling.claims")
