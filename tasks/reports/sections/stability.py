"""How stable the columns of each network and handcrafted family are, beside what they score alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from features.fusion.sources import GOOD
from tasks.modelling.evaluation.result import Worth
from tasks.reports.figures import Plot
from tasks.reports.labels import metric_label, metric_word
from tasks.reports.number_format import DASH, decimal, interval, no_interval
from tasks.reports.plain_labels import model_label, split_label
from tasks.reports.section import Findings, Section
from tasks.reports.worth_figure import worth_figure

IMAGES = {"radiomics", "deep"}


class Stability(Section):
    """A table and a figure of the sources of image features; where nothing was measured, how that is done."""

    kind: Literal["stability"] = "stability"
    order: ClassVar[int] = 65

    def heading(self, found: Findings) -> str:  # noqa: ARG002
        return "Stability and worth"

    def applies(self, found: Findings) -> bool:
        return bool(found.study.recipes) and bool(IMAGES.intersection(found.study.used_blocks))

    def figures(self, found: Findings) -> Sequence[Plot]:
        plot = worth_figure(numbered(found), GOOD)
        return [] if plot is None else [plot]

    def content(self, found: Findings) -> Mapping[str, object]:
        worth = found.result.worth
        commands = [
            f"radweave stability {name} --recipe {one}" for name in found.study.cohorts for one in found.study.recipes
        ]
        score = worth[0].score if worth else None
        within = ", cases compared within their centre" if any(one.score.within for one in worth) else ""
        return {
            "good": GOOD,
            "rows": [worth_row(n, one) for n, one in numbered(found)],
            "missing": missing_sentences(numbered(found)),
            "commands": commands,
            "measured": measured_sentences(worth),
            "metric": metric_label(score.metric) if score else "",
            "scored": f"{metric_word(score.metric)}{within}" if score else "",
            "scored_model": model_label(score.model) if score else "",
            "scored_split": split_label(score.split) if score else "",
            "unmeasured": [source_label(one) for one in worth if not one.source.cohort],
        }


@dataclass(frozen=True)
class WorthRow:
    """A source. score: a dash where there is none; bounds: of its interval, empty where there is none."""

    number: int
    source: str
    name: str
    columns: int
    median: str
    share: str
    score: str
    bounds: str


def numbered(found: Findings) -> list[tuple[int, Worth]]:
    """The sources by number: networks first, each kind in the order of the recipes."""
    ordered = sorted(found.result.worth, key=lambda one: one.source.block != "deep")
    return list(enumerate(ordered, start=1))


def source_label(one: Worth) -> str:
    """A source in words: what it is of and its mark, the recipe, and the image."""
    family = f" {one.source.family}" if one.source.family else ""
    mark = f", {one.source.mark}" if one.source.mark else ""
    return f"{one.source.extractor}{family}{mark}, {one.source.recipe}, {one.source.image}"


def worth_row(number: int, one: Worth) -> WorthRow:
    """The row of a source."""
    source, score = one.source, one.score
    return WorthRow(
        number=number,
        source=source_label(one),
        name=source.name,
        columns=len(source.columns),
        median=decimal(source.median_icc),
        share=f"{100 * source.stable_share:.0f} %" if source.cohort else DASH,
        score=DASH if score.value is None else decimal(score.value),
        bounds=interval(score.low, score.high),
    )


def missing_sentences(worth: Sequence[tuple[int, Worth]]) -> list[str]:
    """Why sources have no score or no interval, each reason once, with their numbers."""
    known: dict[str, list[str]] = {}
    for number, one in worth:
        score = one.score
        if score.value is None:
            known.setdefault(f"no score: {score.reason}", []).append(str(number))
        elif not interval(score.low, score.high) and (why := no_interval(score.reason)):
            known.setdefault(why, []).append(str(number))
    return [f"Of {', '.join(numbers)}: {why}." for why, numbers in known.items()]


def measured_sentences(worth: Sequence[Worth]) -> list[str]:
    """On which regions stability was measured, by cohort."""
    known: dict[str, list[Worth]] = {}
    for one in worth:
        if one.source.cohort:
            known.setdefault(one.source.cohort, []).append(one)
    return [
        f"{cohort}: {max(one.source.regions for one in own)} regions, each measured "
        f"{max(one.source.measurements for one in own)} times"
        for cohort, own in known.items()
    ]
