#!/usr/bin/env bash
# One would guess: SimpleITK and pydicom give the values and places that an enhanced (multi-frame) PET says in its frames.
#
# What happens: SimpleITK multiplies every frame by the slope of the first one (20, 20, 20 for 20, 30, 50), and stacks frames
# as they lie in the file: with frames at z = 4, 0, 2 mm it reports a spacing of 1 mm and puts 40, 0, 20 at z = 4, 5, 6.
# pydicom's apply_modality_lut gives the stored values (10, 10, 10), without a word. highdicom and dcm2niix are right.
# Who is hurt: SUV of enhanced PET, and any enhanced series whose frames are not in spatial order.
#
# Versions: SimpleITK 2.5.7, pydicom 3.0.2, highdicom 0.28.2, dcm2niix 1.0.20260724. Seen on 2026-11-29.
# Source: DICOM PS3.3 C.7.6.16.2.9 (Pixel Value Transformation is a functional group) and C.7.6.17 (order by dimension index).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet SimpleITK==2.5.7 pydicom==3.0.2 highdicom==0.28.2 dcm2niix==1.0.20260724 nibabel==5.4.2
cat > frames.py <<'PYTHON'
import subprocess
from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pydicom
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import EnhancedPETImageStorage, ExplicitVRLittleEndian, generate_uid

STACK_ID, POSITION, FRAME_CONTENT = 0x00209056, 0x00209057, 0x00209111


def item(**elements):
    found = Dataset()
    for keyword, value in elements.items():
        setattr(found, keyword, value)
    return found


def write(folder, z, slopes, stored):
    """An enhanced PET of a frame for each z (mm), each of one stored value, with a slope of its own."""
    rank, organization = np.argsort(np.argsort(z)) + 1, generate_uid()
    ds = item(
        SOPClassUID=EnhancedPETImageStorage, SOPInstanceUID=generate_uid(), StudyInstanceUID=generate_uid(),
        SeriesInstanceUID=generate_uid(), FrameOfReferenceUID=generate_uid(), Modality="PT", PatientID="1", PatientName="",
        PatientPosition="HFS", Manufacturer="none", ImageType=["ORIGINAL", "PRIMARY", "STATIC_BODY", "EMISSION"],
        NumberOfFrames=len(z), Rows=4, Columns=4, BitsAllocated=16, BitsStored=16, HighBit=15, PixelRepresentation=0,
        SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2",
    )
    ds.DimensionOrganizationSequence = [item(DimensionOrganizationUID=organization)]
    ds.DimensionIndexSequence = [
        item(DimensionOrganizationUID=organization, DimensionIndexPointer=tag, FunctionalGroupPointer=FRAME_CONTENT)
        for tag in (STACK_ID, POSITION)
    ]
    ds.SharedFunctionalGroupsSequence = [item(
        PixelMeasuresSequence=[item(PixelSpacing=[1, 1], SliceThickness=2, SpacingBetweenSlices=2)],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
    )]
    ds.PerFrameFunctionalGroupsSequence = [
        item(
            FrameContentSequence=[item(StackID="1", InStackPositionNumber=int(r), DimensionIndexValues=[1, int(r)])],
            PlanePositionSequence=[item(ImagePositionPatient=[0, 0, mm])],
            PixelValueTransformationSequence=[item(RescaleSlope=str(slope), RescaleIntercept="0", RescaleType="US")],
        )
        for r, mm, slope in zip(rank, z, slopes)
    ]
    ds.PixelData = np.repeat(np.array(stored, np.uint16), 16).tobytes()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    Path(folder).mkdir()
    ds.save_as(Path(folder) / "pet.dcm", enforce_file_format=True)


def by_simpleitk(folder):
    image = SimpleITK.ReadImage(f"{folder}/pet.dcm")
    values = SimpleITK.GetArrayFromImage(image)[:, 0, 0]
    return [(image.TransformIndexToPhysicalPoint((0, 0, k))[2], float(value)) for k, value in enumerate(values)]


def by_pydicom(folder):
    ds = pydicom.dcmread(f"{folder}/pet.dcm")
    values = pydicom.pixels.apply_modality_lut(ds.pixel_array, ds)[:, 0, 0]
    groups = ds.PerFrameFunctionalGroupsSequence
    return [(float(g.PlanePositionSequence[0].ImagePositionPatient[2]), float(v)) for g, v in zip(groups, values)]


def by_highdicom(folder):
    volume = highdicom.imread(f"{folder}/pet.dcm").get_volume()
    places = volume.map_indices_to_reference(np.array([[k, 0, 0] for k in range(len(volume.array))]))[:, 2]
    return list(zip(map(float, places), map(float, volume.array[:, 0, 0])))


def by_dcm2niix(folder):
    subprocess.run(["env/bin/dcm2niix", "-b", "n", "-z", "n", "-f", "out", "-o", folder, folder], check=True, capture_output=True)
    image = nibabel.load(f"{folder}/out.nii")
    places = [(image.affine @ [0, 0, k, 1])[2] for k in range(image.shape[2])]
    return list(zip(map(float, places), map(float, image.get_fdata()[0, 0])))


READERS = (by_simpleitk, by_pydicom, by_highdicom, by_dcm2niix)
found = {}
for name, z, slopes, stored in (("slopes", [0, 2, 4], [2, 3, 5], [10, 10, 10]), ("order", [4, 0, 2], [1, 1, 1], [40, 0, 20])):
    write(name, z, slopes, stored)
    true = sorted(zip(map(float, z), (float(a * b) for a, b in zip(slopes, stored))))
    print(f"{name}: true (z mm, value) {true}")
    for reader in READERS:
        found[name, reader.__name__] = sorted(reader(name))
        print(f"  {reader.__name__[3:]:10} {found[name, reader.__name__]}")
    assert found[name, "by_highdicom"] == found[name, "by_dcm2niix"] == true
assert found["slopes", "by_simpleitk"] == [(0.0, 20.0), (2.0, 20.0), (4.0, 20.0)], "SimpleITK reads slopes otherwise now"
assert found["order", "by_simpleitk"] == [(4.0, 40.0), (5.0, 0.0), (6.0, 20.0)], "SimpleITK orders frames otherwise now"
assert found["slopes", "by_pydicom"] == [(0.0, 10.0), (2.0, 10.0), (4.0, 10.0)], "pydicom looks into functional groups now"
print("as described")
PYTHON
env/bin/python frames.py
