"""The report of an association study: what it says and draws, and that it claims no prediction."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.core.design import FlowRow
from tasks.modelling.association.associate import associate
from tasks.modelling.association.variable import Variable
from tasks.reports.association_report import render_association_report
from tasks.reports.association_section import AssociationFindings
from tasks.reports.association_sections.headline import association_headline, cautions
from tasks.reports.facts import Facts
from tasks.reports.report_page import Report
from tests.support.association import association_design, association_study, number

CENTRES = np.array(["A", "B", "C"])


def found(n: int = 60, **settings: object) -> AssociationFindings:
    """Five columns, the first of which follows a number and a flag; one is constant, one empty."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(n, 5)), rng.normal(size=n)
    X[:, 0] += 1.5 * y
    X[:, 3], X[:, 4] = 1.0, np.nan
    design = association_design(X, centres=CENTRES[np.arange(n) % 3])
    design = replace(design, flow=(FlowRow("toy: patients", n, n),))
    flag = Variable("her2", "her2", "flag", (y > 0).astype(float), None, "some", {"outcome missing": 2})
    study = association_study(variables=["v", "her2"], effects=["pearson", "mann_whitney"], **settings)
    result = associate(design, study, [number(y), flag])
    table = pd.DataFrame(
        {"cohort": "toy", "centre": design.centres, "patient": design.patients, "timepoint": "baseline"}
    )
    quarantine = pd.DataFrame(columns=["cohort", "centre", "case", "image", "stage", "code", "message", "details"])
    facts = Facts(table, {"radiomics": 1}, quarantine, {"study settings": "ab12"}, {"v": "lactate <LDH> (U/l)"})
    return AssociationFindings(study, result, facts)


def report(one: AssociationFindings) -> Report:
    return render_association_report(one.study, one.result, one.facts)


@pytest.fixture(scope="module")
def made() -> Report:
    return report(found())


def test_every_section_is_drawn_and_equal_inputs_give_equal_text(made: Report) -> None:
    assert made.errors == {}
    assert made.html == report(found()).html
    ids = re.findall(r'<h2 id="(\w+)"', made.html)
    assert ids == [
        "flow",
        "cohort",
        "associations",
        "overview",
        "cases",
        "centres",
        "columns",
        "methods",
        "quarantine",
        "provenance",
    ]
    assert {*made.figures} == {"associations", "overview", "cases", "columns"}
    assert [plot.id for plot in made.figures["associations"]] == ["figure-forest-pearson", "figure-forest-mann-whitney"]


def test_words_are_honest_and_escaped(made: Report) -> None:
    text = re.sub(r"<[^>]+>", " ", made.html)
    for words in (
        "no predictions",
        "found and judged on the same cases",
        "No model was fitted that is used again",
        "9 tests",
    ):
        assert words in text, words
    assert "lactate &lt;LDH&gt; (U/l)" in made.html
    assert "<LDH>" not in made.html
    assert "accuracy" not in text
    assert "imputed" not in text


def test_what_could_not_be_tested_is_there_with_its_reason(made: Report) -> None:
    assert "the column has one value in all 60 cases (3)" in made.html
    assert "0 cases; needed: 10 (3)" in made.html
    assert "6 associations could not be tested" in made.html


def test_the_headline_counts_tests_and_names_the_first() -> None:
    one = found()
    said = association_headline(one)
    assert said.startswith(
        "3 of 9 associations have a p of at most 0.05 after Benjamini and Hochberg; that with the smallest p is radiomics__0"
    )
    few = found(12)
    assert any("12 patients: what is not found here may yet be there" in line for line in cautions(few))
    none = replace(one.result, tests=0, rows=one.result.rows[9:])
    assert association_headline(replace(one, result=none)).startswith("None of 6 associations could be tested")
