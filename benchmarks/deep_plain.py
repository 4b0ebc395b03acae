"""The loop that `deep.py loop` compares with: one case after the other, from the same files, by what everybody has.

Images and masks by SimpleITK, structure sets and segmentations by pydicom, contours filled by Pillow; the ROI with a margin cut
out and resampled by SimpleITK; each view scaled and shown to the network by torch, by itself. Nothing is checked or kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pydicom
import SimpleITK as sitk
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

MARGIN = 5  # voxels of the new grid round the ROI, at least
SHARE = 0.25  # of the ROI, on each side of it in a view
SPACING_MM = 2.0
WINDOW = -1000.0, 400.0


class Files(NamedTuple):
    """An image, a file or a folder of DICOM slices, and its mask."""

    image: Path
    mask: Path


def files_of(cohort: Path) -> list[Files]:
    """All scans of the built-in cohort: structure sets in A, segmentations in B, NIfTI in C."""
    masks = sorted([*cohort.glob("A/dicom/*/*/RTSTRUCT.dcm"), *cohort.glob("B/dicom/*/*/SEG.dcm")])
    found = [Files(mask.parent / "CT", mask) for mask in masks]
    images = sorted(cohort.glob("C/*/*/CT.nii.gz"))
    return [*found, *(Files(image, image.with_name("GTV.nii.gz")) for image in images)]


def features(files: Files, loaded: Any, device: str) -> NDArray[np.float32] | None:
    """Of the views `largest` and `adjacent` of a scan, one after the other; None of an empty mask."""
    from features.deep.taps import forward

    region = prepared(files)
    if region is None:
        return None
    array, mask = region
    found = []
    for pixels in views(array, mask):
        with torch.inference_mode():
            scaled = torch.nn.functional.interpolate(
                torch.from_numpy(pixels)[None], (224, 224), mode="bilinear", antialias=True
            )
            shown = loaded.prepared(scaled.to(device))
            maps = forward(loaded.architecture, loaded.network, shown, ("features",))["features"]
            found.append(maps.mean((2, 3)).cpu().numpy()[0])
    return np.concatenate(found)


def prepared(files: Files) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
    """The ROI and a margin at 2 mm, (z, y, x), and its mask; None if it is empty."""
    image = read(files.image)
    mask = mask_of(files.mask, image)
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.Execute(mask)
    if not statistics.GetNumberOfLabels():
        return None
    box = statistics.GetBoundingBox(statistics.GetLabels()[0])
    spacing, size = np.array(image.GetSpacing()), np.array(image.GetSize())
    reach_mm = MARGIN * SPACING_MM + 0.75 * max(np.array(box[3:5]) * spacing[:2])  # as far as the square may reach
    further = np.ceil(np.array([reach_mm, reach_mm, MARGIN * SPACING_MM]) / spacing).astype(int)
    first = np.maximum(0, np.array(box[:3]) - further)
    last = np.minimum(size, np.array(box[:3]) + np.array(box[3:]) + further)
    cut = [sitk.RegionOfInterest(one, [int(n) for n in last - first], [int(n) for n in first]) for one in (image, mask)]
    grid = [int(n) for n in np.ceil((last - first) * spacing / SPACING_MM)]
    array, inside = (
        sitk.Resample(
            sitk.Cast(one, sitk.sitkFloat32), grid, sitk.Transform(), how, one.GetOrigin(), [SPACING_MM] * 3,
            one.GetDirection(), value,
        )
        for one, how, value in ((cut[0], sitk.sitkBSpline, WINDOW[0]), (cut[1], sitk.sitkLinear, 0.0))
    )  # fmt: skip
    return np.rint(sitk.GetArrayFromImage(array)), sitk.GetArrayFromImage(inside) >= 0.5


def views(array: NDArray[np.float32], mask: NDArray[np.bool_]) -> Iterator[NDArray[np.float32]]:
    """(3, rows, columns) in [0, 1]: the largest slice three times; it between those beside it."""
    place = int(mask.sum(axis=(1, 2)).argmax())
    rows, columns = np.nonzero(mask[place])
    side = int(np.ceil((1 + 2 * SHARE) * max(np.ptp(rows), np.ptp(columns)) + 1))
    starts = [int(one.min() + one.max() + 1 - side) // 2 for one in (rows, columns)]
    part = tuple(slice(max(0, start), start + side) for start in starts)
    low, high = WINDOW
    for slices in ((place,) * 3, (max(0, place - 1), place, min(len(array) - 1, place + 1))):
        yield np.clip((array[list(slices)][(slice(None), *part)] - low) / (high - low), 0, 1).astype(np.float32)


def read(path: Path) -> sitk.Image:
    """A NIfTI file, or the one series of a folder."""
    if path.is_file():
        return sitk.ReadImage(str(path))
    return sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(path)))


def mask_of(path: Path, image: sitk.Image) -> sitk.Image:
    """The tumour on the grid of its image, 0 and 1."""
    if path.suffix == ".gz":
        return sitk.Cast(sitk.ReadImage(str(path)) > 0, sitk.sitkUInt8)
    dataset = pydicom.dcmread(path)
    array = np.zeros(image.GetSize()[::-1], np.uint8)
    if dataset.Modality == "SEG":
        for frame, groups in zip(dataset.pixel_array, dataset.PerFrameFunctionalGroupsSequence, strict=True):
            position = [float(one) for one in groups.PlanePositionSequence[0].ImagePositionPatient]
            array[image.TransformPhysicalPointToIndex(position)[2]] |= frame.astype(np.uint8)
    else:
        number = next(one.ROINumber for one in dataset.StructureSetROISequence if one.ROIName.startswith("GTV"))
        contours = next(one for one in dataset.ROIContourSequence if one.ReferencedROINumber == number)
        for contour in contours.ContourSequence:
            points = np.array(contour.ContourData, float).reshape(-1, 3)
            inside = np.array([image.TransformPhysicalPointToContinuousIndex(one) for one in points.tolist()])
            drawing = Image.new("1", image.GetSize()[:2])
            ImageDraw.Draw(drawing).polygon([(x, y) for x, y, _ in inside], fill=1)
            array[round(float(inside[0, 2]))] ^= np.asarray(drawing, np.uint8)
    found = sitk.GetImageFromArray(array)
    found.CopyInformation(image)
    return found
