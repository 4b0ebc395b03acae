"""Sections: one kind and one template each; a bug in one costs no other."""

from __future__ import annotations

from typing import Any

import pytest

from features.core.errors import MachineError
from tasks.reports import section
from tasks.reports.section import SECTIONS
from tasks.reports.sections.curves import Curves
from tasks.reports.study_report import render_report
from tests.support.page import Page


@pytest.mark.parametrize("kind", SECTIONS.modules)
def test_every_section_has_a_place_of_its_own_and_a_template(kind: str) -> None:
    found = SECTIONS.load(kind)
    assert (section.TEMPLATES / f"{kind}.html").is_file()
    assert [other for other in SECTIONS.modules if SECTIONS.load(other).order == found.order] == [kind]


def test_sections_stand_in_their_order_and_in_the_contents(binary: Any) -> None:
    page = Page(binary.html)
    links = [attrs["href"][1:] for tag, attrs in page.tags if tag == "a"]
    assert links == [
        one for one in sorted(SECTIONS.modules, key=lambda kind: SECTIONS.load(kind).order) if one in links
    ]
    assert links == [attrs["id"] for tag, attrs in page.tags if tag == "h2"]


@pytest.mark.parametrize("method", ["applies", "heading", "figures", "content"])
def test_a_bug_in_a_section_costs_that_section_and_is_said(
    binary: Any, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def broken(self: Curves, found: object) -> None:
        raise KeyError("SECRET patient")

    monkeypatch.setattr(Curves, method, broken)
    report = render_report(binary.study, binary.result, binary.facts)
    assert {kind: type(error) for kind, error in report.errors.items()} == {"curves": KeyError}
    page = Page(report.html)
    assert "This page is not complete: it lacks Curves." in page.text
    assert "This section could not be drawn (KeyError)." in page.text
    assert "SECRET" not in report.html
    assert {"table-scores-nested", "table-features-radiomics", "table-provenance"} <= {*page.tables}
    assert "curves" not in report.figures and "figure-forest-auc" in page.ids


def test_what_a_template_asks_for_and_does_not_get_is_a_bug_too(binary: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SECTIONS.load("key_facts"), "content", lambda self, found: {})
    report = render_report(binary.study, binary.result, binary.facts)
    assert {kind: type(error).__name__ for kind, error in report.errors.items()} == {"key_facts": "UndefinedError"}
    assert "missing-sections" in Page(report.html).ids


def test_what_the_user_can_mend_is_raised(binary: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(self: Curves, found: object) -> None:
        raise MachineError("a package is missing")

    monkeypatch.setattr(Curves, "figures", lacks)
    with pytest.raises(MachineError, match="a package is missing"):
        render_report(binary.study, binary.result, binary.facts)
