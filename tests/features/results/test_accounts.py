"""Accounts: files and scans are counted once each."""

from __future__ import annotations

from features.results.accounts import file_flow, scan_flow


def test_files_found_are_the_sum_of_what_became_of_them() -> None:
    found = file_flow({"ignored_localizer": 2, "quarantined": 1, "used": 10, "merged": 3, "ignored_type": 4})
    assert [(row["files"], row["count"]) for row in found] == [
        ("found", 20),
        ("used", 10),
        ("merged", 3),
        ("ignored: localizer", 2),
        ("ignored: type", 4),
        ("quarantined", 1),
    ]


def test_a_cohort_whose_files_were_not_counted_has_no_flow() -> None:
    assert file_flow({}) == []


def test_regions_of_an_image_are_scans_of_their_own_and_absent_ones_have_a_column() -> None:
    said = {"centre": "A", "case": "c:1", "image": "t1c", "stage": "quality", "code": "MASK_TINY"}
    found = scan_flow({"A": 5}, [{**said, "roi": "tumour"}, {**said, "roi": "oedema"}], {"A": 1})
    assert [(row["scans in"], row["used"], row["absent"], row["quarantined"]) for row in found] == [(5, 2, 1, 2)] * 2
    assert "absent" not in scan_flow({"A": 5}, [])[0]
