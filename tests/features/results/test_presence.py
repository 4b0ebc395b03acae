"""presence: images and regions that cases have and lack, by centre; every case is counted once."""

from __future__ import annotations

from features.results.presence import Presence, count_presence, presence_columns


def scan(patient: str, image: str, roi: str, state: str = "used", centre: str = "A") -> dict[str, str]:
    return {"case": f"c:{patient}:baseline", "centre": centre, "image": image, "roi": roi, "state": state}


def said(patient: str, image: str, code: str, **facts: str) -> dict[str, str]:
    row = {"case": f"c:{patient}:baseline", "centre": "A", "image": image, "roi": "", "stage": "index", "code": code}
    return {**row, **facts}


SCANS = [
    *(scan(patient, "t1c", "tumour") for patient in ("p1", "p2")),
    scan("p1", "t1c", "oedema"),
    scan("p2", "t1c", "oedema", "absent"),
    scan("p3", "t1c", "tumour", "MASK_TINY"),
    scan("p3", "t1c", "oedema", "MASK_TINY"),
    scan("p1", "adc", "tumour"),
    scan("p9", "adc", "tumour", centre="B"),
]


def test_a_region_that_is_absent_and_an_image_that_was_rejected_are_told_apart() -> None:
    found = {(one.centre, one.image, one.roi): one for one in count_presence(SCANS)}
    assert found["A", "t1c", ""] == Presence("A", "t1c", "", 3, used=2, rejected=1)
    assert found["A", "t1c", "oedema"] == Presence("A", "t1c", "oedema", 3, used=1, absent=1, rejected=1)
    assert (found["A", "t1c", "oedema"].there, found["A", "t1c", "oedema"].lacking) == (2, 1)
    assert (found["A", "adc", ""].there, found["A", "adc", ""].lacking) == (1, 2)
    assert found["B", "t1c", "tumour"] == Presence("B", "t1c", "tumour", 1)
    assert all(one.there + one.lacking == one.cases for one in found.values())


def test_what_the_index_rejected_is_counted_and_a_word_without_any_image_is_named() -> None:
    quarantine = [
        said("p4", "t1c", "DICOM_TRUNC"),
        said("p4", "t1c", "MASK_TINY", stage="quality"),  # of a scan, which is in the table of scans
        said("p4", "", "TAB_TIME", stage="tables"),
        {**said("p4", "", "NO_PATIENT"), "case": "c:unknown"},
    ]
    found = {
        (one.centre, one.image, one.roi): one for one in count_presence(SCANS, quarantine, [said("p1", "flair", "")])
    }
    assert (found["A", "t1c", ""].cases, found["A", "t1c", ""].rejected) == (4, 2)
    assert (found["A", "flair", ""].there, found["A", "flair", ""].lacking) == (0, 4)


def test_people_read_a_row_per_image_and_region_and_a_column_per_centre() -> None:
    columns = presence_columns(count_presence(SCANS))
    rows = list(zip(*columns.values(), strict=True))
    assert list(columns) == ["image", "ROI", "A", "B", "all"]
    assert rows[:2] == [
        ("adc", "any", "1 of 3", "1 of 1", "2 of 4"),
        ("adc", "tumour", "1 of 3", "1 of 1", "2 of 4"),
    ]
    assert rows[3] == ("t1c", "oedema", "2 of 3 (1 absent, 1 rejected)", "0 of 1", "2 of 4 (1 absent, 1 rejected)")
    assert presence_columns(count_presence([scan("p1", "CT", "roi")])) == {
        "image": ["CT"],
        "ROI": ["any"],
        "A": ["1 of 1"],
    }
    assert presence_columns([]) == {"image": [], "ROI": []}
