"""Comparisons: which differences between combinations are more than chance, and how much centres differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from tasks.modelling.evaluation.comparison import Comparison
from tasks.modelling.evaluation.study import Study
from tasks.reports.labels import blocks_label, metric_label
from tasks.reports.number_format import DASH, decimal, interval, p_value
from tasks.reports.plain_labels import capital, held_out_label, model_label, split_label
from tasks.reports.section import Findings, Section

ALPHA = 0.05
CORRECTIONS = {"holm": "Holm", "benjamini_hochberg": "Benjamini and Hochberg"}


class Comparisons(Section):
    """Every pair that was compared, the best combination first; then how much left-out centres differ."""

    kind: Literal["comparisons"] = "comparisons"
    order: ClassVar[int] = 34

    def applies(self, found: Findings) -> bool:
        return bool(found.result.comparisons or found.result.between)

    def content(self, found: Findings) -> Mapping[str, object]:
        return {
            "tables": pair_tables(found),
            "metric": metric_label(found.winner.metric),
            "of_images": any(one.model.of_images for one in found.study.models),
            "between": between_rows(found),
            "of_best": of_best(found),
            "correction": CORRECTIONS[found.study.comparisons.correction],
        }


@dataclass(frozen=True)
class PairRow:
    """One pair. best: whether its first combination is the best one."""

    first: str
    second: str
    difference: str
    p: str
    corrected: str
    why: str
    best: bool


@dataclass(frozen=True)
class PairTable:
    """The pairs under one split, or of one held-out cohort. claims: how many differ after the correction."""

    id: str
    title: str
    test: str
    within: bool
    compared: int
    claims: int
    rows: tuple[PairRow, ...]


@dataclass(frozen=True)
class BetweenRow:
    """How much centres differ for one combination."""

    label: str
    i2: str
    tau: str
    p: str
    centres: str


def pair_tables(found: Findings) -> tuple[PairTable, ...]:
    """A table for each split, and for each cohort of held-out cases."""
    tables = []
    for split, cohort in dict.fromkeys((one.split, one.cohort) for one in found.result.comparisons):
        own = [one for one in found.result.comparisons if (one.split, one.cohort) == (split, cohort)]
        rows = sorted((_row(found, one) for one in own), key=lambda row: not row.best)
        tables.append(
            PairTable(
                id=f"table-comparisons-{split}{f'-{cohort}' if cohort else ''}",
                title=capital(held_out_label(split, cohort) if cohort else split_label(split)),
                test=next((one.test for one in own if one.test), ""),
                within=bool(own[0].within),
                compared=own[0].compared,
                claims=sum(one.p_corrected is not None and one.p_corrected < ALPHA for one in own),
                rows=tuple(rows),
            )
        )
    return tuple(tables)


def between_rows(found: Findings) -> tuple[BetweenRow, ...]:
    """A row for each combination of which the centres' differences are known."""
    return tuple(
        BetweenRow(
            _label(found.study, one.blocks, one.model),
            f"{100 * one.found.i2:.0f} %",
            decimal(one.found.tau),
            p_value(one.found.p),
            str(one.found.centres),
        )
        for one in found.result.between
        if one.found is not None
    )


def of_best(found: Findings) -> BetweenRow | None:
    """That of the best combination, None without one."""
    best = found.winner.best
    wanted = "" if best is None else _label(found.study, best.blocks, best.model)
    return next((row for row in between_rows(found) if row.label == wanted), None)


def comparison_of(found: tuple[Comparison, ...], split: str, blocks: str, model: str, other: str) -> Comparison | None:
    """That of a combination with the same candidate on another set of blocks."""
    wanted = (split, blocks, model, other, model)
    return next((c for c in found if (c.split, c.blocks, c.model, c.other_blocks, c.other_model) == wanted), None)


def tested(one: Comparison) -> str:
    """What a comparison says, in words."""
    if one.p is None or one.p_corrected is None:
        return f"not tested: {one.reason}"
    bounds = interval(one.low, one.high)
    holm = (
        f", {p_value(one.p_corrected)} after {CORRECTIONS[one.correction]}’s correction for {one.compared} comparisons"
        if one.compared > 1
        else ""
    )
    return f"difference {decimal(one.difference or 0.0)} (95\u00a0% CI {bounds}), {one.test}: {p_value(one.p)}{holm}"


def _row(found: Findings, one: Comparison) -> PairRow:
    bounds = interval(one.low, one.high)
    difference = DASH if one.difference is None else decimal(one.difference) + (f" ({bounds})" if bounds else "")
    return PairRow(
        _label(found.study, one.blocks, one.model),
        _label(found.study, one.other_blocks, one.other_model),
        difference,
        DASH if one.p is None else p_value(one.p),
        DASH if one.p_corrected is None else p_value(one.p_corrected),
        one.reason,
        found.winner.is_best(one.blocks, one.model),
    )


def _label(study: Study, blocks: str, model: str) -> str:
    return f"{blocks_label(study, blocks)}, {model_label(model)}"
