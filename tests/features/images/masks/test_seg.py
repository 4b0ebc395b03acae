"""read_seg_mask: frames are placed by position; overlapping segments stay apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from features.core.case import CaseId, FileSet, ReadRule, Scan
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.dicom.series import read_dicom_series
from features.images.masks.grid import to_index
from features.images.masks.seg import read_seg_mask
from features.images.reading import Reading
from tests.support.scans import image_series, save_seg, save_series


def _masks() -> np.ndarray:
    masks = np.zeros((2, 8, 16, 16), bool)
    masks[0, 3:6, 4:9, 5:11] = True
    masks[1, 5:7, 10:14, 2:5] = True
    return masks


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_segment_is_read_where_it_lies(tmp_path: Path, kind: str) -> None:
    paths, series = save_series(tmp_path / "ct")
    image = read_dicom_series(paths)
    seg = save_seg(tmp_path, series, _masks(), ["Tumour ", "Node"], kind=kind)
    frame = series[0].FrameOfReferenceUID
    for roi, wanted in zip(("tumour", "NODE"), _masks(), strict=True):
        np.testing.assert_array_equal(read_seg_mask(seg, image, roi, frame_of_reference=frame)[0], wanted)


def test_overlapping_segments_are_read_apart(tmp_path: Path) -> None:
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
def test_faulty_seg_is_rejected(tmp_path: Path, code: str, knobs: dict) -> None:
    paths, series = save_series(tmp_path / "ct")
    labels, frame = knobs.pop("labels", ["Tumour", "Node"]), knobs.pop("frame", series[0].FrameOfReferenceUID)
    seg = save_seg(tmp_path, series, _masks(), labels, **knobs)
    with pytest.raises(Rejected) as caught:
        read_seg_mask(seg, read_dicom_series(paths), "tumour", frame_of_reference=frame)
    assert caught.value.code == code


def test_other_grid_is_rejected(tmp_path: Path) -> None:
    paths, series = save_series(tmp_path / "ct")
    image = read_dicom_series(paths)
    seg = save_seg(tmp_path, series, _masks(), ["Tumour", "Node"])
    spread = Volume(image.array, (1.001, 1.0, 2.5), image.origin_mm)
    with pytest.raises(Rejected, match="GEOMETRY"):
        read_seg_mask(seg, spread, "tumour")


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_fraction_counts_from_the_threshold_on(tmp_path: Path, threshold: float, compressed: bool) -> None:
    paths, series = save_series(tmp_path / "ct")
    shares = _masks() * 0.9
    shares[0, 3, 4:6, 5:11] = 0.4
    knobs = {"edit": lambda seg: seg.compress(RLELossless)} if compressed else {}
    seg = save_seg(tmp_path, series, shares, ["Tumour", "Node"], kind="FRACTIONAL", **knobs)
    mask, (warned,) = read_seg_mask(seg, read_dicom_series(paths), "tumour", rule=ReadRule(threshold=threshold))
    np.testing.assert_array_equal(mask, shares[0] >= threshold)
    below = int(np.count_nonzero((shares[0] > 0) & (shares[0] < threshold)))
    facts = {"threshold": threshold, "voxels_below": below, "type": "PROBABILITY"}
    assert (warned.code, warned.details) == ("SEG_FRACTIONAL", facts)


@pytest.mark.parametrize("highest", [255, 254, 100, 10])
@pytest.mark.parametrize("threshold", [0.75, 0.5, 0.1, 1 / 3, 1.0])
def test_a_share_at_the_threshold_counts_as_it_is_stored(tmp_path: Path, highest: int, threshold: float) -> None:
    at, least = round(threshold * highest), int(np.ceil(threshold * highest - 0.5 - 1e-9))
    values = np.zeros((8, 16, 16), np.uint8)
    values[3, 4:6, 5:11], values[4, 4:6, 5:11], values[5, 4:6, 5:11] = at, least, least - 1

    def edit(seg: Dataset) -> None:
        seg.MaximumFractionalValue = highest
        places = [
            groups.PlanePositionSequence[0].ImagePositionPatient[2] for groups in seg.PerFrameFunctionalGroupsSequence
        ]
        lowest = series[0].ImagePositionPatient[2]
        seg.PixelData = b"".join(values[round((place - lowest) / 2.5)].tobytes() for place in places)

    paths, series = save_series(tmp_path / "ct")
    seg = save_seg(tmp_path, series, _masks()[:1] * 0.9, ["Tumour"], kind="FRACTIONAL", edit=edit)
    mask, (warned,) = read_seg_mask(seg, read_dicom_series(paths), "tumour", rule=ReadRule(threshold=threshold))
    np.testing.assert_array_equal(mask, (values >= least) & (values > 0))
    assert warned.details["voxels_below"] == (12 if least > 1 else 0)


def test_fractions_that_are_all_below_the_threshold_are_an_empty_mask(tmp_path: Path) -> None:
    paths, series = save_series(tmp_path / "ct")
    seg = save_seg(tmp_path, series, _masks() * 0.4, ["Tumour", "Node"], kind="FRACTIONAL")
    with pytest.raises(Rejected, match="MASK_EMPTY"):
        read_seg_mask(seg, read_dicom_series(paths), "tumour")


def test_packed_frames_need_not_begin_with_a_byte(tmp_path: Path) -> None:
    paths, series = save_series(tmp_path / "ct", np.zeros((5, 7, 9)))
    masks = np.random.default_rng(0).random((2, 5, 7, 9)) < 0.5
    seg = save_seg(tmp_path, series, masks, ["a", "b"])
    image = read_dicom_series(paths)
    for label, wanted in zip("ab", masks, strict=True):
        np.testing.assert_array_equal(read_seg_mask(seg, image, label)[0], wanted)


@pytest.mark.parametrize("several", ["union", "largest"])
def test_of_several_segments_the_rule_decides(tmp_path: Path, several: str) -> None:
    paths, series = save_series(tmp_path / "ct")
    seg = save_seg(tmp_path, series, _masks(), ["Tumour 1", "Tumour 2"])
    rule = ReadRule(several=several)  # type: ignore[arg-type]
    mask, (warned,) = read_seg_mask(seg, read_dicom_series(paths), "tumour.*", rule=rule)
    np.testing.assert_array_equal(mask, _masks().any(axis=0) if several == "union" else _masks()[0])
    assert (warned.code, warned.details) == ("ROI_SEVERAL", {"matching": 2, "rule": several})


@pytest.mark.parametrize("moved", [1, 3])
def test_frames_of_another_series_are_left_out(tmp_path: Path, moved: int) -> None:
    """If the file refers to another series at all, and some frames are of this one."""
    wanted = _masks()[0]

    def edit(seg: Dataset) -> None:
        for groups in seg.PerFrameFunctionalGroupsSequence[:moved]:
            x, y, z = groups.PlanePositionSequence[0].ImagePositionPatient
            groups.PlanePositionSequence[0].ImagePositionPatient = [x, y, z + 1.0]
            wanted[round(z / 2.5)] = False
        seg.ReferencedSeriesSequence.append(Dataset())

    paths, series = save_series(tmp_path / "ct")
    seg = save_seg(tmp_path, series, _masks()[:1], ["Tumour"], edit=edit)  # three frames
    image = read_dicom_series(paths)
    if moved == 3:
        with pytest.raises(Rejected, match="GEOMETRY"):
            read_seg_mask(seg, image, "tumour")
        return
    mask, (warned,) = read_seg_mask(seg, image, "tumour")
    np.testing.assert_array_equal(mask, wanted)
    assert (warned.code, warned.details) == ("SEG_OTHER_SERIES", {"frames": 1})


@pytest.mark.data
def test_qin_prostate_segments_are_where_highdicom_reads_them(public_data: Callable, unpack: Callable) -> None:
    import highdicom

    folder = unpack(public_data("dicomseg-qin-prostate/QIN-PROSTATE-001.tar.gz"))
    image = read_dicom_series(sorted(folder.glob("*/ADC/*.dcm")))
    path = next(folder.glob("*/seg/*.dcm"))
    seg = highdicom.seg.segread(path)
    assert seg.number_of_segments == 4
    for number in seg.segment_numbers:
        volume = seg.get_volume(segment_numbers=[number])
        places = volume.map_indices_to_reference(np.argwhere(volume.array[..., 0]))
        x, y, z = np.rint(to_index(places, image)).astype(int).T
        wanted = np.zeros(image.array.shape, bool)
        wanted[z, y, x] = True
        mask, warned = read_seg_mask(path, image, seg.get_segment_description(number).segment_label)
        np.testing.assert_array_equal(mask, wanted)
        assert mask.any()
        assert warned == ()


@pytest.mark.parametrize("grid", ["same", "nearest"])
@pytest.mark.parametrize("gap", [False, True])
def test_a_segmentation_of_other_slices_is_used_only_if_the_catalog_says_so(
    tmp_path: Path, grid: str, gap: bool
) -> None:
    """Drawn on slices half as thick, it is brought to the image by its nearest voxels."""
    paths, series = save_series(tmp_path / "ct")
    finer = image_series(np.zeros((16, 16, 16)), spacing=(1.0, 1.0, 1.25), origin=(-8.0, -8.0, -0.3))
    for ds in finer:
        ds.FrameOfReferenceUID = series[0].FrameOfReferenceUID
    masks = np.repeat(_masks()[:1], 2, axis=1)
    if gap:
        masks[0, 8:10] = False
    seg = save_seg(tmp_path, finer, masks, ["Tumour"])
    image, rule = read_dicom_series(paths), ReadRule(mask_grid=grid)  # type: ignore[arg-type]
    if grid == "same":
        with pytest.raises(Rejected, match="GEOMETRY"):
            read_seg_mask(seg, image, "tumour", rule=rule)
        return
    with pytest.raises(Rejected, match="FRAME_OF_REFERENCE"):
        read_seg_mask(seg, image, "tumour", rule=rule)
    frame = series[0].FrameOfReferenceUID
    mask, (warned,) = read_seg_mask(seg, image, "tumour", rule=rule, frame_of_reference=frame)
    wanted = _masks()[0]
    wanted[4] &= not gap
    np.testing.assert_array_equal(mask, wanted)
    assert (warned.code, warned.details) == ("MASK_REGRIDDED", {"voxels_before": masks.sum(), "voxels": wanted.sum()})


def test_frames_in_several_directions_lie_on_no_grid(tmp_path: Path) -> None:
    def edit(seg: Dataset) -> None:
        shared = seg.SharedFunctionalGroupsSequence[0]
        for n, groups in enumerate(seg.PerFrameFunctionalGroupsSequence):
            turned = Dataset()
            turned.ImageOrientationPatient = [1, 0, 0, 0, 0, 1] if n else [1, 0, 0, 0, 1, 0]
            groups.PlaneOrientationSequence = [turned]
        del shared.PlaneOrientationSequence

    paths, series = save_series(tmp_path / "ct")
    seg = save_seg(tmp_path, series, _masks()[:1], ["Tumour"], edit=edit)
    rule, frame = ReadRule(mask_grid="nearest"), series[0].FrameOfReferenceUID
    with pytest.raises(Rejected, match="GEOMETRY"):
        read_seg_mask(seg, read_dicom_series(paths), "tumour", rule=rule, frame_of_reference=frame)


def test_a_segment_that_a_program_made_is_told_unless_the_catalog_says_so(tmp_path: Path) -> None:
    paths, series = save_series(tmp_path / "ct")

    def automatic(seg: Dataset) -> None:
        seg.SegmentSequence[0].SegmentAlgorithmType = "AUTOMATIC"

    seg = save_seg(tmp_path, series, _masks(), ["Tumour", "Node"], edit=automatic)
    files = FileSet("dicom", tuple(paths), "ct"), FileSet("seg", (seg,), "seg")
    scan = Scan(CaseId("demo", "p"), "A", "CT", "HU", *files, "tumour")
    said = "the file says AUTOMATIC of how the ROI was made, and the catalog says given"
    for own, wanted in (
        (
            scan,
            [f"{said}; say segmentation: automatic at the mask"],
        ),
        (replace(scan, segmentation="automatic"), []),
        (replace(scan, roi="node"), []),
    ):
        reading = Reading()
        _, told = reading.mask(own, reading.image(own))
        assert [one.message for one in told if one.code == "SEGMENTED"] == wanted
