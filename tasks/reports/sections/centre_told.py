"""Whether the centre of a case can be told from its features, before and after they are harmonised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from features.core.wording import counted
from tasks.modelling.evaluation.centre_told import CentreTold as Told
from tasks.reports.centre_figure import centre_figure
from tasks.reports.figures import Plot
from tasks.reports.labels import blocks_label
from tasks.reports.number_format import DASH, decimal
from tasks.reports.plain_labels import model_label
from tasks.reports.section import Findings, Section


class CentreTold(Section):
    """A dot for each set of blocks, as it comes and as each candidate harmonises it; in studies of several centres."""

    kind: Literal["centre_told"] = "centre_told"
    order: ClassVar[int] = 35

    def heading(self, found: Findings) -> str:  # noqa: ARG002
        return "Can the centre be told from the features?"

    def applies(self, found: Findings) -> bool:
        return bool(found.result.centre_told)

    def figures(self, found: Findings) -> Sequence[Plot]:
        known = [one for one in found.result.centre_told if one.value is not None]
        return [centre_figure([(_name(found, one), one) for one in known])] if known else []

    def content(self, found: Findings) -> Mapping[str, object]:
        return {"answer": answer(found), "rows": [told_row(found, one) for one in found.result.centre_told]}


@dataclass(frozen=True)
class ToldRow:
    """A set of blocks, how it is looked at, and how well it tells the centre; a reason where that cannot be said."""

    blocks: str
    how: str
    value: str
    chance: str
    above: str
    centres: int
    n: int
    reason: str


def told_row(found: Findings, one: Told) -> ToldRow:
    """A row of the table."""
    has_both = one.value is not None and one.chance is not None
    return ToldRow(
        blocks=blocks_label(found.study, one.blocks),
        how=f"harmonised by {model_label(one.model)}" if one.model else "as they come",
        value=DASH if one.value is None else decimal(one.value),
        chance=DASH if one.chance is None else decimal(one.chance),
        above=decimal((one.value or 0.0) - (one.chance or 0.0)) if has_both else DASH,
        centres=one.centres,
        n=one.n,
        reason=one.reason,
    )


def answer(found: Findings) -> str:
    """The set of blocks that tells the centre best as it comes, and what harmonising makes of that set."""
    before = [one for one in found.result.centre_told if one.value is not None and not one.model]
    if not before:
        return "That could not be said; the table has the reasons."
    best = max(before, key=lambda one: one.value or 0.0)
    of = f", the most of {counted(len(before), 'set')} of blocks" if len(before) > 1 else ""
    label = blocks_label(found.study, best.blocks)
    if best.value is not None and round(best.value, 2) <= max(0.5, round(best.chance or 0.0, 2)):
        return f"No set of blocks tells the centre: the best of them, {label}, gives {_with_chance(best)}."
    after = [
        one for one in found.result.centre_told if one.blocks == best.blocks and one.model and one.value is not None
    ]
    told = "".join(f"; harmonised by {model_label(one.model)} with {_with_chance(one)}" for one in after)
    return f"From {label} the centre is told with {_with_chance(best)}{of}{told}."


def _with_chance(one: Told) -> str:
    by_chance = "" if one.chance is None else f" (by chance {decimal(one.chance)})"
    return f"an AUC of {decimal(one.value or 0.0)}{by_chance}"


def _name(found: Findings, one: Told) -> str:
    label = blocks_label(found.study, one.blocks)
    return f"{label}\nharmonised by {model_label(one.model)}" if one.model else label
