"""Readers of DICOM: their names are part of those of ROIs, in one structure set or in one for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.images.index.index_cohort import Index, index_cohort
from features.images.region import read_region
from tests.support.catalog import dicom_images
from tests.support.scans import save_rtstruct, save_seg, save_series, square

KEY = b"k" * 32
MASK = {"format": "rtstruct", "rois": {"gtv": "GTV[ -]{reader}"}, "readers": {"anna": "1", "ben": "2", "cora": "3"}}


def contours(x1: float) -> list[list[tuple[float, float, float]]]:
    return [square(-6.4, -6.4, x1, 5.6, 2.5 * k) for k in range(1, 6)]


def series(folder: Path, patient: str) -> list:
    values = np.random.default_rng(len(patient)).integers(-50, 90, (8, 16, 16))
    return save_series(folder, values, patient=patient)[1]


@pytest.fixture
def index(tmp_path: Path, catalog: Callable) -> Callable[..., Index]:
    def find(mask: dict) -> Index:
        return index_cohort(catalog(dicom_images(mask=mask)), "demo", KEY)

    return find


def sizes(found: Index) -> dict[str, int]:
    return {one.roi_name: int(read_region(one).mask.sum()) for one in found.scans}


def test_rois_of_one_structure_set_are_those_of_readers(index: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "dicom"
    images = series(folder / "P1", "P1")
    rois = [("GTV 1", contours(1.6)), ("GTV-2", contours(2.6)), ("GTV 3", contours(5.6)), ("lung", contours(5.6))]
    save_rtstruct(folder / "P1", images, rois)
    found = index(MASK)
    assert sizes(found) == {"gtv": 540, "gtv_by_anna": 480, "gtv_by_ben": 540, "gtv_by_cora": 720}
    region = read_region(found.scans[0])
    assert (region.facts["readers"], found.scans[0].consensus) == (3, "majority")
    assert region.facts["dice_anna_and_ben"] == pytest.approx(2 * 480 / (480 + 540))
    assert (found.files["used"], found.quarantined) == (9, ())
    none = index({**MASK, "consensus": "none"})
    assert [one.roi_name for one in none.scans] == ["gtv_by_anna", "gtv_by_ben", "gtv_by_cora"]


def test_a_structure_set_for_each_reader_and_one_who_did_not_draw(index: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "dicom"
    images = series(folder / "P1", "P1")
    for number, x1 in ((1, 1.6), (2, 2.6)):
        save_rtstruct(folder / f"P1-{number}", images, [(f"GTV {number}", contours(x1))])
    for absent in ("ignore", "reject"):
        found = index({**MASK, "absent": absent})
        (agreed,) = [one for one in found.scans if one.roi_name == "gtv"]
        region = read_region(agreed)
        assert [(one.code, one.details) for one in region.warnings] == [("READERS_FEWER", {"readers": 2, "of": 3})]
        assert int(region.mask.sum()) == 480


def test_segments_of_readers(index: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "dicom"
    images = series(folder / "P1", "P1")
    masks = np.zeros((2, 8, 16, 16), np.uint8)
    masks[0, 2:6, 4:12, 4:10] = masks[1, 2:6, 4:12, 4:12] = 1
    save_seg(folder / "P1", images, masks, ["Tumour anna", "Tumour ben"])
    found = index({"format": "seg", "roi": "Tumour {reader}", "readers": ["anna", "ben"]})
    assert sizes(found) == {"roi": 192, "roi_by_anna": 192, "roi_by_ben": 256}
