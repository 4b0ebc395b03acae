"""read_mask of label maps: labels, layers, grids, and the nearest voxels of another grid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.case import CaseId, FileSet, ReadRule, Scan
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.masks.mask import read_mask
from features.images.reading import Reading
from tests.support.scans import save_itk

LABELS = np.zeros((8, 10, 12), np.uint8)  # z, y, x
LABELS[2:5, 3:7, 4:9] = 2
IMAGE = Volume(np.zeros(LABELS.shape, np.int16), (1.0, 2.0, 3.0), (-5.0, 4.0, 7.0))


def _read(path: Path, *, label: int = 2, grid: str = "same", image: Volume = IMAGE) -> Volume:
    kind = path.suffix.removeprefix(".").replace("nii", "nifti")
    files = FileSet(kind, (Path("unread"),), "0"), FileSet(kind, (path,), "1")
    rule = ReadRule(mask_grid=grid)  # type: ignore[arg-type]
    return read_mask(Scan(CaseId("demo", "p"), "A", "CT", "HU", *files, str(label), rule), image, Reading())


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def write(labels: np.ndarray, *, ending: str = "nrrd", vector: bool = False, **grid: Any) -> Path:
        grid = {"spacing": IMAGE.spacing_mm, "origin": IMAGE.origin_mm, "direction": IMAGE.direction, **grid}
        return save_itk(tmp_path / f"labels.{ending}", labels, vector=vector, **grid)

    return write


@pytest.mark.parametrize("ending", ["nrrd", "mha", "nii"])
def test_the_label_of_any_format_is_the_mask(save: Callable, ending: str) -> None:
    mask = _read(save(LABELS, ending=ending))
    np.testing.assert_array_equal(mask.array, LABELS == 2)
    assert mask.matches(IMAGE)
    assert mask.warnings == ()


@pytest.mark.parametrize(("labels", "code"), [(LABELS * 2, "LABEL_ABSENT"), (LABELS * 0, "MASK_EMPTY")])
def test_another_label_and_none_are_told_apart(save: Callable, labels: np.ndarray, code: str) -> None:
    with pytest.raises(Rejected, match=code):
        _read(save(labels))


def test_the_layer_that_has_the_label_counts(save: Callable) -> None:
    other = np.roll(LABELS, 1, axis=2) // 2  # overlaps, label 1
    np.testing.assert_array_equal(_read(save(np.stack([other, LABELS], axis=-1), vector=True)).array, LABELS == 2)
    with pytest.raises(Rejected, match="LABEL_LAYERS"):
        _read(save(np.stack([other * 2, LABELS], axis=-1), vector=True))


@pytest.mark.parametrize(
    ("labels", "grid", "words"),
    [
        (LABELS[:, :, :11], {}, "size"),
        (LABELS, {"spacing": (1.0, 2.0, 3.001)}, "spacing"),
        (LABELS, {"origin": (-2.0, 4.0, 7.0)}, "origin"),
        (LABELS, {"direction": (1, 0, 0, 0, 0.8, -0.6, 0, 0.6, 0.8)}, "direction"),
        (LABELS, {"direction": (-1, 0, 0, 0, 1, 0, 0, 0, 1)}, "swapped or flipped"),
        (np.swapaxes(LABELS, 0, 2).copy(), {"direction": (0, 0, 1, 0, 1, 0, 1, 0, 0)}, "swapped or flipped"),
    ],
)
def test_another_grid_is_refused_and_told(save: Callable, labels: np.ndarray, grid: dict, words: str) -> None:
    with pytest.raises(Rejected, match=f"GEOMETRY: .*{words}"):
        _read(save(labels, **grid))


def test_a_hair_between_grids_is_rounding(save: Callable) -> None:
    assert _read(save(LABELS, spacing=(1.00005, 2.0, 3.0), origin=(-5.0005, 4.0, 7.0))).warnings == ()


def test_flipped_and_swapped_axes_come_right_if_the_catalog_allows_it(save: Callable) -> None:
    flipped = save(LABELS[:, :, ::-1].copy(), origin=(6.0, 4.0, 7.0), direction=(-1, 0, 0, 0, 1, 0, 0, 0, 1))
    mask = _read(flipped, grid="nearest")
    np.testing.assert_array_equal(mask.array, LABELS == 2)
    (warned,) = mask.warnings
    assert (warned.code, warned.details) == ("MASK_REGRIDDED", {"voxels_before": 60, "voxels": 60})
    turned = save(
        np.swapaxes(LABELS, 0, 2).copy(), spacing=(3.0, 2.0, 1.0), direction=(0, 0, 1, 0, 1, 0, 1, 0, 0), ending="mha"
    )
    np.testing.assert_array_equal(_read(turned, grid="nearest").array, LABELS == 2)


def test_the_nearest_voxels_of_a_finer_grid_are_those_at_the_centres(save: Callable) -> None:
    finer = save(np.repeat(LABELS, 3, axis=1), spacing=(1.0, 2 / 3, 3.0), origin=(-5.0, 4.0 - 2 / 3, 7.0))
    np.testing.assert_array_equal(_read(finer, grid="nearest").array, LABELS == 2)


def test_a_label_that_leaves_the_image_is_refused(save: Callable) -> None:
    with pytest.raises(Rejected, match=r"GEOMETRY: the ROI reaches outside the image"):
        _read(save(LABELS, origin=(-5.0 - 6, 4.0, 7.0)), grid="nearest")


@pytest.mark.parametrize("ratio", [2.0, 0.5, 1.3])
def test_a_mask_is_brought_to_another_grid_as_scipy_does_it_everywhere(ratio: float) -> None:
    from scipy import ndimage

    from features.images.masks.grid import moved

    grid = Volume(np.zeros((9, 11, 10)), (0.7 * ratio,) * 3, (3.1, -2.0, 1.4))
    image = Volume(np.zeros((30, 28, 26)), (0.7,) * 3, (3.1, -1.3, 0.7))
    mask = np.zeros(grid.array.shape, np.bool_)
    mask[2:6, 3:9, 4:7] = True
    offset = (np.array(image.origin_mm) - np.array(grid.origin_mm))[::-1] / (0.7 * ratio)
    wanted = ndimage.affine_transform(
        mask.astype(np.uint8), np.eye(3) / ratio, offset, image.array.shape, order=0, mode="constant", prefilter=False
    )
    np.testing.assert_array_equal(moved(mask, grid, image)[0], wanted)
