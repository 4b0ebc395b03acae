"""Comparison: a combination against another; Between: how much centres differ; Controlled: a set of blocks under a control."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.modelling.comparisons.heterogeneity import Heterogeneity

BASELINES = ("clinical", "volume")  # sets of blocks that others must beat


@dataclass(frozen=True, slots=True)
class Comparison:
    """A combination against another: the difference of their scores, first less other, on n cases under one split.

    within: "centre" where only cases of one centre were compared with each other. low, high: 95 % interval, not corrected.
    p_corrected: for all `compared` pairs of this split and cohort, by the `correction` of the study. test: what gave p; reason:
    why there is none.
    """

    split: str
    cohort: str
    metric: str
    within: str
    blocks: str
    model: str
    other_blocks: str
    other_model: str
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_corrected: float | None
    compared: int
    n: int
    test: str
    correction: str
    reason: str


@dataclass(frozen=True, slots=True)
class Between:
    """How much the centres of leave-one-centre-out differ beyond chance, of one combination. reason: why it cannot be told."""

    blocks: str
    model: str
    metric: str
    found: Heterogeneity | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Controlled:
    """A set of blocks under a control. value: its score as it is, in one repeat of the split; runs: label and score of each run.

    within: as in Score. p: share of runs of chance that score as high, the real one counted; None of others. reason: why there are
    no runs.
    """

    control: str
    says: str
    blocks: str
    model: str
    split: str
    metric: str
    within: str
    value: float | None
    runs: tuple[tuple[str, float | None], ...]
    p: float | None
    reason: str = ""
