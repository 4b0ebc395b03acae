"""Which ROI is meant, and that no name of a single patient is shown."""

from __future__ import annotations

from tasks.drafting.dicom_headers import Mask
from tasks.drafting.rois import choose_roi


def masks(*names: tuple[str, ...]) -> list[Mask]:
    return [Mask(f"p{i}", "rtstruct", one) for i, one in enumerate(names)]


def test_the_tumour_that_matches_once_in_most_masks_is_taken() -> None:
    found = choose_roi(masks(("GTV-1", "Lung"), ("GTV-1", "Lung"), ("gtv_2", "Lung"), ("Lung",)))
    assert found.pattern == "GTV.*"
    assert "one matches in 3 of 4 masks, none in 1" in found.remarks[0].text
    assert found.remarks[0].kind == "guess" and "roi: 'Lung'   # 4 patients" in found.remarks[0].answers


def test_several_matches_in_one_mask_are_asked_for() -> None:
    found = choose_roi(masks(("GTV a", "GTV b"), ("GTV a", "GTV b"), ("GTV c",)))
    assert [remark.kind for remark in found.remarks] in (["guess"], ["guess", "question"])
    both = choose_roi(masks(("GTV", "gtv"), ("GTV", "gtv")))
    assert "several: union" in both.remarks[-1].answers


def test_names_of_single_patients_are_counted_and_not_shown() -> None:
    found = choose_roi(masks(("Miller Ann", "liver"), ("Smith Bob", "liver")))
    assert found.pattern == "liver" and found.remarks[0].kind == "question"
    assert "… and 2 names of single patients, not shown" in found.remarks[0].answers
    assert "Miller" not in str(found) and "Smith" not in str(found)
    assert "none of the 1 ROI name" in choose_roi(masks(("Miller Ann",))).remarks[0].text
