"""DICOM: any volume as a classic series, one file a slice, Explicit VR Little Endian, uncompressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.simulate.grid import Grid
from features.simulate.write_dicom import RAW_CHARSET, StudyFacts, common_header, encoded

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CT_IMAGE, MR_IMAGE, PET_IMAGE = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("2", "4", "128"))
SOP_CLASSES = {"CT": CT_IMAGE, "MR": MR_IMAGE, "PT": PET_IMAGE}


@dataclass(frozen=True, slots=True)
class Series:
    """What the headers of a series say beside the pixels.

    word: makes the UIDs. modality: CT, MR or PT. tags: keyword → value, of every slice; empty values leave a tag out.
    slope, intercept: intensity = slope · stored + intercept; None: no rescale, as in most MR. frame: scans with one word have
    one frame of reference.
    """

    word: str
    modality: str
    description: str
    number: int
    manufacturer: str
    tags: Mapping[str, Any] = field(default_factory=dict)
    slope: float | None = None
    intercept: float = 0.0
    frame: str = "frame"


def write_series(
    folder: Path,
    stored: NDArray[np.int16] | NDArray[np.uint16],
    grid: Grid,
    facts: StudyFacts,
    series: Series,
    *,
    slice_tags: Sequence[Mapping[str, Any]] = (),
    first: int = 1,
    part: str = "",
) -> list[Dataset]:
    """Write the slices (z, y, x; the lowest is number `first`) as 001.dcm … and return them, lowest first.

    slice_tags: further tags of each slice, such as the time of a frame. Several volumes of one series, such as the b-values
    of a diffusion series, are written one after the other: `part` makes their instances differ, `first` goes on counting.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    folder.mkdir(parents=True, exist_ok=True)
    signed = stored.dtype.kind == "i"
    pixels = stored.astype("<i2" if signed else "<u2")
    template = encoded(_header(grid, facts, series, signed=signed))
    slices = []
    for k in range(len(pixels)):
        ds, ds.file_meta = Dataset(), FileMetaDataset()
        ds.update(template)
        ds.set_original_encoding(False, True, RAW_CHARSET)  # lets raw elements through as they are
        ds.file_meta.update(template.file_meta)
        depth = grid.origin_mm[2] + k * grid.spacing_mm[2]
        ds.SOPInstanceUID = instance = facts.uid(series.word, part, k)
        ds.file_meta.MediaStorageSOPInstanceUID = UID(instance)
        ds.InstanceNumber, ds.SliceLocation = first + k, f"{depth:g}"
        ds.ImagePositionPatient = [f"{grid.origin_mm[0]:g}", f"{grid.origin_mm[1]:g}", f"{depth:g}"]
        for keyword, value in slice_tags[k].items() if slice_tags else ():
            setattr(ds, keyword, value)
        ds.add_new("PixelData", "OW", pixels[k].tobytes())
        ds.save_as(folder / f"{first + k:03d}.dcm", enforce_file_format=True)
        slices.append(ds)
    return slices


def _header(grid: Grid, facts: StudyFacts, series: Series, *, signed: bool) -> Dataset:
    """What all slices of a series share."""
    x, y, z = grid.spacing_mm
    sop_class = SOP_CLASSES[series.modality]
    ds = common_header(facts, sop_class, facts.uid(series.word), series.modality, series.manufacturer)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SeriesInstanceUID = facts.uid(series.word, "series")
    ds.SeriesNumber, ds.SeriesDescription = series.number, series.description
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = facts.uid(series.frame), ""
    ds.PatientPosition, ds.AcquisitionNumber, ds.SliceThickness = "HFS", 1, f"{z:g}"
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.PixelSpacing = [f"{y:g}", f"{x:g}"]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = grid.shape[1:]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 15
    ds.PixelRepresentation = int(signed)
    if series.slope is not None:
        ds.RescaleIntercept, ds.RescaleSlope = f"{series.intercept:g}", f"{series.slope:.10g}"
    if series.modality == "MR":
        ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions, ds.MRAcquisitionType = "SE", "NONE", "", "2D"
        ds.SpacingBetweenSlices, ds.MagneticFieldStrength = f"{z:g}", "3"
    for keyword, value in series.tags.items():
        setattr(ds, keyword, value)
    return ds
