"""draw_thumbnail: the right slice, the right way round, the contour where the ROI ends, bytes that are the same."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread

from features.core.region import Region, Volume
from features.images.thumbnail import CONTOUR, CONTOURS, OTHERS, SIDE, draw_thumbnail, recoloured


def region(array: np.ndarray, box: tuple[slice, slice, slice], spacing=(1.0, 1.0, 1.0), direction=None) -> Region:
    mask = np.zeros(array.shape, bool)
    mask[box] = True
    facts = {} if direction is None else {"direction": tuple(float(value) for value in direction)}
    return Region(Volume(array, spacing, **facts), mask)


def pixels(png: bytes) -> np.ndarray:
    """RGB of 0 to 255, (rows, columns, 3)."""
    return np.rint(imread(io.BytesIO(png), "png")[..., :3] * 255).astype(int)


def contour(shown: np.ndarray, colour=CONTOUR) -> np.ndarray:
    return (shown == colour).all(axis=-1)


def test_the_slice_with_the_largest_roi_is_shown() -> None:
    array = np.zeros((3, 40, 40), np.int16)
    array[1] = 200
    mask = np.zeros(array.shape, bool)
    mask[0, 10:14, 10:14] = mask[1, 10:20, 10:20] = True
    shown = pixels(draw_thumbnail([Region(Volume(array, (1.0, 1.0, 1.0)), mask)], "CT"))
    assert shown.shape == (SIDE, SIDE, 3)
    assert shown[0, 0].tolist() == [231, 231, 231]  # 200 HU in a window from -160 to 240


def test_the_contour_lies_inside_the_roi() -> None:
    array = np.random.default_rng(0).normal(0, 20, (5, 64, 64))
    drawn = contour(pixels(draw_thumbnail([region(array, np.s_[2:4, 16:48, 20:30])], "MR")))
    rows, columns = np.nonzero(drawn)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (32, 95, 40, 59)
    assert not drawn[40:88, 45:55].any()


@pytest.mark.parametrize("modality", ["CT", "MR", "PT", "DX"])
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_flat_and_damaged_images_are_drawn_too(modality, value) -> None:
    array = np.full((3, 8, 8), value, np.float32)
    assert contour(pixels(draw_thumbnail([region(array, np.s_[1:2, 2:5, 2:5])], modality))).any()


def test_of_a_wide_image_the_surroundings_of_the_roi_are_shown_in_their_proportions() -> None:
    array = np.zeros((1, 100, 400), np.int16)
    shown = pixels(draw_thumbnail([region(array, np.s_[0:1, 40:60, 380:400], (0.5, 1.0, 1.0))], "CT"))
    assert shown.shape == (SIDE, SIDE, 3)  # 100 mm of both, at the border of the image
    assert contour(shown)[:, -1].any()


@pytest.mark.parametrize(
    ("direction", "rows", "columns"),
    [
        ((1, 0, 0, 0, 1, 0, 0, 0, 1), slice(0, 64), slice(0, 64)),  # x to the left, y to posterior
        ((-1, 0, 0, 0, -1, 0, 0, 0, 1), slice(64, 128), slice(64, 128)),  # turned by 180 degrees
        ((0, 0, 1, 1, 0, 0, 0, -1, 0), slice(0, 64), slice(0, 64)),  # sagittal: y to posterior, z to inferior
        ((0, 0, 1, 1, 0, 0, 0, 1, 0), slice(64, 128), slice(0, 64)),  # the same, rows to superior
    ],
)
def test_the_picture_is_seen_as_a_radiologist_sees_it(direction, rows, columns) -> None:
    """The ROI lies at the first rows and columns of the array."""
    array = np.zeros((1, 100, 100), np.int16)
    drawn = contour(pixels(draw_thumbnail([region(array, np.s_[0:1, 10:30, 10:30], direction=direction)], "MR")))
    assert drawn[rows, columns].sum() == drawn.sum() > 50


def test_pet_is_dark_where_uptake_is_high() -> None:
    array = np.zeros((1, 32, 32), np.float32)
    array[0, 8:24, 8:24] = 9.0
    shown = pixels(draw_thumbnail([region(array, np.s_[0:1, 10:22, 10:22])], "PT"))
    assert shown[64, 64].tolist() == [0, 0, 0]
    assert shown[2, 2].tolist() == [255, 255, 255]


def test_a_roi_in_lung_gets_the_lung_window_and_equal_regions_equal_bytes() -> None:
    array = np.full((1, 60, 60), -800, np.int16)
    found = region(array, np.s_[0:1, 20:40, 20:40])
    assert 60 < pixels(draw_thumbnail([found], "CT"))[0, 0, 0] < 100
    assert draw_thumbnail([found], "CT") == draw_thumbnail([found], "CT")


def several(*boxes: tuple[slice, slice, slice], depth: int = 3) -> list[Region]:
    array = np.random.default_rng(0).normal(0, 20, (depth, 64, 64))
    return [region(array, box) for box in boxes]


def test_each_roi_of_an_image_has_a_contour_of_its_own_colour_and_the_smaller_lies_above() -> None:
    large, small, apart = np.s_[1:2, 10:40, 10:40], np.s_[1:2, 10:20, 10:20], np.s_[1:2, 50:60, 50:60]
    shown = pixels(draw_thumbnail(several(large, small, apart), "MR"))
    counts = [contour(shown, colour).sum() for colour in CONTOURS[:3]]
    assert counts[1] == counts[2] == 4 * 20 - 4  # whole, though the large one shares two of its sides
    assert counts[0] == 4 * 60 - 4 - 2 * 20 + 1


def test_a_small_roi_counts_as_much_as_a_large_one_for_the_slice_and_the_whole_image_has_no_contour() -> None:
    liver, tumour, whole = np.s_[0:3, 10:50, 10:50], np.s_[2:3, 20:24, 20:24], np.s_[0:3, 0:64, 0:64]
    shown = pixels(draw_thumbnail(several(liver, tumour, whole), "MR"))
    assert contour(shown, CONTOURS[1]).any()
    assert not contour(shown, CONTOURS[2]).any()


def test_colours_are_exchanged_without_drawing_again() -> None:
    png = draw_thumbnail(several(np.s_[1:2, 10:40, 10:40], np.s_[1:2, 50:60, 50:60]), "MR")
    before, after = pixels(png), pixels(recoloured(png, [(1, 2, 3), CONTOUR]))
    assert (contour(before) == contour(after, (1, 2, 3))).all()
    assert (contour(before, CONTOURS[1]) == contour(after)).all()
    assert recoloured(png, CONTOURS) == png


def test_of_very_many_rois_the_first_are_drawn_in_colour_and_no_more_than_a_palette_holds() -> None:
    boxes = [np.s_[1:2, 3 * (i // 20) : 3 * (i // 20) + 3, 3 * (i % 20) : 3 * (i % 20) + 3] for i in range(300)]
    shown = pixels(draw_thumbnail(several(*boxes), "MR"))
    assert all(contour(shown, colour).any() for colour in (*CONTOURS, OTHERS))
