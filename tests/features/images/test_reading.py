"""Reading: each file of a visit is opened once, and ROIs come together."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from features.core.case import CaseId, DrawnOn, ReadRule, Scan, Term
from features.core.quarantine import Rejected
from features.images.reading import Reading
from features.images.region import read_region
from tests.support.scans import nifti_files

LABELS = np.zeros((12, 14, 10), np.uint8)
LABELS[2:9, 2:9, 2:8] = 2
LABELS[4:7, 4:7, 3:6] = 1
AFFINE = np.diag([2.0, 2.0, 3.0, 1.0])
_watched: list[Counter[str]] = []
sys.addaudithook(
    lambda event, given: [one.update([str(given[0])]) for one in _watched] and None if event == "open" else None
)


@contextmanager
def _opens() -> Iterator[Counter[str]]:
    """Files that are opened meanwhile, each with how often."""
    counted: Counter[str] = Counter()
    _watched.append(counted)
    try:
        yield counted
    finally:
        _watched.remove(counted)


@pytest.fixture
def scans(tmp_path: Path) -> dict[str, Scan]:
    """Two images of a case; the masks of both are the label map of the first."""
    rng = np.random.default_rng(0)
    images = {
        word: nifti_files(tmp_path / f"{word}.nii.gz", rng.normal(100, 9, LABELS.shape).astype(np.float32), AFFINE)
        for word in ("t1c", "flair")
    }
    seg = nifti_files(tmp_path / "seg.nii.gz", LABELS, AFFINE)
    found = {}
    for word, roi, label in (("t1c", "tumour", "1"), ("t1c", "oedema", "2"), ("t1c", "none", "7")):
        found[roi] = Scan(
            CaseId("d", "p"), "A", "MR", "arbitrary", images[word], seg, label, image_name=word, roi_name=roi
        )
    drawn = DrawnOn("t1c", images["t1c"], "arbitrary")
    found["on_flair"] = Scan(
        CaseId("d", "p"),
        "A",
        "MR",
        "arbitrary",
        images["flair"],
        seg,
        "1",
        image_name="flair",
        roi_name="tumour",
        drawn_on=drawn,
    )
    return found


def test_each_file_is_opened_once_whatever_is_read_of_it(scans: dict[str, Scan], tmp_path: Path) -> None:
    reading = Reading()
    with _opens() as opened:
        for _ in range(2):
            masks = {word: read_region(scans[word], reading).mask for word in ("tumour", "oedema", "on_flair")}
    assert {Path(name).name: count for name, count in opened.items() if str(tmp_path) in name} == {
        "t1c.nii.gz": 1,
        "flair.nii.gz": 1,
        "seg.nii.gz": 1,
    }
    assert [int(mask.sum()) for mask in masks.values()] == [27, 7 * 7 * 6 - 27, 27]


def _combined(scans: dict[str, Scan], first: str, sign: str, second: str) -> Scan:
    one, other = scans[first], scans[second]
    return Scan(
        one.case, "A", "MR", "arbitrary", one.image, one.mask, f"{first} {sign} {second}",
        terms=(Term("+", one), Term(sign, other)),  # type: ignore[arg-type]
    )  # fmt: skip


def test_rois_are_added_and_taken_away(scans: dict[str, Scan]) -> None:
    reading = Reading()
    assert read_region(_combined(scans, "oedema", "+", "tumour"), reading).mask.sum() == 7 * 7 * 6
    assert read_region(_combined(scans, "oedema", "-", "tumour"), reading).mask.sum() == 7 * 7 * 6 - 27
    with pytest.raises(Rejected, match='MASK_EMPTY: no voxel remains of "tumour - tumour"'):
        read_region(_combined(scans, "tumour", "-", "tumour"), reading)


def test_a_roi_that_may_be_absent_is_absent_and_counts_as_nothing(scans: dict[str, Scan]) -> None:
    with pytest.raises(Rejected, match="LABEL_ABSENT"):
        read_region(scans["none"])
    strict = _combined(scans, "oedema", "-", "none")
    with pytest.raises(Rejected, match='LABEL_ABSENT: of "oedema - none" the ROI "none": the mask has no voxel'):
        read_region(strict)
    object.__setattr__(scans["none"], "rule", ReadRule(absent="ignore"))
    with pytest.raises(Rejected, match="ROI_ABSENT"):
        read_region(scans["none"])
    assert read_region(_combined(scans, "oedema", "-", "none")).mask.sum() == 7 * 7 * 6 - 27
