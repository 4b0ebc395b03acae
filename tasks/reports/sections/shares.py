"""What each block contributed to the models of sets of several blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from tasks.modelling.evaluation.result import Share
from tasks.reports.block_shares import share_figure
from tasks.reports.figures import Plot
from tasks.reports.labels import blocks_label
from tasks.reports.number_format import decimal
from tasks.reports.plain_labels import model_label, split_label
from tasks.reports.section import Findings, Section


class Shares(Section):
    """A bar for each candidate and set of several blocks, and the numbers."""

    kind: Literal["shares"] = "shares"
    order: ClassVar[int] = 50

    def heading(self, found: Findings) -> str:  # noqa: ARG002
        return "What each block contributed"

    def applies(self, found: Findings) -> bool:
        return bool(shown_shares(found))

    def figures(self, found: Findings) -> Sequence[Plot]:
        return [share_figure(found.study, shown_shares(found), split_label(found.winner.split))]

    def content(self, found: Findings) -> Mapping[str, object]:
        return {"rows": share_rows(found), "shown_split": split_label(found.winner.split)}


@dataclass(frozen=True)
class ShareRow:
    """A block of a combination. percent: of what decides the prediction. columns: used by a fold, of how many there are."""

    combination: str
    block: str
    percent: str
    columns: str


def shown_shares(found: Findings) -> dict[tuple[str, str], list[Share]]:
    """Set of blocks and candidate → its blocks, under the split that figures show, in the order of the study."""
    own = [one for one in found.result.shares if one.split == found.winner.split]
    keys = [(name, candidate.name) for name in found.result.blocks for candidate in found.study.models]
    shares = {key: [one for one in own if (one.blocks, one.model) == key] for key in keys}
    return {key: blocks for key, blocks in shares.items() if blocks}


def share_rows(found: Findings) -> tuple[ShareRow, ...]:
    """A row for each block of each combination."""
    return tuple(
        ShareRow(
            combination=f"{blocks_label(found.study, name)}, {model_label(model)}" if i == 0 else "",
            block=one.block,
            percent=f"{100 * one.share:.0f} %",
            columns=decimal(one.chosen, 1),
        )
        for (name, model), blocks in shown_shares(found).items()
        for i, one in enumerate(blocks)
    )
