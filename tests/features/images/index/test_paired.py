"""Files by words: several images of a case, several ROIs of a mask, readers, an atlas for all; each file has its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.case import Scan
from features.core.quarantine import Rejected
from features.images.index.index_cohort import Index, index_cohort
from features.images.masks.label_voxels import LabelVoxels, read_label_voxels
from features.images.reading import Reading
from features.images.region import read_region
from tests.support.catalog import file_images
from tests.support.scans import save_itk

KEY = b"k" * 32
SHAPE = (12, 14, 16)
IMAGE = np.random.default_rng(0).integers(-50, 80, SHAPE).astype(np.int16)
TUMOUR, OEDEMA, NECROSIS = np.s_[2:8, 2:8, 2:8], np.s_[2:8, 2:8, 8:12], np.s_[4:6, 4:6, 4:6]


def labels(*, tumour: int = 4, oedema: int = 2, necrosis: int = 1, dtype: Any = np.uint8) -> np.ndarray:
    """A label map as of BraTS; 0 leaves a region out."""
    array = np.zeros(SHAPE, dtype)
    array[TUMOUR], array[OEDEMA] = tumour, oedema
    array[NECROSIS] = necrosis or tumour
    return array


def box(start: int, stop: int = 9) -> np.ndarray:
    array = np.zeros(SHAPE, np.uint8)
    array[2:9, 2:9, start:stop] = 1
    return array


@pytest.fixture
def index(tmp_path: Path, catalog: Callable) -> Callable[..., Index]:
    """The index of files: path → array, declared by sources."""

    def find(files: dict[str, np.ndarray], *sources: dict[str, Any], withdrawn: frozenset[str] = frozenset()) -> Index:
        for path, array in files.items():
            save_itk(tmp_path / "data" / path, array, spacing=(1.0, 1.0, 1.5), vector=array.ndim == 4)
        return index_cohort(catalog(*sources), "demo", KEY, withdrawn=withdrawn)

    return find


def source(mask: dict[str, Any], **changes: Any) -> dict[str, Any]:
    changes = {"modality": "MR", "unit": "arbitrary", **changes}
    own = {"format": "nifti", "path": "{patient}/seg.nii", **mask}
    return file_images(changes.pop("path", "{patient}/{image}.nii"), **changes) | {"mask": own}


BRATS = {"rois": {"tumour": [1, 4], "oedema": 2, "necrosis": 1}}


def scan_of(found: Index, image: str, roi: str) -> Scan:
    (scan,) = [one for one in found.scans if (one.image_name, one.roi_name) == (image, roi)]
    return scan


def sizes(found: Index) -> dict[tuple[str, str], int]:
    return {(one.image_name, one.roi_name): int(read_region(one).mask.sum()) for one in found.scans}


def test_one_label_map_gives_every_image_of_the_case_its_regions(index: Callable) -> None:
    found = index(
        {"P1/t1.nii": IMAGE, "P1/t1ce.nii": IMAGE + 1, "P1/seg.nii": labels()},
        source(BRATS, image={"t1": "t1", "t1c": "t1ce"}),
    )
    wanted = {"tumour": 216, "oedema": 144, "necrosis": 8}
    assert sizes(found) == {(image, roi): size for image in ("t1", "t1c") for roi, size in wanted.items()}
    assert (found.files, found.quarantined, found.warned) == ({"used": 3, "merged": 0, "quarantined": 0}, (), ())
    assert len({scan.image.digest for scan in found.scans}) == 2
    reading = Reading()
    for scan in found.scans:
        read_region(scan, reading)
    assert len(reading._labels._found) == 1


def test_an_image_that_is_absent_is_told_by_its_word(index: Callable) -> None:
    sources = [source({"rois": {"tumour": 4, "oedema": 2}}, image=["t1", "flair"])]
    found = index(
        {
            "P1/t1.nii": IMAGE,
            "P1/flair.nii": IMAGE + 1,
            "P1/seg.nii": labels(),
            "P2/t1.nii": IMAGE + 2,
            "P2/seg.nii": labels(),
            "P3/seg.nii": labels(),
        },
        *sources,
    )
    assert [(row.code, row.image, row.roi, row.message) for row in found.warned] == [
        ("IMAGE_ABSENT", "flair", "", 'the case has no image "flair"')
    ]
    missing = [(row.code, row.image, row.roi) for row in found.quarantined]
    assert missing == [("IMAGE_MISSING", "flair", ""), ("IMAGE_MISSING", "t1", "")]
    assert found.files == {"used": 5, "merged": 0, "quarantined": 1}
    patient = found.warned[0].case.rsplit(":", 1)[0]
    assert index({}, *sources, withdrawn=frozenset({patient})).warned == ()


def test_a_mask_of_its_own_misses_the_image_that_is_absent(index: Callable) -> None:
    """Nothing is forgotten: a mask that serves no other image is quarantined."""
    mask = {"path": "{patient}/{image}_seg.nii", "rois": {"tumour": 4}}
    files = {"P1/t1.nii": IMAGE, "P1/t1_seg.nii": labels(), "P1/t2_seg.nii": labels()}
    found = index(files, source(mask, image=["t1", "t2"]))
    assert [(row.code, row.image) for row in found.quarantined] == [("IMAGE_MISSING", "t2")]
    assert ("IMAGE_ABSENT", "t2") in [(row.code, row.image) for row in found.warned]
    assert found.files == {"used": 2, "merged": 0, "quarantined": 1}


def test_two_files_for_one_word_are_ambiguous(index: Callable) -> None:
    found = index(
        {"P1/t1.nii": IMAGE, "P1/T1.nii": IMAGE + 1, "P1/seg.nii": labels()},
        source(BRATS, image="t1", path="{patient}/t1.nii"),
        source(BRATS, image="t1", path="{patient}/T1.nii"),
    )
    assert found.scans == ()
    assert {(row.code, row.image) for row in found.quarantined} == {("SERIES_AMBIGUOUS", "t1")}
    assert sorted(row.roi for row in found.quarantined) == [
        "necrosis",
        "necrosis",
        "oedema",
        "oedema",
        "tumour",
        "tumour",
    ]


@pytest.mark.parametrize(("absent", "code"), [("reject", "LABEL_ABSENT"), ("ignore", "ROI_ABSENT")])
def test_a_region_without_a_voxel_is_a_fault_or_absent(index: Callable, absent: str, code: str) -> None:
    found = index(
        {"P1/t1.nii": IMAGE, "P1/seg.nii": labels(oedema=0)}, source({**BRATS, "absent": absent}, image=["t1"])
    )
    with pytest.raises(Rejected) as raised:
        read_region(scan_of(found, "t1", "oedema"))
    assert raised.value.code == code
    assert int(read_region(scan_of(found, "t1", "tumour")).mask.sum()) == 216


def test_regions_of_layers_may_overlap_unless_the_catalog_says_reject(index: Callable) -> None:
    layers = np.stack([box(2, 8), 2 * box(7, 12), 3 * box(13, 15)], axis=-1)
    files = {"P1/ct.nii": IMAGE, "P1/seg.nrrd": layers}
    mask = {"format": "nrrd", "path": "{patient}/seg.nrrd", "rois": {"tumour": 1, "oedema": 2, "liver": 3}}
    assert len(sizes(index(files, source(mask, image=["ct"])))) == 3
    found = index(files, source({**mask, "overlap": "reject"}, image=["ct"]))
    reading = Reading()
    for word in ("tumour", "oedema"):
        with pytest.raises(Rejected, match='ROI_OVERLAP: the regions .*"oedema".* overlap'):
            read_region(scan_of(found, "ct", word), reading)
    assert int(read_region(scan_of(found, "ct", "liver"), reading).mask.sum()) == 98


READERS = {"path": "{patient}/{reader}.nii", "readers": ["anna", "ben", "cora"], "rois": {"tumour": 1}}


def test_readers_are_regions_and_their_consensus_is_the_region(index: Callable) -> None:
    found = index(
        {"P1/ct.nii": IMAGE, "P1/anna.nii": box(2), "P1/ben.nii": box(3), "P1/cora.nii": box(4)},
        source(READERS, path="{patient}/ct.nii"),
    )
    assert {roi: size for (_, roi), size in sizes(found).items()} == {
        "tumour": 49 * 6,
        "tumour_by_anna": 49 * 7,
        "tumour_by_ben": 49 * 6,
        "tumour_by_cora": 49 * 5,
    }
    assert [scan.reader for scan in found.scans] == ["", "anna", "ben", "cora"]
    region = read_region(scan_of(found, "MR", "tumour"))
    assert region.warnings == ()
    assert region.facts["readers"] == 3
    assert region.facts["dice_anna_and_ben"] == pytest.approx(12 / 13)
    assert region.facts["dice_lowest"] == pytest.approx(10 / 12)
    assert region.facts["hausdorff95_highest_mm"] == pytest.approx(2)
    assert found.files == {"used": 4, "merged": 0, "quarantined": 0}


def test_masks_of_readers_are_opened_once_whatever_the_number_of_regions(
    index: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {reader: box(start) + 2 * box(start + 7, 15) for start, reader in enumerate(("anna", "ben", "cora"), 2)}
    mask = {**READERS, "rois": {"tumour": 1, "node": 2, "tumour_and_node": [1, 2]}}
    files = {"P1/ct.nii": IMAGE, **{f"P1/{reader}.nii": array % 3 for reader, array in both.items()}}
    found = index(files, source(mask, path="{patient}/ct.nii"))
    read: list[str] = []

    def counted(path: Path) -> LabelVoxels:
        read.append(path.stem)
        return read_label_voxels(path)

    monkeypatch.setattr("features.images.reading.read_label_voxels", counted)
    reading = Reading()
    assert len([read_region(one, reading) for one in found.scans]) == 12
    assert sorted(read) == ["anna", "ben", "cora"]


def test_who_was_not_drawn_by_all_has_the_consensus_of_the_others(index: Callable) -> None:
    images = {f"P{i}/ct.nii": IMAGE + i for i in range(1, 6)}
    masks = {
        "P1/anna.nii": box(2),
        "P1/cora.nii": box(3),  # two of three
        "P2/ben.nii": box(2),  # one
        "P4/anna.nii": box(2),
        "P4/ben.nii": 2 * box(2),
        "P4/cora.nii": box(3),  # one of them has another label
        "P5/anna.nii": 2 * box(2),
        "P5/ben.nii": 2 * box(2),
        "P5/cora.nii": box(3),  # two of them have
    }
    found = index({**images, **masks}, source(READERS, path="{patient}/ct.nii"))
    refused = [(row.code, row.roi, row.details) for row in found.quarantined]
    assert sorted(refused, key=str) == [
        ("MASK_MISSING", "tumour", {}),
        ("READERS_FEW", "tumour", {"readers": 1, "of": 3}),
    ]
    absent = [(row.code, row.roi, row.message) for row in found.warned if row.case == str(found.quarantined[0].case)]
    who = ("anna", "ben", "cora") if found.quarantined[0].code == "MASK_MISSING" else ("anna", "cora")
    assert absent == [("ROI_ABSENT", f"tumour_by_{one}", f'the reader "{one}" did not draw the region') for one in who]
    agreed = [one for one in found.scans if one.roi_name == "tumour"]
    seen = []
    for one in agreed:
        try:
            region = read_region(one)
            seen.append((region.warnings[0].code, region.warnings[0].details, int(region.mask.sum())))
        except Rejected as rejected:
            seen.append((rejected.code, rejected.details, 0))
    assert sorted(seen, key=str) == [
        ("READERS_FEW", {"readers": 1, "of": 3}, 0),
        ("READERS_FEWER", {"readers": 2, "of": 3}, 49 * 6),
        ("READERS_FEWER", {"readers": 2, "of": 3}, 49 * 6),
    ]
    assert len([one for one in found.scans if one.reader]) == 9
    assert found.files == {"used": 13, "merged": 0, "quarantined": 1}


def test_a_reader_who_found_nothing_has_a_vote_where_a_region_may_be_absent(index: Callable) -> None:
    none = np.zeros(SHAPE, np.uint8)
    files = {"P1/ct.nii": IMAGE, "P1/anna.nii": box(2), "P1/ben.nii": none, "P1/cora.nii": none}
    found = index(files, source({**READERS, "absent": "ignore"}, path="{patient}/ct.nii"))
    with pytest.raises(Rejected, match="ROI_ABSENT: the readers agree that there is no such region"):
        read_region(scan_of(found, "MR", "tumour"))
    found = index({"P1/cora.nii": box(3)}, source({**READERS, "absent": "ignore"}, path="{patient}/ct.nii"))
    region = read_region(scan_of(found, "MR", "tumour"))
    assert (int(region.mask.sum()), region.facts["dice_lowest"]) == (49 * 6, 0.0)


def test_staple_and_none_are_other_consensuses(index: Callable) -> None:
    files = {"P1/ct.nii": IMAGE, "P1/anna.nii": box(2), "P1/ben.nii": box(2), "P1/cora.nii": box(6)}
    found = index(files, source({**READERS, "consensus": "staple"}, path="{patient}/ct.nii"))
    assert int(read_region(scan_of(found, "MR", "tumour")).mask.sum()) == 49 * 7
    found = index(files, source({**READERS, "consensus": "none"}, path="{patient}/ct.nii"))
    assert [one.roi_name for one in found.scans] == ["tumour_by_anna", "tumour_by_ben", "tumour_by_cora"]


def test_an_atlas_is_one_label_map_for_all_images(index: Callable) -> None:
    atlas = np.zeros(SHAPE, np.int16)
    atlas[2:6, 2:6, 2:6], atlas[2:6, 2:6, 8:12] = 11, 1012
    rois = {"left_hippocampus": 11, "right_hippocampus": 1012}
    mask = {"path": "atlas/labels.nii", "rois": rois}
    files = {"atlas/labels.nii": atlas, "P1/t1.nii": IMAGE, "P2/t1.nii": IMAGE + 1}
    found = index(files, source(mask, path="{patient}/t1.nii", image="t1"))
    assert len(found.scans) == 4
    assert set(sizes(found).values()) == {64}
    assert found.files == {"used": 3, "merged": 0, "quarantined": 0}
    none = index({}, source({**mask, "path": "atlas/other.nii"}, path="{patient}/t1.nii", image="t1"))
    assert [row.code for row in none.warned] == ["SOURCE_UNMATCHED"]
    assert {row.code for row in none.quarantined} == {"MASK_MISSING"}


def test_an_atlas_may_lie_on_the_grid_of_its_template(index: Callable) -> None:
    files = {"atlas/labels.nii": box(2), "atlas/mni.nii": IMAGE, "P1/t1.nii": IMAGE[:, :, :12], "P2/t1.nii": IMAGE + 1}
    mask = {"path": "atlas/labels.nii", "template": "atlas/mni.nii", "rois": {"left_hippocampus": 1}}
    found = index(files, source(mask, path="{patient}/t1.nii", image="t1"))
    assert [int(read_region(one).mask.sum()) for one in found.scans] == [343, 343]
    assert found.scans[0].drawn_on is not None
    assert found.files["used"] == 4
    lost = index({}, source({**mask, "template": "atlas/t2.nii"}, path="{patient}/t1.nii", image="t1"))
    assert [row.code for row in lost.quarantined] == ["MASK_MISSING"] * 2
    assert 'there is no file "atlas/t2.nii", on which the atlas was drawn' in lost.quarantined[0].message


def test_another_image_takes_over_the_readers_of_the_one_they_drew_on(index: Callable) -> None:
    found = index(
        {
            "P1/t1.nii": IMAGE,
            "P1/adc.nii": IMAGE + 1,
            "P1/anna.nii": box(2),
            "P1/ben.nii": box(3),
            "P1/cora.nii": box(4),
        },
        source(READERS, path="{patient}/t1.nii", image="t1"),
        {**source({}, path="{patient}/adc.nii", image="adc"), "mask": {"format": "of", "image": "t1"}},
    )
    assert {roi for image, roi in sizes(found) if image == "adc"} == {
        roi for image, roi in sizes(found) if image == "t1"
    }
    reading = Reading()
    for image in ("t1", "adc"):
        region = read_region(scan_of(found, image, "tumour"), reading)
        assert (int(region.mask.sum()), region.facts["readers"]) == (49 * 6, 3)


def test_a_roi_that_was_refused_is_refused_on_the_images_that_would_take_it_over(index: Callable) -> None:
    files = {"P1/t1.nii": IMAGE, "P1/adc.nii": IMAGE + 1, "P1/anna.nii": box(2)}
    liver = {"rois": {"liver": 1}, "path": "{patient}/liver.nii"}
    found = index(
        {**files, "P2/t1.nii": IMAGE + 2, "P2/adc.nii": IMAGE + 3, "P2/liver.nii": box(4), "P1/liver.nii": box(3)},
        source(READERS, path="{patient}/t1.nii", image="t1"),
        source(liver, path="{patient}/t1.nii", image="t1"),
        {**source({}, path="{patient}/adc.nii", image="adc"), "mask": {"format": "of", "image": "t1"}},
    )
    told = sorted((row.code, row.image, row.roi) for row in found.quarantined)
    assert told == [
        ("MASK_MISSING", "adc", "tumour"),
        ("MASK_MISSING", "t1", "tumour"),
        ("READERS_FEW", "adc", "tumour"),
        ("READERS_FEW", "t1", "tumour"),
    ]
    assert 'of its image "t1": fewer than two readers' in "".join(row.message for row in found.quarantined)
    assert sorted((one.image_name, one.roi_name) for one in found.scans) == [
        ("adc", "liver"), ("adc", "liver"), ("adc", "tumour_by_anna"),
        ("t1", "liver"), ("t1", "liver"), ("t1", "tumour_by_anna"),
    ]  # fmt: skip
