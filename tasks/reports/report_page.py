"""Report: the page of a study and its figures as files, whatever the study does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from features.core.storage.place import write_bytes
from features.core.storage.seal import drawing_bytes, page_bytes
from tasks.modelling.study_settings import StudySettings
from tasks.reports.figures import Plot
from tasks.reports.page import render_page
from tasks.reports.part import Drawn

PAGE = "report.html"


@dataclass(frozen=True, eq=False)
class Report:
    """html: the page. figures: kind of a section → its figures. errors: kind of a section that is missing on it → why."""

    html: str
    figures: Mapping[str, tuple[Plot, ...]]
    errors: Mapping[str, Exception]


def report_of(template: Path, drawn: Sequence[Drawn], study: StudySettings, result: object) -> Report:
    """The page of a template with its sections, and their figures."""
    html = render_page(
        template,
        study=study,
        result=result,
        title=study.title or study.name.replace("_", " ").capitalize(),
        front=[one for one in drawn if one.is_front],
        body=[one for one in drawn if not one.is_front],
        missing=[one.heading for one in drawn if one.error],
    )
    figures = {one.id: one.figures for one in drawn if one.figures}
    return Report(html, figures, {one.id: one.error for one in drawn if one.error})


def write_report(folder: Path, report: Report) -> None:
    """Write the page and each of its figures, each whole or not at all. Raises StoreError if one cannot be written."""
    for plot in (plot for plots in report.figures.values() for plot in plots):
        write_bytes(folder / figure_file(plot), drawing_bytes(str(plot.svg)))
    write_bytes(folder / PAGE, page_bytes(report.html))


def figure_file(plot: Plot) -> str:
    """The name of the file of a figure, beside the page."""
    return f"{plot.id}.svg"
