"""The report of a study that predicts: one HTML page that needs nothing else, and its figures."""

from __future__ import annotations

from pathlib import Path

from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.facts import Facts
from tasks.reports.report_page import Report, report_of
from tasks.reports.section import Findings, draw_sections
from tasks.reports.winner import find_winner


def render_report(study: Study, result: StudyResult, facts: Facts) -> Report:
    """The report. Equal inputs give equal text: no date, no random id. A section that has a bug is said to be missing."""
    drawn = draw_sections(Findings(study, result, facts, find_winner(study, result)))
    return report_of(Path(__file__).with_name("study_report.html"), drawn, study, result)
