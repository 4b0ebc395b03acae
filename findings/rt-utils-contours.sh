#!/usr/bin/env bash
# One would guess: rt-utils turns a contour of an RTSTRUCT into the pixels whose centres lie inside it, or into some other
# rule whose areas are right on average.
#
# What happens: the points of the contour are rounded to pixels, and every pixel that the line between them touches belongs
# to the mask. The mask is larger than the contour by about half a pixel all round: circles of 2.5, 4.2 and 6.3 pixels come
# out with 1.5, 1.3 and 1.2 times their area. A mask that rt-utils wrote itself comes back unchanged, because it draws the
# contour through the centres of the outermost pixels: a round trip does not show it. Volume, shape and every intensity at
# the rim of small structures drawn elsewhere are off.
#
# Versions: rt-utils 1.2.7 (opencv-python 5.0.0.93). Seen on 2026-11-29.
# Source: DICOM PS3.3 C.8.8.6 (ROI Contour Module): points in millimetres, not in pixels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet rt-utils==1.2.7 opencv-python==5.0.0.93 pydicom==3.0.2 numpy==2.4.6
cat > circles.py <<'PYTHON'
import contextlib
import io
import math
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from rt_utils import RTStructBuilder

SIZE, SPACING, CENTRE = 24, 2.0, 11.3  # pixels, mm, pixels
Path("ct").mkdir()
study, series, frame = generate_uid(), generate_uid(), generate_uid()
for number in range(3):
    slice_ = Dataset()
    slice_.file_meta = FileMetaDataset()
    slice_.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    slice_.SOPClassUID = slice_.file_meta.MediaStorageSOPClassUID = CTImageStorage
    slice_.SOPInstanceUID = slice_.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    slice_.StudyInstanceUID, slice_.SeriesInstanceUID, slice_.FrameOfReferenceUID = study, series, frame
    slice_.Modality, slice_.PatientID, slice_.PatientName, slice_.InstanceNumber = "CT", "1", "1", number + 1
    slice_.PatientBirthDate = slice_.PatientSex = slice_.StudyDate = slice_.StudyTime = slice_.SeriesDate = ""
    slice_.StudyID, slice_.AccessionNumber, slice_.ReferringPhysicianName, slice_.Manufacturer = "1", "", "", ""
    slice_.ImagePositionPatient, slice_.ImageOrientationPatient = [0, 0, 3.0 * number], [1, 0, 0, 0, 1, 0]
    slice_.PixelSpacing, slice_.SliceThickness, slice_.SliceLocation = [SPACING, SPACING], 3, 3.0 * number
    slice_.Rows = slice_.Columns = SIZE
    slice_.SamplesPerPixel, slice_.PhotometricInterpretation = 1, "MONOCHROME2"
    slice_.BitsAllocated = slice_.BitsStored = 16
    slice_.HighBit, slice_.PixelRepresentation = 15, 1
    slice_.RescaleSlope, slice_.RescaleIntercept = 1, 0
    slice_.PixelData = np.zeros((SIZE, SIZE), np.int16).tobytes()
    slice_.save_as(f"ct/{number}.dcm", enforce_file_format=True)


def quiet(call, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return call(*arguments)


own = np.zeros((SIZE, SIZE, 3), bool)
own[6:15, 5:17, 1] = True
builder = RTStructBuilder.create_new("ct")
builder.add_roi(mask=own, name="roi")
quiet(builder.save, "own.dcm")
back = RTStructBuilder.create_from("ct", "own.dcm").get_roi_mask_by_name("roi")
print("a mask written by rt-utils comes back unchanged:", bool((back == own).all()))
assert (back == own).all(), "changed"

structures = pydicom.dcmread("own.dcm")
contour = structures.ROIContourSequence[0].ContourSequence[0]
turn = np.linspace(0, 2 * math.pi, 200, endpoint=False)
y, x = np.mgrid[:SIZE, :SIZE]
for radius in (2.5, 4.2, 6.3):
    plane = np.c_[CENTRE + radius * np.cos(turn), CENTRE + radius * np.sin(turn)] * SPACING
    points = np.c_[plane, np.full(len(turn), 3.0)]
    contour.ContourData, contour.NumberOfContourPoints = [f"{value:.4f}" for value in points.ravel()], len(points)
    structures.save_as("circle.dcm")
    found = int(RTStructBuilder.create_from("ct", "circle.dcm").get_roi_mask_by_name("roi").sum())
    area, inside = math.pi * radius**2, int(((x - CENTRE) ** 2 + (y - CENTRE) ** 2 <= radius**2).sum())
    print(f"radius {radius} pixels: area {area:.1f}, centres inside {inside}, rt-utils {found} ({found / area:.2f} times)")
    assert found / area > 1.15 and 0.95 < inside / area < 1.05, "changed"
print("as described")
PYTHON
env/bin/python circles.py
