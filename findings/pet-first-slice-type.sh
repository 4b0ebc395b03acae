#!/usr/bin/env bash
# One would guess: SimpleITK's series reader gives a PET series whose slices have rescale slopes of their own as real
# numbers, each slice by its own slope, whichever slice comes first.
#
# What happens: the type of the whole image is that of the first slice. Where its slope is 1 (whole numbers are enough for
# it), the other slices are cut to whole numbers without a word. In Bq/ml that is little; in units of SUV (GML) most of the
# signal is gone: 0.9 becomes 0. The same slices in the opposite order of slopes are read right.
#
# Versions: SimpleITK 2.5.7. Seen on 2026-11-29.
# Source: DICOM PS3.3 C.8.9.4 (PET Image Module): Rescale Slope may differ from image to image.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet SimpleITK==2.5.7 pydicom==3.0.2 numpy==2.4.6
cat > slopes.py <<'PYTHON'
from pathlib import Path

import numpy as np
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage, generate_uid

STORED = np.arange(64, dtype=np.int16).reshape(8, 8)  # of every slice


def write_series(folder: Path, slopes: list[float]) -> np.ndarray:
    folder.mkdir()
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for number, slope in enumerate(slopes):
        slice_ = Dataset()
        slice_.file_meta = FileMetaDataset()
        slice_.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        slice_.file_meta.MediaStorageSOPClassUID = PositronEmissionTomographyImageStorage
        slice_.SOPClassUID = PositronEmissionTomographyImageStorage
        slice_.SOPInstanceUID = slice_.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        slice_.StudyInstanceUID, slice_.SeriesInstanceUID, slice_.FrameOfReferenceUID = study, series, frame
        slice_.Modality, slice_.Units, slice_.InstanceNumber = "PT", "GML", number + 1
        slice_.ImagePositionPatient, slice_.ImageOrientationPatient = [0, 0, 3.0 * number], [1, 0, 0, 0, 1, 0]
        slice_.PixelSpacing, slice_.SliceThickness = [4, 4], 3
        slice_.Rows = slice_.Columns = 8
        slice_.SamplesPerPixel, slice_.PhotometricInterpretation = 1, "MONOCHROME2"
        slice_.BitsAllocated = slice_.BitsStored = 16
        slice_.HighBit, slice_.PixelRepresentation = 15, 1
        slice_.RescaleSlope, slice_.RescaleIntercept = slope, 0
        slice_.PixelData = STORED.tobytes()
        slice_.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return np.array([STORED * slope for slope in slopes])


def read_series(folder: Path) -> np.ndarray:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return SimpleITK.GetArrayFromImage(reader.Execute())


lost = {}
for name, slopes in {"slope 1 first": [1.0, 0.03, 0.01], "slope 1 last": [0.03, 0.01, 1.0]}.items():
    truth = write_series(Path(name), slopes)
    found = read_series(Path(name))
    lost[name] = float(np.abs(found - truth).max())
    print(f"{name}: {found.dtype}, largest value of each slice {found.max(axis=(1, 2)).tolist()}, "
          f"right {truth.max(axis=(1, 2)).tolist()}, largest error {lost[name]:.2f}")
    if name == "slope 1 first":
        assert found.dtype == np.int16 and (found == np.trunc(truth)).all() and found[2].max() == 0, "changed"
assert lost["slope 1 first"] > 0.9 and lost["slope 1 last"] < 1e-9, "changed"
print("as described")
PYTHON
env/bin/python slopes.py
