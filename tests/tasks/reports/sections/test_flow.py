"""The flow of cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from features.core.design import FlowRow
from tasks.reports.flow_chains import flow_chains
from tasks.reports.study_report import render_report
from tests.support.page import Page


def test_each_cohort_has_its_chain_and_ends_at_the_analysed_patients(survival: Any) -> None:
    chains = flow_chains(survival.result.flow)
    assert [chain.name for chain in chains] == ["first", "second"]
    assert sum(chain.steps[-1].remaining for chain in chains) == survival.result.patients
    for chain in chains:
        assert chain.start - sum(step.excluded for step in chain.steps) == chain.steps[-1].remaining


def test_codes_are_told_in_words_most_frequent_first(binary: Any) -> None:
    step = flow_chains(binary.result.flow)[0].steps[0]
    assert [(one.count, one.reason, one.codes) for one in step.exclusions] == [
        (3, "No image", ""),
        (2, "An image has no mask", "MASK_MISSING"),
        (
            1,
            "Slices are missing inside the stack; the mask is a line or has fewer than 27 voxels",
            "DICOM_MISSING_SLICE + MASK_TINY",
        ),
    ]


def test_what_is_imputed_whole_stands_in_the_flow(binary: Any) -> None:
    row = FlowRow("builtin: with every block, or imputed", 90, 90, {}, {"no genomic value": 27, "no usable PT": 3})
    result = replace(binary.result, flow=(*binary.result.flow, row))
    assert [(one.count, one.reason) for one in flow_chains(result.flow)[0].steps[-1].imputed] == [
        (27, "No genomic value"),
        (3, "No usable PT"),
    ]
    assert "No genomic value (n = 27): imputed" in Page(render_report(binary.study, result, binary.facts).html).text
