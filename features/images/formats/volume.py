"""read_volume: an image or a label map from a file or folder of any kind that is read: NIfTI, NRRD, MetaImage, DICOM."""

from __future__ import annotations

from pathlib import Path

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.formats.nifti import nifti_voxels, read_nifti
from features.images.formats.pair import PAIR

NIFTI, ITK = (".nii", ".nii.gz", *PAIR), (".nrrd", ".nhdr", ".mha", ".mhd")


def read_volume(path: Path, *, channel: int | None = None, volume: int | None = None, per_voxel: int = 0) -> Volume:
    """The volume of a .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd file, a pair of .hdr and .img, or a DICOM series' folder.

    channel: which number of voxels that hold several, as in segmentations of 3D Slicer. volume: which volume of a file of
    four dimensions. per_voxel: bytes of memory for each voxel that are claimed (`claim_memory`) before voxels of a file are
    read, by what its header says.
    Raises Rejected: UNREADABLE (also of another kind), SERIES_AMBIGUOUS, and the codes of `read_nifti`, `read_itk` and
    `read_dicom_series`.
    """
    name = path.name.lower()
    if path.is_dir():
        from features.images.dicom.series import read_dicom_series  # pydicom takes a while to import

        return read_dicom_series(_series(path))
    if name.endswith(NIFTI):
        return read_nifti(path, volume=volume, per_voxel=per_voxel)
    if name.endswith(ITK):
        from features.images.formats.itk import read_itk

        return read_itk(path, channel=channel, volume=volume, per_voxel=per_voxel)
    raise Rejected("UNREADABLE", f"the file is of no known kind; allowed: {', '.join(NIFTI + ITK)}, a DICOM folder")


def read_layers(path: Path) -> tuple[Volume, ...]:
    """The label maps of a file: one for each number that a voxel holds, as overlapping segments of 3D Slicer have several.

    The file is opened once. Raises Rejected as `read_volume`.
    """
    if path.name.lower().endswith(ITK):
        from features.images.formats.itk import read_itk_layers

        return read_itk_layers(path)
    return (read_volume(path, channel=0),)


def file_voxels(path: Path) -> int:
    """Voxels of one volume, as the header of a file claims. Raises Rejected: those of `read_volume` about headers."""
    if path.name.lower().endswith(ITK):
        from features.images.formats.itk import itk_voxels

        return itk_voxels(path)
    return nifti_voxels(path)


def _series(folder: Path) -> list[Path]:
    """The image files of the one series in a folder."""
    from features.images.dicom.dataset import looks_like_dicom, read_dataset, text

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
