"""The page as text: sections, tables, escaping, equal bytes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from features.core.design import Copies
from features.core.storage.seal import page_bytes, read_sealed
from tasks.reports.report_page import write_report
from tasks.reports.study_report import render_report
from tests.support.page import Page

SECTIONS = ("flow", "cohort", "scores", "curves", "features", "methods", "quarantine", "provenance")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["binary", "survival"])
def test_every_section_has_a_heading_and_ids_are_unique(name: str, request: Any) -> None:
    page = Page(request.getfixturevalue(name).html)
    assert set(SECTIONS) <= set(page.ids)
    assert [one for one, count in Counter(page.ids).items() if count > 1] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["binary", "survival"])
def test_equal_inputs_give_equal_bytes(name: str, request: Any, tmp_path: Path) -> None:
    reported = request.getfixturevalue(name)
    report = render_report(reported.study, reported.result, reported.facts)
    write_report(tmp_path, report)
    assert (tmp_path / "report.html").read_bytes() == page_bytes(reported.html)
    plots = [plot for plots in report.figures.values() for plot in plots]
    assert sorted(file.name for file in tmp_path.glob("*.svg")) == sorted(f"{plot.id}.svg" for plot in plots)
    for plot in plots:
        assert plot.svg in reported.html
        svg, is_sealed = read_sealed(tmp_path / f"{plot.id}.svg")
        assert is_sealed and ElementTree.fromstring(svg).attrib["font-family"] == "sans-serif"


@pytest.mark.parametrize("name", ["binary", "survival"])
def test_the_page_loads_nothing_and_runs_nothing(name: str, request: Any) -> None:
    page = Page(request.getfixturevalue(name).html)
    policy = [a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
    assert not {tag for tag, _ in page.tags} & {"script", "img", "iframe", "object", "base", "form"}
    links = [value for _, attrs in page.tags for key, value in attrs.items() if key in ("href", "src", "xlink:href")]
    assert [link for link in links if not link.startswith(("#", "data:"))] == []
    targets = {link[1:] for link in links if link.startswith("#")}
    assert targets <= set(page.ids)


def test_markup_in_title_and_label_is_shown_not_run(binary: Any, script: str) -> None:
    page = Page(binary.html)
    assert script not in binary.html
    assert f"Response to treatment {script}" in page.text
    assert any(f"Age (years) {script}" in row[0] for row in page.tables["table-cohort"].rows)


def test_figures_have_a_name_a_caption_and_real_text(binary: Any) -> None:
    page = Page(binary.html)
    drawn = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(drawn) == 4
    assert all(svg["role"] == "img" and svg["aria-labelledby"] in page.ids for svg in drawn)
    assert sum(tag == "figcaption" for tag, _ in page.tags) == 5
    assert {"figure-flow", "figure-forest-auc", "figure-roc", "figure-shares"} <= set(page.ids)
    assert "1 − specificity" in page.text


def test_survival_shows_risk_groups_with_numbers_at_risk(survival: Any) -> None:
    page = Page(survival.html)
    assert {"figure-forest-harrell_c", "figure-forest-uno_c"} <= set(page.ids)
    assert {"figure-survival-all", "figure-survival-clinical"} <= set(page.ids)
    group = next(g for g in survival.result.groups if (g.split, g.blocks) == ("nested", "all"))
    assert f"High risk (n = {group.high.n}, events = {group.high.events})" in page.text
    assert page.text.count("At risk") == 2
    assert page.text.count("log-rank p ") >= 2


def test_a_small_study_is_warned_of(binary: Any, survival: Any) -> None:
    assert survival.result.small in Page(survival.html).text
    assert "small-study" in Page(survival.html).ids
    assert "small-study" not in Page(binary.html).ids


def test_quarantine_is_counted_without_cases_or_messages(binary: Any) -> None:
    rows = Page(binary.html).tables["table-quarantine"].rows
    assert rows[1][4:] == ["MASK_TINY", "the mask is a line or has fewer than 27 voxels", "2"]
    assert len(rows) == 3
    assert "SECRET" not in binary.html


def test_provenance_and_digest_are_shown(binary: Any) -> None:
    rows = dict(Page(binary.html).tables["table-provenance"].rows)
    assert rows["refresh of builtin"] == "sha256:0123abcd"
    assert rows["digest of the study’s settings"] == binary.result.digest


def test_selected_features_are_at_most_fifteen(binary: Any) -> None:
    tables = [t for name, t in Page(binary.html).tables.items() if name.startswith("table-features")]
    assert tables
    assert all(len(table.rows) <= 16 for table in tables)
    best = tables[0].rows[1]
    assert best[0].startswith("radiomics__ct_plain__original_glcm_feature_0")
    assert best[1] == "8 of 8 (100 %)"


def test_methods_tell_the_settings(binary: Any, survival: Any) -> None:
    text = Page(binary.html).text
    assert "4 folds, 2 repeats, stratified by event and centre. Settings are chosen on 3 inner folds" in text
    assert f"{binary.result.tuned.fits} model fits were made" in text
    assert "Inner folds choose among settings by AUC, comparing cases of one centre only" in text
    assert "imputed by the steps of each candidate, on the training fold" in text
    assert "Cases without one of the images or any value of a block were excluded" in Page(survival.html).text


def test_a_bare_result_still_gives_a_page(binary: Any) -> None:
    empty = binary.facts.quarantine.iloc[:0]
    facts = replace(binary.facts, quarantine=empty, missing_block={}, provenance={})
    result = replace(binary.result, flow=(), selected=(), warnings={"ConvergenceWarning: <b>slow</b>": 3})
    page = Page(render_report(binary.study, result, facts).html)
    assert "No flow was recorded" in page.text
    assert "Nothing was quarantined." in page.text
    assert "No model chose a feature." in page.text
    assert page.tables["table-warnings"].rows[1] == ["ConvergenceWarning: <b>slow</b>", "3"]


def test_labels_are_never_read_as_tex(survival: Any) -> None:
    table: pd.DataFrame = survival.facts.cohort_table
    study = survival.study.model_copy(update={"title": "5 $ and 6 $ 研究"})
    html = render_report(study, survival.result, replace(survival.facts, cohort_table=table)).html
    assert "5 $ and 6 $ 研究" in html


def test_no_time_and_no_path_of_a_machine_stand_in_the_page(binary: Any) -> None:
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b|/home/|/tmp/", binary.html)


def test_copies_are_named_with_what_is_equal(binary: Any) -> None:
    found = (
        Copies(("builtin:P007", "builtin:P008"), "19 columns of genomic", joined=False),
        Copies(("builtin:P001", "builtin:P002"), "the voxels of an ROI (CT)"),
    )
    result = replace(binary.result, copies=found)
    page = Page(render_report(binary.study, result, binary.facts).html)
    assert page.tables["table-copies"].rows[1:] == [
        ["builtin:P001, builtin:P002", "the voxels of an ROI (CT)", "one group in all folds"],
        ["builtin:P007, builtin:P008", "19 columns of genomic", "only reported"],
    ]
    assert page.text.count("2 patients of 90 may be copies of one another") == 3  # answer, copies and methods
    assert "table-copies" not in Page(binary.html).ids
    assert result.copies_table()["case"].tolist()[2:] == ["builtin:P001", "builtin:P002"]


def test_the_best_single_column_of_each_block_stands_with_its_chance(binary: Any) -> None:
    rows = Page(binary.html).tables["table-singles"].rows
    assert rows[0] == ["Block", "Column", "Columns", "Alone", "p", "Out of fold", "Folds that chose it"]
    assert [row[0] for row in rows[1:]] == ["clinical", "region", "radiomics"]
    radiomics = dict(zip(rows[0], rows[3], strict=True))
    assert radiomics["Column"].endswith("original_glcm_feature_0")
    assert (radiomics["Columns"], radiomics["p"], radiomics["Folds that chose it"]) == ("20", "≤ 0.001", "8 of 8")
