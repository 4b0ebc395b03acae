"""What comes into a hospital's folder for one patient, tiny and in memory: change it, then write it.

A Study is a DICOM series with contours or a segmentation, a Pair is an image file with a label map. The pixels are the
same for the same seed, whatever format they come in, and so are the UIDs for the same patient.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import SegmentationStorage, generate_uid

from tests.support import scans

SHAPE = (8, 20, 20)  # z, y, x
SPACING_MM = (1.0, 1.0, 2.5)  # x, y, z
ORIGIN_MM = (-10.0, -10.0, 0.0)
ROI = (slice(2, 6), slice(6, 14), slice(6, 14))
HALF_LIFE_S = 6586.2  # of 18F
UPTAKE_S = 3600

File = Dataset | bytes


def body(seed: int = 0) -> NDArray[np.int16]:
    """A body of about 40 HU in air, (z, y, x)."""
    rng = np.random.default_rng(seed)
    _, y, x = np.indices(SHAPE)
    inside = (y - 9.5) ** 2 + (x - 9.5) ** 2 < 81
    values = np.where(inside, rng.normal(40, 25, SHAPE), rng.normal(-1000, 4, SHAPE))
    return np.rint(values).astype(np.int16)


def roi_mask() -> NDArray[np.bool_]:
    """The ROI, (z, y, x)."""
    mask = np.zeros(SHAPE, np.bool_)
    mask[ROI] = True
    return mask


def encode(ds: Dataset) -> bytes:
    """A data set as a DICOM file."""
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


@dataclass
class Study:
    """Image slices, lowest first, and the object that holds the mask; `others`: name → bytes of other files."""

    patient: str
    images: list[File]
    mask: Any
    others: dict[str, bytes] = field(default_factory=dict)

    @property
    def slices(self) -> list[Dataset]:
        """The slices that are data sets still."""
        return [one for one in self.images if isinstance(one, Dataset)]

    @property
    def contours(self) -> list[Dataset]:
        """The contours of the first ROI."""
        found: list[Dataset] = list(self.mask.ROIContourSequence[0].ContourSequence)
        return found

    def write(self, folder: Path) -> None:
        """One file for each object."""
        folder.mkdir(parents=True, exist_ok=True)
        named: dict[str, File] = {f"image{i:02d}.dcm": one for i, one in enumerate(self.images)}
        named |= {} if self.mask is None else {"mask.dcm": self.mask}
        for name, one in {**named, **self.others}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(one if isinstance(one, bytes) else encode(one))


def new_dataset(sop_class: str, modality: str, *key: object) -> Dataset:
    """A data set with what all objects have; `key`, patient first, makes its UID."""
    return named(scans.new_dataset(sop_class, modality, str(key[0])), *key)


def named(ds: Dataset, *key: object) -> Dataset:
    """The data set with UIDs made of `key`, patient first, and a date."""
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid(*key)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid(key[0], "study"), uid(key[0], "series", *key[1:-1])
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = "20200315"
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = "120000"
    return ds


def uid(*key: object) -> str:
    """A UID made of words."""
    return str(generate_uid(entropy_srcs=[str(part) for part in key]))


def series_of(patient: str, values: NDArray[np.generic], *, name: str = "image", **knobs: Any) -> list[Dataset]:
    """A classic axial series of `values` (z, y, x), int16; knobs are those of `image_series`."""
    found = scans.image_series(values, patient=patient, origin=ORIGIN_MM, **{"spacing": SPACING_MM, **knobs})
    for k, ds in enumerate(found):
        named(ds, patient, name, k)
        ds.FrameOfReferenceUID, ds.AcquisitionNumber, ds.PatientPosition = uid(patient, "frame"), 1, "HFS"
    return found


def ct_study(patient: str, seed: int = 0) -> Study:
    """A CT with the contours of the ROI "GTV-1"."""
    images = series_of(patient, body(seed))
    return Study(patient, list(images), rtstruct_of(images, [("GTV-1", roi_contours())]))


def mr_study(patient: str, seed: int = 0) -> Study:
    """An MR without rescale values, with contours."""
    images = series_of(patient, body(seed) + 1100, modality="MR", intercept=0)
    for ds in images:
        del ds.RescaleSlope, ds.RescaleIntercept
        ds.EchoTime, ds.RepetitionTime = 80, 3000
    return Study(patient, list(images), rtstruct_of(images, [("GTV-1", roi_contours())]))


def pt_study(patient: str, seed: int = 0) -> Study:
    """A PET in Bq/ml, decay corrected to the start of the series an hour after 370 MBq of 18F, with contours.

    The slope differs from slice to slice, as is normal in PET, and the values are whole before it is applied.
    """
    images = series_of(patient, np.maximum(body(seed) + 100, 0), modality="PT", intercept=0)
    for k, ds in enumerate(images):
        ds.RescaleSlope = 50 if k % 2 else 100
        ds.PixelData = (np.frombuffer(ds.PixelData, "<i2") * (2 if k % 2 else 1)).astype("<i2").tobytes()
        ds.Units, ds.DecayCorrection, ds.CorrectedImage = "BQML", "START", ["ATTN", "DECY"]
        ds.SeriesTime = ds.AcquisitionTime = "130000"
        ds.PatientWeight, ds.PatientSize, ds.PatientSex = 70, 1.75, "M"
        item = Dataset()
        item.RadiopharmaceuticalStartTime, item.RadionuclideTotalDose = "120000", 370e6
        item.RadiopharmaceuticalStartDateTime, item.RadionuclideHalfLife = "20200315120000", HALF_LIFE_S
        ds.RadiopharmaceuticalInformationSequence = [item]
    return Study(patient, list(images), rtstruct_of(images, [("GTV-1", roi_contours())]))


def seg_study(patient: str, seed: int = 0) -> Study:
    """A CT with a binary SEG of the segment "GTV"; slices without a voxel have no frame."""
    study = ct_study(patient, seed)
    study.mask = seg_of(study.slices, {"GTV": roi_mask()})
    return study


def rectangle(x0: float, y0: float, x1: float, y1: float, k: float) -> NDArray[np.float64]:
    """A rectangle on slice k as a contour in mm, (4, 3); indices of voxels, whose centres are whole."""
    index = np.array([(x0, y0, k), (x1, y0, k), (x1, y1, k), (x0, y1, k)])
    return index * SPACING_MM + ORIGIN_MM


def roi_contours() -> list[NDArray[np.float64]]:
    """The outline of the ROI on each of its slices."""
    z, y, x = ROI
    return [rectangle(x.start - 0.4, y.start - 0.4, x.stop - 0.6, y.stop - 0.6, k) for k in range(z.start, z.stop)]


def rtstruct_of(images: Sequence[Dataset], rois: Sequence[tuple[str, Sequence[NDArray[np.float64]]]]) -> Dataset:
    """An RTSTRUCT of ROIs: name and contours (n, 3) mm; it references every image."""
    ds = named(scans.rtstruct_of(images, rois), images[0].PatientID, "struct", 0)
    (study,) = ds.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    study.RTReferencedSeriesSequence[0].ContourImageSequence = [_reference(one) for one in images]
    return ds


def _reference(one: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.SOPClassUID, one.SOPInstanceUID
    return item


def seg_of(
    images: Sequence[Dataset],
    segments: dict[str, NDArray[np.generic]],
    *,
    kind: str = "BINARY",
    keep_empty: bool = False,
) -> Dataset:
    """A SEG of segments: label → (z, y, x); a FRACTIONAL one holds shares of 0 to 1."""
    first = images[0]
    labelmap = kind == "LABELMAP"
    sop_class = "1.2.840.10008.5.1.4.1.1.66.7" if labelmap else SegmentationStorage
    ds = new_dataset(sop_class, "SEG", first.PatientID, "seg", 0)
    ds.FrameOfReferenceUID, ds.SegmentationType = first.FrameOfReferenceUID, kind
    ds.ContentLabel, ds.SegmentSequence = "GTV", []
    for number, label in enumerate(segments, start=1):
        item = Dataset()
        item.SegmentNumber, item.SegmentLabel, item.SegmentAlgorithmType = number, label, "MANUAL"
        ds.SegmentSequence.append(item)
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedInstanceSequence = first.SeriesInstanceUID, list(map(_reference, images))
    ds.ReferencedSeriesSequence = [series]
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = first.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = first.PixelSpacing, first.SliceThickness
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = [shared], []
    planes = []
    volumes = (
        [sum(i * np.asarray(one, int) for i, one in enumerate(segments.values(), 1))] if labelmap else segments.values()
    )
    for number, volume in enumerate(volumes, start=1):
        for image, plane in zip(images, np.asarray(volume), strict=True):
            if plane.any() or keep_empty:
                groups, position, identification = Dataset(), Dataset(), Dataset()
                position.ImagePositionPatient = image.ImagePositionPatient
                groups.PlanePositionSequence = [position]
                if not labelmap:
                    identification.ReferencedSegmentNumber = number
                    groups.SegmentIdentificationSequence = [identification]
                ds.PerFrameFunctionalGroupsSequence.append(groups)
                planes.append(plane)
    ds.NumberOfFrames, (ds.Rows, ds.Columns) = len(planes), planes[0].shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    bits = 1 if kind == "BINARY" else 8
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    stacked = np.stack(planes)
    if kind == "FRACTIONAL":
        ds.SegmentationFractionalType, ds.MaximumFractionalValue = "PROBABILITY", 255
        stacked = np.rint(stacked * 255)
    data = np.packbits(stacked.reshape(-1) != 0, bitorder="little") if bits == 1 else stacked.astype(np.uint8)
    ds.PixelData = data.tobytes() + b"\0" * (data.size % 2)
    ds["PixelData"].VR = "OB"
    return ds


@dataclass
class Pair:
    """An image and a label map as files: name → bytes. `folder` is where they are written."""

    patient: str
    files: dict[str, bytes]

    def write(self, folder: Path) -> None:
        """Write both."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            (folder / name).write_bytes(data)


@dataclass
class NiftiPair:
    """An image and a label map as NIfTI images, (x, y, z); what was written may be cut to `keep_bytes`."""

    patient: str
    image: nib.Nifti1Image
    mask: nib.Nifti1Image
    keep_bytes: dict[str, int] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write image.nii.gz and mask.nii.gz."""
        import gzip

        folder.mkdir(parents=True, exist_ok=True)
        for name, one in (("image", self.image), ("mask", self.mask)):
            data = gzip.compress(one.to_bytes(), 1, mtime=0)
            (folder / f"{name}.nii.gz").write_bytes(data[: self.keep_bytes.get(name)])


def nifti_image(array: NDArray[np.generic], affine: NDArray[np.float64] | None = None) -> nib.Nifti1Image:
    """An array (z, y, x, …) as NIfTI, in the place of the DICOM series unless told otherwise."""
    if affine is None:
        affine = np.diag([-SPACING_MM[0], -SPACING_MM[1], SPACING_MM[2], 1.0])
        affine[:3, 3] = -ORIGIN_MM[0], -ORIGIN_MM[1], ORIGIN_MM[2]
    image = scans.nifti_image(np.moveaxis(array, (0, 1, 2), (2, 1, 0)), affine)
    image.header.set_xyzt_units("mm")
    return image


def nifti_pair(patient: str, seed: int = 0) -> NiftiPair:
    """The CT and its ROI, label 1."""
    return NiftiPair(patient, nifti_image(body(seed)), nifti_image(roi_mask().astype(np.uint8)))


def nrrd_bytes(
    array: NDArray[np.generic],
    *,
    space: str = "left-posterior-superior",
    data_file: str = "",
    extra: Sequence[str] = (),
) -> bytes:
    """An array (z, y, x) as NRRD, compressed; the geometry is that of the DICOM series, told in `space`."""
    import gzip

    flip = np.array([-1.0 if side in space else 1.0 for side in ("right", "anterior", "inferior")])
    directions = " ".join(f"({','.join(f'{v:g}' for v in row)})" for row in np.diag(SPACING_MM) * flip)
    origin = ",".join(f"{v:g}" for v in np.array(ORIGIN_MM) * flip)
    types = {"i2": "int16", "u1": "uint8", "f4": "float", "f8": "double"}
    lines = [
        "NRRD0004",
        f"type: {types[array.dtype.str[1:]]}",
        "dimension: 3",
        f"space: {space}",
        f"sizes: {' '.join(str(n) for n in array.shape[::-1])}",
        f"space directions: {directions}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: ({origin})",
        *extra,
    ]
    data = gzip.compress(np.ascontiguousarray(array).tobytes(), 1, mtime=0)
    if data_file:
        return "\n".join([*lines, f"data file: {data_file}", ""]).encode()
    return "\n".join([*lines, "", ""]).encode() + data


def nrrd_pair(patient: str, seed: int = 0) -> Pair:
    """The CT and its ROI as image.nrrd and mask.nrrd."""
    return Pair(patient, {"image.nrrd": nrrd_bytes(body(seed)), "mask.nrrd": nrrd_bytes(roi_mask().astype(np.uint8))})
