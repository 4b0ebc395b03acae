"""The flow of cases as chains of boxes, cohort by cohort."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from features.core.design import FlowRow
from features.core.quarantine import REASONS


@dataclass(frozen=True)
class Exclusion:
    """A reason in words with its patients. codes: the quarantine codes behind it, "" if there are none."""

    count: int
    reason: str
    codes: str


@dataclass(frozen=True)
class Step:
    """A box of the diagram, what its patients lack and have imputed, and the box of those who left on the way to it."""

    label: str
    remaining: int
    excluded: int
    exclusions: tuple[Exclusion, ...]
    imputed: tuple[Exclusion, ...] = ()


@dataclass(frozen=True)
class Chain:
    """The steps of one cohort. name: "" where steps name no cohort."""

    name: str
    start: int
    steps: tuple[Step, ...]


def flow_chains(flow: Sequence[FlowRow], external: Collection[str] = ()) -> tuple[Chain, ...]:
    """One chain per cohort, in the order of the rows; empty where no flow was recorded. external: cohorts marked so."""
    grouped: dict[str, list[tuple[str, FlowRow]]] = {}
    for row in flow:
        name, colon, label = row.step.partition(": ")
        grouped.setdefault(name if colon else "", []).append((label if colon else row.step, row))
    return tuple(
        Chain(
            f"{name} (external)" if name in external else name,
            rows[0][1].count_in,
            tuple(_step(label, row) for label, row in rows),
        )
        for name, rows in grouped.items()
    )


def _step(label: str, row: FlowRow) -> Step:
    left, imputed = (
        tuple(_exclusion(why, count) for why, count in sorted(found.items(), key=lambda item: (-item[1], item[0])))
        for found in (row.reasons, row.imputed)
    )
    return Step(label, row.count_out, row.count_in - row.count_out, left, imputed)


def _exclusion(reason: str, count: int) -> Exclusion:
    """A reason such as "MASK_MISSING + NII_TRUNC" by what its codes mean, any other by its own words."""
    meant = "; ".join(REASONS[code].means for code in reason.split(" + ") if code in REASONS)
    words = meant or reason
    return Exclusion(count, words[:1].upper() + words[1:], reason if meant else "")
