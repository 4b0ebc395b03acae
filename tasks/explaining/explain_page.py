"""The page of what was explained: the maps, what speaks against them, and the training cases that a network takes for alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from features.core.wording import counted
from features.deep.explaining.localisation import over_cases
from tasks.explaining.explain_cases import EXPLAINED, MapRow, Told
from tasks.explaining.training_cases import Neighbour
from tasks.reports.page import render_page

BEWARE = (
    "A map shows where in the picture the score of this model comes from. It does not show why, and not what is ill.",
    "Orange raises the score, blue lowers it; each picture has its own scale, so colours of two pictures cannot be compared.",
    "The ROI (green) is in the middle of nearly every view by construction. Compare how much lies inside it with the middle alone, "
    "and with networks of random weights: a map that is no better tells of the picture, not of what the network learnt.",
    "A likeness to random networks near 1 says that the map hardly depends on the weights, near 0 that it does.",
)
HEADS = (
    "Network", "Sampling", "Map", "Inside the ROI", "ROI of the view", "The middle alone, inside", "Random weights, inside",
    "Likeness to random weights", "Unexplained",
)  # fmt: skip


@dataclass(frozen=True)
class MapFigure:
    """png: base64."""

    title: str
    caption: str
    png: str


@dataclass(frozen=True)
class CasePart:
    """A section of the page: one case."""

    title: str
    sentence: str
    maps: tuple[MapFigure, ...]
    lacking: tuple[str, ...]
    neighbours: tuple[Neighbour, ...]


def explain_page(model: str, cohort: str, told: Told, remarks: Sequence[str]) -> str:
    """The page as HTML, which loads nothing. remarks: of the whole run."""
    return render_page(
        Path(__file__).with_name("explain_page.html"),
        title=f"Where the scores of {model} come from in {cohort}",
        beware=(*BEWARE, *remarks),
        heads=HEADS,
        checks=list(_checks(told.rows)),
        cases=list(_cases(told)),
    )


def _checks(rows: Sequence[MapRow]) -> Iterator[tuple[str, ...]]:
    """Of each kind of map the means over cases, with their intervals."""
    there = [row for row in rows if row.state == EXPLAINED]
    for key in dict.fromkeys((row.network, row.recipe, row.sampling, row.by) for row in there):
        own = [row for row in there if (row.network, row.recipe, row.sampling, row.by) == key]
        columns = [
            [getattr(row, name) for row in own]
            for name in (
                "inside_roi", "roi_of_view", "inside_roi_prior", "inside_roi_random", "alike_random", "unexplained",
            )
        ]  # fmt: skip
        said = [str(over_cases([value for value in values if value is not None])) for values in columns]
        yield (f"{key[0]} ({key[1]})", key[2], key[3], *said)


def _cases(told: Told) -> Iterator[CasePart]:
    for case in dict.fromkeys(row.case for row in told.rows):
        own = [row for row in told.rows if row.case == case]
        near = tuple(one for one in told.neighbours if one.case == case)
        usual = {one.network: one.usual for one in near}
        far = [
            f"{network}: {100 * share:.0f} % of the training cases are at least as far from their nearest other one."
            for network, share in usual.items()
            if share == share
        ]
        lacking = [
            f"{' '.join(filter(None, (row.network, row.sampling, row.by)))}: {row.state}".lstrip(": ")
            for row in own
            if row.state != EXPLAINED
        ]
        maps = tuple(_figure(row, told.pictures[row.picture]) for row in own if row.state == EXPLAINED)
        score = f"{own[0].score_of[:1].upper()}{own[0].score_of[1:]}: {own[0].score:.4g}; {counted(len(maps), 'map')}."
        yield CasePart(case, score, maps, (*lacking, *told.remarks.get(case, ()), *far), near)


def _figure(row: MapRow, png: str) -> MapFigure:
    title = f"{row.by} of {row.case}, {row.image} by {row.network}, {row.sampling}"
    inside = "nothing in this picture raises the score" if row.inside_roi is None else (
        f"{row.inside_roi:.0%} of what raises the score lies inside the ROI, which is {row.roi_of_view or 0:.0%} of the view"
    )  # fmt: skip
    gap = "" if row.unexplained is None else f"; {row.unexplained:.1%} of the score's difference is not accounted for"
    file = f" NIfTI: {row.nifti}." if row.nifti else ""
    return MapFigure(title, f"{row.by}, {row.sampling} ({row.image}, {row.network}): {inside}{gap}.{file}", png)
