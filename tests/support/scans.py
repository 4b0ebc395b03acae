"""Small synthetic scans with knobs: DICOM series, RTSTRUCT and SEG, and NIfTI."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    RTStructureSetStorage,
    generate_uid,
)

from features.core.case import FileSet
from features.core.digest import digest_files

CLASSES = {
    "CT": CTImageStorage,
    "MR": MRImageStorage,
    "PT": PositronEmissionTomographyImageStorage,
    "CR": ComputedRadiographyImageStorage,
    "DX": DigitalXRayImageStorageForPresentation,
}


def new_dataset(sop_class: str, modality: str, patient: str, **facts: object) -> Dataset:
    """A DICOM object with what all of them have, in a study and a series of its own; keywords set further attributes."""
    ds, meta = Dataset(), FileMetaDataset()
    ds.SOPInstanceUID = generate_uid()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta, ds.preamble = meta, b"\0" * 128
    ds.PatientID, ds.PatientName, ds.Modality = patient, f"Secret^{patient}", modality
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    for keyword, value in facts.items():
        setattr(ds, keyword, value)
    return ds


def save_datasets(datasets: Sequence[Dataset], folder: Path, stem: str) -> list[Path]:
    """Files `<stem>000.dcm` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{stem}{i:03d}.dcm" for i in range(len(datasets))]
    for ds, path in zip(datasets, paths, strict=True):
        ds.save_as(path, enforce_file_format=True)
    return paths


def image_series(
    values: np.ndarray | None = None,
    *,
    modality: str = "CT",
    patient: str = "P001",
    spacing: tuple[float, float, float] = (1.0, 1.0, 2.5),
    origin: tuple[float, float, float] = (-8.0, -8.0, 0.0),
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
    slope: float = 1.0,
    intercept: float = -1024.0,
) -> list[Dataset]:
    """A series in memory: values (z, y, x) in HU or plain units; spacing (x, y, z) mm."""
    if values is None:
        values = np.random.default_rng(0).integers(-900, 900, (8, 16, 16))
    shared = new_dataset(CLASSES[modality], modality, patient)
    frame, normal = generate_uid(), np.cross(orientation[:3], orientation[3:])
    found = []
    for k, plane in enumerate(values):
        ds = new_dataset(CLASSES[modality], modality, patient)
        ds.StudyInstanceUID, ds.SeriesInstanceUID = shared.StudyInstanceUID, shared.SeriesInstanceUID
        ds.FrameOfReferenceUID, ds.InstanceNumber = frame, k + 1
        ds.ImageType, ds.Manufacturer, ds.SliceThickness = ["ORIGINAL", "PRIMARY", "AXIAL"], "SYNTH", spacing[2]
        if modality == "CT":
            ds.ConvolutionKernel, ds.KVP = "B30f", "120"
        ds.ImagePositionPatient = [float(f"{v:.6f}") for v in np.array(origin) + k * spacing[2] * normal]
        ds.ImageOrientationPatient, ds.PixelSpacing = list(orientation), [spacing[1], spacing[0]]
        ds.Rows, ds.Columns = plane.shape
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
        ds.PixelData = np.rint((plane - intercept) / slope).astype("<i2").tobytes()
        found.append(ds)
    return found


def save_series(folder: Path, *args: Any, edit: Callable[[list[Dataset]], object] = list, **knobs: Any) -> Any:
    """A series on disk, after `edit(datasets)`."""
    datasets = image_series(*args, **knobs)
    edit(datasets)
    return save_datasets(datasets, folder, "image"), datasets


def contour_of(points: Any, kind: str = "CLOSED_PLANAR") -> Dataset:
    """A contour of points (n, 3) mm."""
    contour = Dataset()
    contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
    contour.ContourData = [f"{value:.6f}" for value in np.asarray(points, float).reshape(-1)]
    return contour


def rtstruct_of(
    series: Sequence[Dataset],
    rois: Sequence[tuple[str, Sequence[Any]]],
    *,
    frame: str = "",
    referenced: str = "",
    patient: str = "",
    kind: str = "CLOSED_PLANAR",
) -> Dataset:
    """An RTSTRUCT of `rois`: name → contours, each (n, 3) mm, that references `series`."""
    ds = new_dataset(RTStructureSetStorage, "RTSTRUCT", patient or series[0].PatientID)
    ds.StructureSetLabel = "test"
    one, study, reference = Dataset(), Dataset(), Dataset()
    one.SeriesInstanceUID = referenced or series[0].SeriesInstanceUID
    study.RTReferencedSeriesSequence = [one]
    reference.FrameOfReferenceUID = frame or series[0].FrameOfReferenceUID
    reference.RTReferencedStudySequence = [study]
    ds.ReferencedFrameOfReferenceSequence = [reference]
    ds.StructureSetROISequence, ds.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(rois, start=1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName = number, name
        roi.ReferencedFrameOfReferenceUID = reference.FrameOfReferenceUID
        drawn.ReferencedROINumber, drawn.ContourSequence = number, [contour_of(one, kind) for one in contours]
        ds.StructureSetROISequence.append(roi)
        ds.ROIContourSequence.append(drawn)
    return ds


def save_rtstruct(folder: Path, *args: Any, stem: str = "struct", **knobs: Any) -> Path:
    """The file of an RTSTRUCT; arguments are those of `rtstruct_of`."""
    return save_datasets([rtstruct_of(*args, **knobs)], folder, stem)[0]


def save_seg(
    folder: Path,
    series: list[Dataset],
    masks: np.ndarray,
    labels: Sequence[str],
    *,
    kind: str = "BINARY",
    edit: Callable[[Dataset], object] = bool,
) -> Path:
    """A SEG made by highdicom from masks (segments, z, y, x) on `series`."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    for ds in series:  # attributes that a SEG copies from its source
        for keyword in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber"):
            setattr(ds, keyword, "")
        ds.ReferringPhysicianName = ""
    descriptions = [
        hd.seg.SegmentDescription(
            number,
            label,
            codes.SCT.Tissue,
            codes.SCT.Tissue,
            hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, label in enumerate(labels, start=1)
    ]
    fractional = {"fractional_type": "PROBABILITY"} if kind == "FRACTIONAL" else {}
    pixels = np.moveaxis(masks, 0, -1)
    if kind == "LABELMAP":
        pixels = (pixels * np.arange(1, len(labels) + 1)).max(axis=-1).astype(np.uint8)
    seg = hd.seg.Segmentation(
        series,
        pixels.astype(np.float32 if fractional else np.uint8),
        kind,
        descriptions,
        generate_uid(),
        1,
        generate_uid(),
        1,
        "maker",
        "model",
        "1",
        "serial",
        **fractional,
    )
    edit(seg)
    folder.mkdir(parents=True, exist_ok=True)
    seg.save_as(folder / "seg.dcm")
    return folder / "seg.dcm"


def nifti_image(array: np.ndarray, affine: np.ndarray | None = None) -> nib.Nifti1Image:
    """An array (x, y, z) as NIfTI whose qform and sform are one, of voxels of 1 × 2 × 3 mm unless told otherwise."""
    image = nib.Nifti1Image(array, np.diag([1.0, 2.0, 3.0, 1.0]) if affine is None else affine)
    image.set_qform(image.affine, 1)
    image.set_sform(image.affine, 1)
    return image


def save_nifti(
    path: Path, array: np.ndarray, affine: np.ndarray | None = None, *, edit: Callable[[Any], object] = bool
) -> Path:
    """The file of `nifti_image`, after `edit(image)`; equal arrays give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nifti_image(array, affine)
    edit(image)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(image.to_bytes(), 1, mtime=0))
    else:
        nib.save(image, path)
    return path


def square(x0: float, y0: float, x1: float, y1: float, z: float) -> list[tuple[float, float, float]]:
    """A square contour in mm."""
    return [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]


def save_itk(
    path: Path,
    array: np.ndarray,
    *,
    spacing: Sequence[float] = (),
    origin: Sequence[float] = (),
    direction: Sequence[float] = (),
    compressed: bool = False,
    vector: bool = False,
) -> Path:
    """A file of an array (z, y, x) as SimpleITK writes it, in the format of its ending; mm."""
    import SimpleITK as sitk

    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(array, isVector=vector)
    for change, value in ((image.SetSpacing, spacing), (image.SetOrigin, origin), (image.SetDirection, direction)):
        if value:
            change(value)
    sitk.WriteImage(image, str(path), compressed)
    return path


def nifti_files(path: Path, array: np.ndarray, affine: np.ndarray | None = None) -> FileSet:
    """An array (x, y, z) as the files of a Scan, with their digest; voxels of 1 mm unless told otherwise."""
    save_nifti(path, array, np.eye(4) if affine is None else affine, edit=_in_mm)
    return FileSet("nifti", (path,), digest_files([path]))


def _in_mm(image: Any) -> None:
    image.header.set_xyzt_units("mm")
