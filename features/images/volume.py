"""read_volume: an image or a label map from a file or folder of any kind that is read: NIfTI, NRRD, MetaImage, DICOM."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.nifti import MAX_SPACING_MM, read_nifti

NIFTI, ITK = (".nii", ".nii.gz"), (".nrrd", ".nhdr", ".mha", ".mhd")


def read_volume(path: Path, *, channel: int = 0) -> Volume:
    """The volume of a .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd file, or of a folder with one DICOM series.

    channel: which number of voxels that hold several, as in segmentations of 3D Slicer.
    Raises Rejected: UNREADABLE (also of another kind), SERIES_AMBIGUOUS, and the codes of `read_nifti`, `read_itk` and
    `read_dicom_series`.
    """
    name = path.name.lower()
    if path.is_dir():
        from features.images.dicom import read_dicom_series  # pydicom takes a while to import

        return read_dicom_series(_series(path))
    if name.endswith(NIFTI):
        return read_nifti(path)
    if name.endswith(ITK):
        return read_itk(path, channel=channel)
    raise Rejected("UNREADABLE", f"the file is of no known kind; allowed: {', '.join(NIFTI + ITK)}, a DICOM folder")


def read_itk(path: Path, *, channel: int = 0) -> Volume:
    """The volume of an NRRD or MetaImage file, as SimpleITK reads it.

    Raises Rejected: UNREADABLE (cannot be opened), NII_TRUNC (short, or not of this format), NII_4D (not 3D, not numbers,
    no such channel), NII_SPACING (zero, above 20 mm, not finite), NII_SHEAR (direction is not a rotation).
    """
    import SimpleITK as sitk

    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise Rejected("UNREADABLE") from error
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetNumberOfThreads(1)
    try:
        with _silent():
            reader.ReadImageInformation()
            if reader.GetDimension() != 3:
                raise Rejected("NII_4D", axes=reader.GetDimension())
            _check_grid(reader.GetSpacing(), reader.GetOrigin(), reader.GetDirection())
            image = reader.Execute()
    except RuntimeError as error:
        if "spacing" in str(error).lower():
            raise Rejected("NII_SPACING") from error
        raise Rejected("NII_TRUNC", "the file is truncated or of another format") from error
    array: NDArray[np.generic] = sitk.GetArrayFromImage(image)
    if array.ndim == 4:
        if channel >= array.shape[3]:
            raise Rejected("NII_4D", f"there is no channel {channel}: voxels hold {array.shape[3]} numbers")
        array = np.ascontiguousarray(array[..., channel])
    if array.dtype.kind not in "iuf":
        raise Rejected("NII_4D", "voxels are not numbers")
    return Volume(array, image.GetSpacing(), image.GetOrigin(), image.GetDirection())


def _check_grid(spacing: tuple[float, ...], origin: tuple[float, ...], direction: tuple[float, ...]) -> None:
    if not all(0 < value <= MAX_SPACING_MM for value in spacing):
        x, y, z = spacing
        raise Rejected("NII_SPACING", f"the spacing is ({x:g}, {y:g}, {z:g}) mm; allowed: above 0, up to 20")
    if not np.isfinite([*origin, *direction]).all():
        raise Rejected("NII_SHEAR", "origin or direction are not finite")
    axes = np.array(direction).reshape(3, 3)
    shear = float(np.abs(axes.T @ axes - np.eye(3)).max())
    if shear > 1e-3:
        raise Rejected("NII_SHEAR", cosine=round(shear, 4))


def _series(folder: Path) -> list[Path]:
    """The image files of the one series in a folder."""
    from features.images.dataset import looks_like_dicom, read_dataset, text

    series: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and looks_like_dicom(path):
            dataset = read_dataset(path, tags=["SeriesInstanceUID", "Modality"])
            if text(dataset, "Modality") not in ("RTSTRUCT", "SEG", "RTDOSE", "RTPLAN", "SR", "PR"):
                series.setdefault(text(dataset, "SeriesInstanceUID"), []).append(path)
    if not series:
        raise Rejected("IMAGE_MISSING", "the folder holds no DICOM image")
    if len(series) > 1:
        raise Rejected("SERIES_AMBIGUOUS", f"the folder holds {len(series)} DICOM series; allowed: one")
    return next(iter(series.values()))


@contextmanager
def _silent() -> Iterator[None]:
    """Inside, what ITK's readers print about damaged files, their paths included, is dropped."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
