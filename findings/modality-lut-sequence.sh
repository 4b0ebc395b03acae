#!/usr/bin/env bash
# One would guess: whoever converts a DICOM MR applies its Modality LUT Sequence, as he does a rescale slope, or refuses.
#
# What happens: SimpleITK and dcm2niix give the stored values and say nothing; dicom2nifti (by pydicom) applies the table.
# A stored 100, which the table turns into 400, stays 100: images of one scanner differ by who converted them.
#
# Versions: SimpleITK 2.5.7, dcm2niix 1.0.20260724, dicom2nifti 2.6.2 with pydicom 3.0.2. Seen on 2026-11-29.
# Source: DICOM PS3.3 C.11.1 (the Modality LUT Sequence stands in place of slope and intercept).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet SimpleITK==2.5.7 dcm2niix==1.0.20260724 dicom2nifti==2.6.2 pydicom==3.0.2 nibabel==5.4.2
cat > table.py <<'PYTHON'
import subprocess
from pathlib import Path

import dicom2nifti
import nibabel
import numpy as np
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

study, series, frame = generate_uid(), generate_uid(), generate_uid()
Path("mr").mkdir()
for k in range(4):
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = MRImageStorage, generate_uid(), study, series
    ds.FrameOfReferenceUID, ds.Modality, ds.PatientID, ds.PatientName, ds.Manufacturer = frame, "MR", "1", "", "none"
    ds.StudyDate, ds.StudyTime, ds.PatientPosition, ds.SeriesNumber, ds.InstanceNumber = "20240101", "120000", "HFS", 1, k + 1
    ds.ImageType, ds.ImagePositionPatient, ds.ImageOrientationPatient = ["ORIGINAL", "PRIMARY"], [0, 0, 2 * k], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.SliceThickness, ds.Rows, ds.Columns = [1, 1], 2, 6, 6
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation, ds.SamplesPerPixel, ds.PhotometricInterpretation = 15, 0, 1, "MONOCHROME2"
    ds.PixelData = np.full(36, 100, "<u2").tobytes()
    table = Dataset()
    table.add_new(0x00283002, "US", [256, 0, 16])  # 256 entries, the first is for a stored 0, of 16 bits
    table.ModalityLUTType = "US"
    table.add_new(0x00283006, "OW", (np.arange(256) * 3 + 100).astype("<u2").tobytes())
    ds.ModalityLUTSequence = [table]
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.save_as(f"mr/{k}.dcm", enforce_file_format=True)

reader = SimpleITK.ImageSeriesReader()
reader.SetFileNames(reader.GetGDCMSeriesFileNames("mr"))
subprocess.run(["env/bin/dcm2niix", "-b", "n", "-z", "n", "-f", "out", "-o", ".", "mr"], check=True, capture_output=True)
dicom2nifti.dicom_series_to_nifti("mr", "other.nii.gz", reorient_nifti=False)
found = {
    "SimpleITK": np.unique(SimpleITK.GetArrayFromImage(reader.Execute())).tolist(),
    "dcm2niix": np.unique(nibabel.load("out.nii").get_fdata()).tolist(),
    "dicom2nifti": np.unique(nibabel.load("other.nii.gz").get_fdata()).tolist(),
}
print("stored 100, by the table 400; read:", found)
assert found == {"SimpleITK": [100], "dcm2niix": [100.0], "dicom2nifti": [400.0]}, "somebody reads the table otherwise now"
print("as described")
PYTHON
env/bin/python table.py
