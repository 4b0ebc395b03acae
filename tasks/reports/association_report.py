"""The report of an association study: one HTML page that needs nothing else, and its figures as files."""

from __future__ import annotations

from pathlib import Path

from tasks.modelling.association.result import AssociationResult
from tasks.modelling.association.study import AssociationStudy
from tasks.reports.association_section import AssociationFindings, draw_association_sections
from tasks.reports.facts import Facts
from tasks.reports.report_page import Report, report_of


def render_association_report(study: AssociationStudy, result: AssociationResult, facts: Facts) -> Report:
    """The report. Equal inputs give equal text. A section that has a bug is said to be missing."""
    drawn = draw_association_sections(AssociationFindings(study, result, facts))
    return report_of(Path(__file__).with_name("association_report.html"), drawn, study, result)
