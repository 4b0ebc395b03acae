#!/usr/bin/env bash
# One would guess: MIRP, given a DICOM series that lacks a slice, refuses it, or interpolates the slice, as its warning says that
# it will; a mask file of the whole series then lies where it lay.
#
# What happens: nothing is interpolated. The 19 slices that are there are paired with the 20 of the mask by their numbers, so
# that behind the gap every slice of the mask is measured one slice too far. Here the ROI's mean is 101 HU in place of 95, and
# its highest value, 153 HU, is of a slice that nobody contoured. The log warns of different dimensions; the table shows
# numbers like any other, and the ROI's volume is that of the whole one.
#
# Versions: mirp 2.7.0, pydicom 3.0.2. Seen on 2026-11-30.
# Source: DICOM PS3.3 C.7.6.2: slices lie where Image Position (Patient) says, whatever their number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet mirp==2.7.0 pydicom==3.0.2
cat > gap.py <<'PYTHON'
import logging
from pathlib import Path

import itk
import numpy as np
from mirp import extract_features
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

logging.disable(logging.CRITICAL)
# A CT whose intensity rises by 10 HU a slice. The ROI is a square in slices 5 to 14; slice 9 is lost in the second series.
voxels = np.zeros((20, 32, 32), np.int16) + np.arange(20, dtype=np.int16)[:, None, None] * 10
voxels += np.random.default_rng(0).integers(-3, 4, voxels.shape).astype(np.int16)
mask = np.zeros(voxels.shape, np.uint8)
mask[5:15, 10:22, 10:22] = 1
study, series, frame = generate_uid(), generate_uid(), generate_uid()


def write_slice(path, k):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(str(path), {}, file_meta=meta, preamble=bytes(128))
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = CTImageStorage, meta.MediaStorageSOPInstanceUID, "CT"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame
    ds.PatientID, ds.PatientName, ds.InstanceNumber = "P1", "P1", k + 1
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [0, 0, 3.0 * k], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.SliceThickness = [1, 1], 3
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = 32, 32, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, 0, "HU"
    ds.PixelData = voxels[k].tobytes()
    ds.save_as(path, enforce_file_format=True)


labels = itk.image_from_array(mask)
labels.SetSpacing((1, 1, 3))
itk.imwrite(labels, "mask.nii.gz")
found = {}
for name, lost in (("whole", None), ("gap", 9)):
    Path(name).mkdir()
    for k in range(20):
        if k != lost:
            write_slice(Path(name, f"{k:02d}.dcm"), k)
    families = ["statistics", "morphological"]
    (table,) = extract_features(
        image=name, mask="mask.nii.gz", base_feature_families=families, base_discretisation_method="none"
    )
    found[name] = [float(table[column].iloc[0]) for column in ("stat_mean", "stat_max", "morph_volume")]
    print("{}: mean {:.1f} HU, highest {:.0f} HU, volume {:.0f} mm3".format(name, *found[name]))
whole, gap = found["whole"], found["gap"]
assert abs(whole[0] - 95) < 1 and abs(gap[0] - 101) < 1 and gap[1] == voxels[15][10:22, 10:22].max(), "changed"
assert whole[2] == gap[2], "changed"
print("as described")
PYTHON
env/bin/python gap.py
