"""The cohort on which radweave and its peers are compared: sound cases for speed and values, faulty ones for what is lost."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from numpy.typing import NDArray

from benchmarks.extraction import blob, texture
from tests.support.scans import save_nifti, save_series

SHAPE, SPACING = (60, 256, 256), (0.9, 0.9, 3.0)  # z, y, x; mm along x, y, z
SMALL = (20, 64, 64)  # of the faulty cases and their neighbours
SOUND = ("before", "after")  # the sound cases round a faulty one
# How a case is spoilt, and what a careful tool does with it.
FAULTS = {
    "shifted_mask": "the mask lies on a grid 30 mm beside the image's",
    "coarse_mask": "the mask has half as many voxels along x and y",
    "empty_mask": "the mask holds no voxel",
    "other_label": "the mask's voxels are 2, not 1",
    "truncated_image": "the last third of image.nii.gz is missing",
    "nan_in_roi": "ten voxels of the ROI are NaN",
    "missing_slice": "a DICOM folder lacks a slice in the middle",
}


def write_sound(folder: Path, cases: int) -> Path:
    """CTs with a rough lesion of 20,000 to 60,000 voxels, `P01/image.nii.gz` and `mask.nii.gz`; the CSV of pairs."""
    rng = np.random.default_rng(5)
    names = [f"P{number:02d}" for number in range(1, cases + 1)]
    for name in names:
        image, mask = scan(rng, SHAPE, int(rng.integers(20_000, 60_000)))
        save_pair(folder / name, image, mask)
    return write_pairs(folder, names)


def write_faulty(folder: Path) -> Path:
    """A case for each fault, and two sound ones; the CSV of pairs, a sound one first and last."""
    rng = np.random.default_rng(6)
    for name in (*SOUND, *FAULTS):
        image, mask = scan(rng, SMALL, 4_000)
        spoil(folder / name, name, image, mask)
    return write_pairs(folder, [SOUND[0], *FAULTS, SOUND[1]])


def scan(
    rng: np.random.Generator, shape: tuple[int, int, int], voxels: int
) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """Noise at several scales round 40 HU, 30 HU more in the lesion."""
    image = 40 + texture(rng, shape, {0: 14.0, 1: 20.0, 4: 30.0})
    mask = np.zeros(shape, bool)
    box = tuple(slice(n // 12, n - n // 12) if i == 0 else slice(n // 4, 3 * n // 4) for i, n in enumerate(shape))
    within = tuple(one.stop - one.start for one in box)
    mask[box] = blob(rng, within, SPACING[::-1], voxels, 0.25)  # type: ignore[arg-type]
    image[mask] += 30
    return np.clip(image, -1000, 1000).round().astype(np.int16), mask.astype(np.uint8)


def affine(shift_mm: float = 0.0, coarse: int = 1) -> NDArray[np.float64]:
    found = np.diag([SPACING[0] * coarse, SPACING[1] * coarse, SPACING[2], 1.0])
    found[0, 3] = shift_mm
    return found


def save_pair(folder: Path, image: NDArray[np.generic], mask: NDArray[np.generic], **place: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_nifti(folder / "image.nii.gz", image.T, affine())
    save_nifti(folder / "mask.nii.gz", mask.T, affine(**place))


def spoil(folder: Path, fault: str, image: NDArray[np.int16], mask: NDArray[np.uint8]) -> None:
    """Write a case with a fault of FAULTS, or a sound one."""
    if fault == "shifted_mask":
        save_pair(folder, image, mask, shift_mm=30.0)
    elif fault == "coarse_mask":
        save_pair(folder, image, mask[:, ::2, ::2].copy(), coarse=2)
    elif fault == "nan_in_roi":
        values = image.astype(np.float32)
        values[tuple(np.argwhere(mask)[:10].T)] = np.nan
        save_pair(folder, values, mask)
    elif fault == "missing_slice":
        save_nifti(
            folder / "mask.nii.gz", mask.T, affine() * [[-1], [-1], [1], [1]]
        )  # DICOM's x and y are the opposite
        save_series(folder / "image", image.astype(int), spacing=SPACING, origin=(0.0, 0.0, 0.0))
        sorted((folder / "image").iterdir())[len(image) // 2].unlink()
    else:
        save_pair(folder, image, {"empty_mask": 0, "other_label": 2}.get(fault, 1) * mask)
        if fault == "truncated_image":
            path = folder / "image.nii.gz"
            path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def write_pairs(folder: Path, names: list[str]) -> Path:
    """`pairs.csv`, as pyradiomics and `radweave extract` read it."""
    path = folder / "pairs.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["ID", "Image", "Mask"])
        for name in names:
            image = folder / name / "image.nii.gz"
            rows.writerow([name, image if image.exists() else folder / name / "image", folder / name / "mask.nii.gz"])
    return path
