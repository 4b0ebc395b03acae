"""The flow of cases."""

from __future__ import annotations

from typing import Any

from tasks.reports.flow import flow_chains


def test_each_cohort_has_its_chain_and_ends_at_the_analysed_patients(survival: Any) -> None:
    chains = flow_chains(survival.result)
    assert [chain.name for chain in chains] == ["first", "second"]
    assert sum(chain.steps[-1].remaining for chain in chains) == survival.result.patients
    for chain in chains:
        assert chain.start - sum(step.excluded for step in chain.steps) == chain.steps[-1].remaining


def test_codes_are_told_in_words_most_frequent_first(binary: Any) -> None:
    step = flow_chains(binary.result)[0].steps[0]
    assert [(one.count, one.reason, one.codes) for one in step.exclusions] == [
        (3, "No image", ""),
        (2, "An image has no mask", "MASK_MISSING"),
        (
            1,
            "Slices are missing inside the stack; the mask is a line or has fewer than 27 voxels",
            "DICOM_MISSING_SLICE + MASK_TINY",
        ),
    ]
