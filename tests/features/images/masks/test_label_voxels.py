"""Label maps that are read once: labels and unions of them, layers, and the time that many labels take."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.masks.label_voxels import LISTED, LabelVoxels, label_voxels_of, labels_of_text, mask_on_image
from features.images.masks.overlap import find_overlaps


def label_map(*arrays: np.ndarray) -> LabelVoxels:
    return label_voxels_of([Volume(array, (1.0, 1.0, 1.0)) for array in arrays])


@settings(deadline=None)
@given(
    hnp.arrays(st.sampled_from([np.uint8, np.int16, np.int64, np.float32]), (3, 4, 5), elements=st.integers(0, 6)),
    st.sets(st.integers(1, 7), min_size=1),
)
def test_the_mask_is_the_union_of_the_labels(array: np.ndarray, labels: set[int]) -> None:
    wanted = np.isin(array, list(labels))
    if wanted.any():
        assert np.array_equal(label_map(array).mask(sorted(labels)), wanted)
    else:
        with pytest.raises(Rejected, match="LABEL_ABSENT|MASK_EMPTY") as raised:
            label_map(array).mask(sorted(labels))
        assert (raised.value.code == "MASK_EMPTY") == (not array.any())


def test_labels_may_be_of_any_size_and_below_zero() -> None:
    array = np.array([[[0, LISTED + 5, -3, 2, LISTED]]], np.int64)
    assert label_map(array).mask([LISTED + 5, 2]).tolist() == [[[False, True, False, True, False]]]
    assert label_map(array).mask([LISTED]).sum() == 1
    assert label_map(array.astype(np.float64)).mask([LISTED + 5]).sum() == 1
    with pytest.raises(Rejected) as raised:
        label_map(array).mask([7, 9])
    assert raised.value.details == {"label": "7+9"}


@pytest.mark.parametrize("value", [0.7, np.nan, np.inf, 1e300])
def test_what_is_no_whole_number_is_no_label(value: float) -> None:
    with pytest.raises(Rejected, match="MASK_VALUES"):
        label_map(np.array([[[0, 1, value]]], np.float64))


def test_labels_of_several_layers_are_united_but_one_label_lies_in_one_layer() -> None:
    one, other = np.array([[[1, 1, 0, 0]]]), np.array([[[0, 4, 4, 2]]])
    assert label_map(one, other).mask([1, 4]).tolist() == [[[True, True, True, False]]]
    with pytest.raises(Rejected, match="LABEL_LAYERS"):
        label_map(one, one).mask([1])


def test_a_hundred_and_fifty_regions_take_one_pass() -> None:
    array = np.zeros((120, 150, 120), np.int16)
    corners = [(z, y, x) for z in range(5) for y in range(6) for x in range(5)]
    for number, (z, y, x) in enumerate(corners, start=1):
        array[24 * z : 24 * z + 20, 25 * y : 25 * y + 20, 24 * x : 24 * x + 20] = number
    start = time.process_time()
    found = label_map(array)
    sizes = {int(found.mask([number]).sum()) for number in range(1, 151)}
    many = time.process_time() - start
    start = time.process_time()
    assert int((array == 1).sum()) == 8000
    once = time.process_time() - start
    assert sizes == {8000}
    assert many < 75 * once + 0.5, "as looking for half of the labels everywhere"


def test_the_text_of_a_roi_and_a_grid_that_is_another() -> None:
    assert labels_of_text("1+4") == (1, 4)
    found, image = label_map(np.ones((2, 3, 4), np.uint8)), Volume(np.zeros((2, 3, 5)), (1.0, 1.0, 1.0))
    with pytest.raises(Rejected, match="GEOMETRY: image and mask have different grids: its size is another"):
        mask_on_image(found, image, [1])
    mask, warnings = mask_on_image(found, image, [1], regrid=True)
    assert (mask.sum(), warnings[0].code) == (24, "MASK_REGRIDDED")


def test_regions_that_share_voxels_are_named() -> None:
    masks = {word: np.zeros((2, 4, 9), np.bool_) for word in ("tumour", "oedema", "liver", "none")}
    masks["tumour"][:, 1:3, 2:5] = True
    masks["oedema"][0, 1:3, 4:7] = True
    masks["liver"][:, :, 7:] = True
    found = find_overlaps(masks)
    assert sorted(found) == ["oedema", "tumour"]
    assert found["tumour"].code == "ROI_OVERLAP"
    assert found["tumour"].message == 'the regions "tumour" and "oedema" overlap, and the catalog says overlap: reject'
    assert found["tumour"].details == {"voxels": 2}
