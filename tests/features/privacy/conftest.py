"""A small dataset of a CT slice as a scanner writes it, with a patient who must not be found again."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from features.images.dicom.dataset import quiet
from features.privacy.dataset import Rules
from tests.support.scans import new_dataset


@pytest.fixture
def rules() -> Rules:
    return Rules("demo", b"k" * 32)


@pytest.fixture
def ct_slice() -> Callable[..., Dataset]:
    """One slice; keywords set attributes."""

    def build(**attributes: object) -> Dataset:
        ds = new_dataset(CTImageStorage, "CT", "P-1")
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = "1.2.3", "1.2.3.5", "1.2.3.6"
        ds.PatientName, ds.PatientBirthDate = "Doe^John", "19510203"
        ds.PatientSex, ds.PatientAge, ds.PatientWeight, ds.PatientSize = "F", "069Y", "70", "1.7"
        ds.StudyDate, ds.SeriesDate, ds.StudyTime = "20200110", "20200112", "101112"
        ds.Manufacturer, ds.ConvolutionKernel = "SYNTH", "B30f"
        ds.Rows = ds.Columns = 2
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.PixelData = bytes(range(8))
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
        return ds

    return build


@pytest.fixture
def reread() -> Callable[[Dataset], tuple[Dataset, bytes]]:
    """A dataset after the way through a file, and the file."""

    def through(dataset: Dataset) -> tuple[Dataset, bytes]:
        data = io.BytesIO()
        with quiet():
            dataset.save_as(data, enforce_file_format=True)
        return dcmread(io.BytesIO(data.getvalue())), data.getvalue()

    return through
