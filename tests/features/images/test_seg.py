"""read_seg_mask: frames are placed by position; overlapping segments stay apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.dicom import read_dicom_series
from features.images.seg import read_seg_mask


def _masks() -> np.ndarray:
    masks = np.zeros((2, 8, 16, 16), bool)
    masks[0, 3:6, 4:9, 5:11] = True
    masks[1, 5:7, 10:14, 2:5] = True
    return masks


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_segment_is_read_where_it_lies(tmp_path: Path, save_series: Callable, save_seg: Callable, kind: str) -> None:
    paths, series = save_series(tmp_path / "ct")
    image = read_dicom_series(paths)
    seg = save_seg(tmp_path, series, _masks(), ["Tumour ", "Node"], kind=kind)
    frame = series[0].FrameOfReferenceUID
    for roi, wanted in zip(("tumour", "NODE"), _masks(), strict=True):
        np.testing.assert_array_equal(read_seg_mask(seg, image, roi, frame_of_reference=frame)[0], wanted)


def test_overlapping_segments_are_read_apart(tmp_path: Path, save_series: Callable, save_seg: Callable) -> None:
    paths, series = save_series(tmp_path / "ct")
    masks = _masks()
    masks[1] = np.roll(masks[0], 1, axis=1)
    seg = save_seg(tmp_path, series, masks, ["a", "b"])
    np.testing.assert_array_equal(read_seg_mask(seg, read_dicom_series(paths), "b")[0], masks[1])


def _misplace(seg: Dataset) -> None:
    for groups in seg.PerFrameFunctionalGroupsSequence:
        x, y, z = groups.PlanePositionSequence[0].ImagePositionPatient
        groups.PlanePositionSequence[0].ImagePositionPatient = [x + 0.5, y, z]


def _clear(seg: Dataset) -> None:
    seg.PixelData = b"\0" * len(seg.PixelData)


def _shorten(seg: Dataset) -> None:
    seg.PixelData = seg.PixelData[:10]


@pytest.mark.parametrize(
    ("code", "knobs"),
    [
        ("ROI_MISSING", {"labels": ["x", "y"]}),
        ("ROI_AMBIGUOUS", {"labels": ["Tumour", "tumour"]}),
        ("GEOMETRY", {"edit": _misplace}),
        ("MASK_EMPTY", {"edit": _clear}),
        ("DICOM_DECODE", {"edit": _shorten}),
        ("FRAME_OF_REFERENCE", {"frame": "1.2.3"}),
    ],
)
def test_faulty_seg_is_rejected(
    tmp_path: Path, save_series: Callable, save_seg: Callable, code: str, knobs: dict
) -> None:
    paths, series = save_series(tmp_path / "ct")
    labels, frame = knobs.pop("labels", ["Tumour", "Node"]), knobs.pop("frame", series[0].FrameOfReferenceUID)
    seg = save_seg(tmp_path, series, _masks(), labels, **knobs)
    with pytest.raises(Rejected) as caught:
        read_seg_mask(seg, read_dicom_series(paths), "tumour", frame_of_reference=frame)
    assert caught.value.code == code


def test_other_grid_is_rejected(tmp_path: Path, save_series: Callable, save_seg: Callable) -> None:
    paths, series = save_series(tmp_path / "ct")
    image = read_dicom_series(paths)
    seg = save_seg(tmp_path, series, _masks(), ["Tumour", "Node"])
    spread = Volume(image.array, (1.001, 1.0, 2.5), image.origin_mm)
    with pytest.raises(Rejected, match="GEOMETRY"):
        read_seg_mask(seg, spread, "tumour")


@pytest.mark.data
def test_qin_prostate_segments_equal_their_frames(public_data: Callable, unpack: Callable) -> None:
    folder = unpack(public_data("dicomseg-qin-prostate/QIN-PROSTATE-001.tar.gz"))
    image = read_dicom_series(sorted(folder.glob("*/ADC/*.dcm")))
    path = next(folder.glob("*/seg/*.dcm"))
    seg = dcmread(path)
    frames = [
        groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        for groups in seg.PerFrameFunctionalGroupsSequence
    ]
    for segment in seg.SegmentSequence:
        mask = read_seg_mask(path, image, segment.SegmentLabel)[0]
        own = seg.pixel_array[[number == segment.SegmentNumber for number in frames]]
        assert mask.sum() == own.sum() > 0
        assert sorted(mask.sum(axis=(1, 2))[mask.any(axis=(1, 2))]) == sorted(
            own.sum(axis=(1, 2))[own.any(axis=(1, 2))]
        )
