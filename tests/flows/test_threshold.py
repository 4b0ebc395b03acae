"""The failure threshold counts what is new, by scan, and says what to do."""

import json

import pytest

from features.core.storage.store import Store
from features.results.manifest import CohortState
from features.results.published import Published
from features.results.schemas import QUARANTINE
from flows.threshold import TooManyRejected, check_threshold, scans_in_quarantine
from tests.support.mart import commit_tables


def keep(store: Store, *rows: tuple[str, str, str, str]) -> None:
    """A quarantine of cohort c: case, stage, code, details."""
    columns = {"cohort": "c", "centre": "A", "modality": "CT", "message": "", "digests": ""}
    table = [{**columns, "case": a, "stage": b, "code": c, "details": json.dumps({"file": d})} for a, b, c, d in rows]
    commit_tables(store, "c", CohortState(key=""), {"quarantine": QUARANTINE.table(table)})


def published(scans: int, **codes: int) -> Published:
    return Published("c", 1, True, scans, scans - sum(codes.values()), codes)


def test_before_the_first_refresh_nothing_is_in_quarantine(tmp_path) -> None:
    assert scans_in_quarantine(Store(tmp_path), "c") == {}


def test_scans_of_unknown_cases_are_told_apart_and_rows_of_tables_and_of_a_pacs_are_no_scans(tmp_path) -> None:
    store = Store(tmp_path)
    keep(
        store,
        ("c:unknown", "index", "DICOM_TRUNC", "1"),
        ("c:unknown", "index", "DICOM_TRUNC", "2"),
        ("c:unknown", "index", "DICOM_TRUNC", "2"),  # cut to the same bytes
        ("c:1", "quality", "MASK_TINY", ""),
        ("c:1", "extract", "TOO_MANY_BINS", ""),
        ("c:2", "tables", "TAB_TIME", ""),
        ("c:3", "index", "PACS_PARTIAL", "3"),
        ("c:unknown", "index", "PACS_FAILED", "4"),
    )
    found = scans_in_quarantine(store, "c")  # a scan counts with its first reason
    assert sorted(found.values()) == ["DICOM_TRUNC", "DICOM_TRUNC", "DICOM_TRUNC", "MASK_TINY"]


def test_too_many_new_rejections_are_told_with_counts_remedies_and_what_to_do(tmp_path) -> None:
    store = Store(tmp_path)
    keep(
        store, ("c:1", "quality", "MASK_TINY", ""), ("c:2", "index", "NII_TRUNC", ""), ("c:3", "index", "NII_TRUNC", "")
    )
    with pytest.raises(TooManyRejected) as told:
        check_threshold(store, [published(10, NII_TRUNC=2, MASK_TINY=1)], {"c": {}}, 0.2)
    assert str(told.value) == (
        "3 of 10 scans of c were newly quarantined (2 × NII_TRUNC: a NIfTI file is truncated or is not NIfTI – copy the "
        "file again; 1 × MASK_TINY: the mask is a line or has fewer than 27 voxels – check the contour). The threshold is "
        "20%. The mart is published without these scans and nothing is lost: mend the files, then refresh again; or raise "
        "the threshold if this is how the data are."
    )


def test_what_was_in_quarantine_before_is_not_new(tmp_path) -> None:
    store = Store(tmp_path)
    keep(store, ("c:1", "quality", "MASK_TINY", ""))
    before = {"c": scans_in_quarantine(store, "c")}
    keep(store, ("c:1", "quality", "MASK_EMPTY", ""), ("c:2", "index", "NII_TRUNC", ""))
    check_threshold(store, [published(5, MASK_EMPTY=1, NII_TRUNC=1)], before, 0.2)  # one of five is not above
    with pytest.raises(TooManyRejected, match="1 of 4 scans"):
        check_threshold(store, [published(4, MASK_EMPTY=1, NII_TRUNC=1)], before, 0.2)


def test_a_cohort_without_scans_is_below_any_threshold(tmp_path) -> None:
    keep(Store(tmp_path))
    check_threshold(Store(tmp_path), [published(0)], {"c": {}}, 0.0)
