"""Time points and own days of patients by dates, of which none is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from features.core.pseudonym import pseudonym
from features.images.index.file_cache import FileCache
from features.images.index.index_cohort import Index, index_cohort
from tests.support.catalog import dicom_images, file_images
from tests.support.scans import save_nifti, save_rtstruct, save_series, square

KEY = b"k" * 32
CODES = {"tag": "ClinicalTrialTimePointID", "codes": {"V1": "baseline", "V2": "week_6"}}


@pytest.fixture
def visit(tmp_path: Path) -> Callable:
    """Save a CT of a patient with its contours: on a date, with the code of a time point."""

    def build(patient: str, day: str, code: str = "", *, mask: bool = True) -> None:
        def edit(series: list[Dataset]) -> None:
            for ds in series:
                ds.StudyDate = day
                ds.ClinicalTrialTimePointID = code

        place = tmp_path / "data" / "dicom" / f"{len(list(tmp_path.rglob('*')))}"
        _, series = save_series(place, patient=patient, edit=edit)
        if mask:
            save_rtstruct(place, series, [("GTV", [square(-4.5, -4.5, 2.5, 2.5, z) for z in (2.5, 5.0)])])

    return build


def _found(index: Index) -> dict[str, list[str]]:
    """Patient → time points of scans, with `!` those that were refused."""
    names = {pseudonym(KEY, "demo", patient): patient for patient in ("P1", "P2")}
    found: dict[str, list[str]] = {}
    for scan in index.scans:
        found.setdefault(names[scan.case.patient], []).append(scan.case.timepoint)
    for row in index.quarantined:
        parts = row.case.split(":")
        found.setdefault(names[parts[1]], []).append("!" + ":".join([*parts[2:], row.code]))
    return found


def _days(index: Index) -> dict[str, int]:
    names = {pseudonym(KEY, "demo", patient): patient for patient in ("P1", "P2")}
    return {f"{names[patient]} {word}": day for (patient, word), day in index.days.items()}


def test_dates_tell_the_own_days_of_patients(catalog: Callable, visit: Callable) -> None:
    visit("P1", "20200131", "V1")
    visit("P1", "20200311", "V2")
    visit("P2", "20200301", "V2", mask=False)
    index = index_cohort(catalog(dicom_images(timepoint={**CODES, "date": "StudyDate"})), "demo", KEY)
    assert _found(index) == {"P1": ["baseline", "week_6"], "P2": ["!week_6:MASK_MISSING"]}
    assert _days(index) == {"P1 baseline": 0, "P1 week_6": 40, "P2 week_6": 42}  # the first visit is on its planned day


def test_the_cache_holds_no_date_and_saves_reading_it_again(
    tmp_path: Path, catalog: Callable, visit: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit("P1", "20200131", "V1")
    visit("P1", "20200311", "V2")
    monkeypatch.setattr("features.images.index.file_cache.SETTLED_NS", 0)
    declared = catalog(dicom_images(timepoint={**CODES, "date": "StudyDate"}))
    cache = FileCache(tmp_path / "files.parquet", KEY)
    first = index_cohort(declared, "demo", KEY, cache=cache)
    cache.save()
    texts = [row.header or "" for row in cache._rows.values()]
    assert any('"dates":{"StudyDate":' in text for text in texts)
    for told in ("20200131", "2020-01-31", "737455", "20200311"):  # 737455: days since the year 1
        assert not any(told in text for text in texts)
    again = index_cohort(declared, "demo", KEY, cache=FileCache.load(tmp_path / "files.parquet", KEY))
    assert again.days == first.days
    assert again.read <= 8 < first.read  # those whose bytes are verified


def test_days_are_shifted_otherwise_for_every_patient_cohort_and_key() -> None:
    from datetime import date

    from features.images.index.findings import Pseudonyms

    one, other = date(2020, 1, 31), date(2020, 3, 11)
    names = Pseudonyms("demo", KEY)
    assert names.day("a", other) - names.day("a", one) == 40
    shifted = {names.day("a", one), names.day("b", one), Pseudonyms("demo", b"x" * 32).day("a", one)}
    assert len(shifted | {Pseudonyms("other", KEY).day("a", one), one.toordinal()}) == 5


def test_dates_alone_number_the_visits_of_a_patient(catalog: Callable, visit: Callable) -> None:
    for day in ("20200311", "20200131", "20200201"):
        visit("P1", day)
    visit("P2", "20210101")
    source = dicom_images(timepoint={"date": "StudyDate"})
    index = index_cohort(catalog(source, timepoints={"visit": {"to": 2}}), "demo", KEY)
    assert _found(index) == {"P1": ["visit1", "visit2", "!TIMEPOINT_UNKNOWN"], "P2": ["visit1"]}
    (row,) = index.quarantined
    assert row.message == "the patient has more visits than there are time points; allowed: 2 (visit1, visit2)"
    assert (row.details, row.files) == ({"day": 40}, 9)
    assert _days(index) == {"P1 visit1": 0, "P1 visit2": 1, "P2 visit1": 0}


def test_images_of_close_dates_are_one_visit_where_the_catalog_says_so(catalog: Callable, visit: Callable) -> None:
    for day in ("20200131", "20200202", "20200311"):
        visit("P1", day)
    source = dicom_images(timepoint={"date": "StudyDate", "within_days": 2})
    index = index_cohort(catalog(source, timepoints={"visit": {"to": 9}}), "demo", KEY)
    assert _found(index) == {"P1": ["visit2", "!visit1:VISIT_ORDER", "!visit1:VISIT_ORDER"]}  # two CTs of one visit
    assert index.quarantined[0].message == (
        "several dates of a patient's image are visit1, on days 0, 2 from the first; allowed: one"
    )
    assert _days(index) == {"P1 visit1": 0, "P1 visit2": 40}


def test_dates_alone_find_the_planned_day_that_is_near(catalog: Callable, visit: Callable) -> None:
    for day in ("20200101", "20200109", "20200120"):  # days 0, 8 and 19
        visit("P1", day)
    source = dicom_images(timepoint={"date": "StudyDate", "within_days": 1})
    weeks = {"week": {"first": 0, "to": 2, "every": 7}}
    index = index_cohort(catalog(source, timepoints=weeks), "demo", KEY)
    assert _found(index) == {"P1": ["week0", "week1", "!TIMEPOINT_UNKNOWN"]}
    assert index.quarantined[0].message == (
        "the visit is on day 19; allowed: at most 1 days from one of week0 (day 0), week1 (day 7), week2 (day 14)"
    )


def test_an_image_without_a_date_has_no_time_point(catalog: Callable, visit: Callable) -> None:
    visit("P1", "")
    index = index_cohort(
        catalog(dicom_images(timepoint={"date": "StudyDate"}), timepoints={"v": {"to": 2}}), "demo", KEY
    )
    assert [row.message for row in index.quarantined] == ["the image has no date in StudyDate"]


def test_folders_that_are_dates_tell_visits(tmp_path: Path, catalog: Callable) -> None:
    names = {"image": "{patient}/{timepoint}/ct.nii.gz", "mask": "{patient}/{timepoint}/roi.nii.gz"}
    for patient, day in (
        ("P1", "2020-01-31"),
        ("P1", "2020-03-11"),
        ("P1", "today"),
        ("P2", "2019-05-05"),
        ("P2", "2019-05-06"),
    ):
        for path in names.values() if day != "2019-05-06" else [names["mask"]]:
            place = tmp_path / "data" / path.format(patient=patient, timepoint=day)
            place.parent.mkdir(parents=True, exist_ok=True)
            save_nifti(place, np.ones((4, 4, 4), np.int16))
    source = file_images(names["image"], names["mask"], timepoint={"date": "%Y-%m-%d"})
    index = index_cohort(catalog(source, timepoints={"visit": {"to": 5}}), "demo", KEY)
    assert _found(index) == {
        "P1": ["visit1", "visit2", "!TIMEPOINT_UNKNOWN", "!TIMEPOINT_UNKNOWN"],
        "P2": ["visit1", "!visit2:IMAGE_MISSING"],
    }
    assert _days(index) == {"P1 visit1": 0, "P1 visit2": 40, "P2 visit1": 0, "P2 visit2": 1}
    assert sum(index.files.values()) == 9


def test_a_dated_folder_without_a_patient_names_nobody_s_visit(tmp_path: Path, catalog: Callable) -> None:
    for name in ("ct", "roi"):
        save_nifti(tmp_path / "data" / " " / "2020-01-31" / f"{name}.nii.gz", np.ones((4, 4, 4), np.int16))
    source = file_images(
        "{patient}/{timepoint}/ct.nii.gz", "{patient}/{timepoint}/roi.nii.gz", timepoint={"date": "%Y-%m-%d"}
    )
    index = index_cohort(catalog(source, timepoints={"visit": {"to": 5}}), "demo", KEY)
    assert {(row.code, row.case) for row in index.quarantined} == {("PATIENT_UNKNOWN", "demo:unknown")}
    assert not index.days
