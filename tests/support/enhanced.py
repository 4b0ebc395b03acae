"""Enhanced DICOM: many slices in one file, whose functional groups hold what the slices hold otherwise."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage, EnhancedMRImageStorage, EnhancedPETImageStorage

CLASSES = {"CT": EnhancedCTImageStorage, "MR": EnhancedMRImageStorage, "PT": EnhancedPETImageStorage}


def item(**values: Any) -> list[Dataset]:
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return [found]


def enhanced(series: Sequence[Dataset], *, shared: bool = False) -> Dataset:
    """A file of many frames made of classic slices; `shared`: what is alike in all of them stands in the shared groups."""
    ds = copy.deepcopy(series[0])
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CLASSES[ds.Modality]
    common = Dataset()
    ds.PerFrameFunctionalGroupsSequence = []
    for one in series:
        groups = Dataset()
        alike = common if shared else groups
        groups.PlanePositionSequence = item(ImagePositionPatient=one.ImagePositionPatient)
        alike.PlaneOrientationSequence = item(ImageOrientationPatient=one.ImageOrientationPatient)
        alike.PixelMeasuresSequence = item(PixelSpacing=one.PixelSpacing, SliceThickness=one.SliceThickness)
        groups.PixelValueTransformationSequence = item(
            RescaleSlope=one.RescaleSlope, RescaleIntercept=one.RescaleIntercept, RescaleType="US"
        )
        ds.PerFrameFunctionalGroupsSequence.append(groups)
    ds.SharedFunctionalGroupsSequence = [common]
    for keyword in (
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "RescaleSlope",
        "RescaleIntercept",
    ):
        delattr(ds, keyword)
    ds.NumberOfFrames = len(series)
    ds.PixelData = b"".join(one.PixelData for one in series)
    return ds
