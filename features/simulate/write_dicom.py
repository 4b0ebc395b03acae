"""DICOM: a phantom as a classic CT series, one file a slice, Explicit VR Little Endian, uncompressed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.simulate.acquisition import Acquisition
from features.simulate.anatomy import Phantom
from features.simulate.uid import derive_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

TIMEPOINT_CODES = {"baseline": "T0", "week4": "W4"}
INTERCEPT = -1024
CLOCK = "120000"
RAW_CHARSET = "iso8859"  # pydicom's name of the default character set
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What the headers say beside the pixels. `key` makes the UIDs; the frame of reference is one for the series."""

    key: tuple[object, ...]
    patient: str
    sex: str
    day: date
    timepoint: str

    def uid(self, *parts: object) -> str:
        """A UID of this study."""
        return derive_uid(*self.key, self.patient, self.timepoint, *parts)


def common_header(facts: StudyFacts, sop_class: str, instance: str, modality: str, manufacturer: str) -> Dataset:
    """A data set with the patient, study, trial and equipment modules, and its file meta."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    day = facts.day.strftime("%Y%m%d")
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    ds.file_meta.MediaStorageSOPInstanceUID = UID(instance)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.ImplementationClassUID = UID(derive_uid("radweave simulator"))
    ds.file_meta.ImplementationVersionName = "RADWEAVE_SIM"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, instance
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = ds.InstanceCreationDate = day
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = ds.InstanceCreationTime = CLOCK
    ds.AccessionNumber = ds.ReferringPhysicianName = ""
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = modality, manufacturer, "Simulator"
    ds.SoftwareVersions = "1"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = f"Simulated^{facts.patient}", facts.patient, ""
    ds.PatientSex = {"female": "F", "male": "M"}[facts.sex]
    ds.ClinicalTrialSponsorName, ds.ClinicalTrialProtocolID = "radweave", "SIM"
    ds.ClinicalTrialSubjectID = facts.patient
    ds.ClinicalTrialTimePointID = code = TIMEPOINT_CODES.get(facts.timepoint, facts.timepoint)
    ds.StudyInstanceUID, ds.StudyID = facts.uid("study"), code
    return ds


def write_dicom(folder: Path, phantom: Phantom, acquisition: Acquisition, facts: StudyFacts) -> list[Dataset]:
    """Write the slices as 001.dcm … and return them, lowest slice first, as the masks' writers need them."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    folder.mkdir(parents=True)
    stored = (phantom.hu.astype(np.int32) - INTERCEPT).astype("<u2")
    count = len(stored)
    template = encoded(_series_header(phantom, acquisition, facts))
    slices = []
    for k in range(count):
        ds, ds.file_meta = Dataset(), FileMetaDataset()
        ds.update(template)
        ds.set_original_encoding(False, True, RAW_CHARSET)  # lets raw elements through as they are
        ds.file_meta.update(template.file_meta)
        number = count - k if acquisition.first_is_top else k + 1
        depth = phantom.origin_mm[2] + k * phantom.spacing_mm[2]
        ds.SOPInstanceUID = instance = facts.uid("ct", k)
        ds.file_meta.MediaStorageSOPInstanceUID = UID(instance)
        ds.InstanceNumber, ds.SliceLocation = number, f"{depth:g}"
        ds.ImagePositionPatient = [f"{phantom.origin_mm[0]:g}", f"{phantom.origin_mm[1]:g}", f"{depth:g}"]
        ds.add_new("PixelData", "OW", stored[k].tobytes())
        ds.save_as(folder / f"{number:03d}.dcm", enforce_file_format=True)
        slices.append(ds)
    return slices


def _series_header(phantom: Phantom, acquisition: Acquisition, facts: StudyFacts) -> Dataset:
    """What all slices of a series share."""
    x, y, z = phantom.spacing_mm
    ds = common_header(facts, CT_IMAGE, facts.uid("ct"), "CT", acquisition.manufacturer)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SeriesInstanceUID, ds.SeriesNumber, ds.SeriesDescription = facts.uid("ct series"), 2, "Thorax"
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = facts.uid("frame"), ""
    ds.PatientPosition, ds.BodyPartExamined, ds.AcquisitionNumber = "HFS", "CHEST", 1
    ds.KVP, ds.ConvolutionKernel, ds.SliceThickness = "120", acquisition.kernel, f"{z:g}"
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.PixelSpacing = [f"{y:g}", f"{x:g}"]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = phantom.hu.shape[1:]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, acquisition.bits_stored, acquisition.bits_stored - 1
    ds.PixelRepresentation = 0
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = str(INTERCEPT), "1", "HU"
    ds.WindowCenter, ds.WindowWidth = "40", "400"
    return ds


def encoded(ds: Dataset) -> Dataset:
    """The same data set with its elements as raw bytes: writing these again for every slice takes a fifth of the time."""
    from pydicom import dcmread

    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return dcmread(buffer)
