"""Faults of DICOM images. Each function spoils one CT, MR or PET with contours."""

from __future__ import annotations

import copy
import io
from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    BasicTextSRStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    LegacyConvertedEnhancedCTImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
)

from tests.corpus.registry import fault, recovered, refused
from tests.corpus.study import (
    ORIGIN_MM,
    ROI,
    Study,
    body,
    ct_study,
    encode,
    new_dataset,
    roi_contours,
    rtstruct_of,
    series_of,
    uid,
)

ct = partial(fault, "DICOM", "ct")
mr = partial(fault, "DICOM", "mr")
pt = partial(fault, "DICOM", "pt")
regrid = partial(fault, "DICOM", "ct_regrid")
COS, SIN = 0.984808, 0.173648


def pixels_of(ds: Dataset) -> NDArray[np.int16]:
    """Stored values (y, x), not to be written to."""
    return np.frombuffer(ds.PixelData, "<i2").reshape(ds.Rows, ds.Columns)


@ct(refused("DICOM_MISSING_SLICE"))
def dicom_missing_slice(study: Study) -> None:
    """A slice inside the stack is missing."""
    del study.images[3]


@ct(refused("DICOM_MISSING_END", stage="index"))
def dicom_missing_end(study: Study) -> None:
    """The last slice is missing, which the contours' references tell."""
    del study.images[-1]


@ct(recovered("DICOM_FEWER_SLICES"))
def dicom_missing_end__told(study: Study) -> None:
    """The last slice is missing, which ImagesInAcquisition alone tells."""
    for ds in study.slices:
        ds.ImagesInAcquisition = len(study.images)
    del study.images[-1]
    study.mask = rtstruct_of(study.slices, [("GTV-1", roi_contours())])


@ct(refused("DICOM_DUP_SLICE", stage="index"))
def dicom_dup_slice(study: Study) -> None:
    """Two slices with different pixels lie at one position."""
    twin = copy.deepcopy(study.slices[3])
    twin.SOPInstanceUID = twin.file_meta.MediaStorageSOPInstanceUID = uid(study.patient, "another")
    twin.PixelData = study.slices[4].PixelData
    study.images.append(twin)


@ct(recovered(merged=1))
def dicom_dup_slice__same(study: Study) -> None:
    """A slice stands there twice, with the same pixels under another UID."""
    twin = copy.deepcopy(study.slices[3])
    twin.SOPInstanceUID = twin.file_meta.MediaStorageSOPInstanceUID = uid(study.patient, "another")
    study.images.append(twin)


@ct(refused("DICOM_DUP_UID_CONFLICT", stage="index"))
def dicom_dup_uid_conflict(study: Study) -> None:
    """Two files have one SOPInstanceUID and different pixels."""
    twin = copy.deepcopy(study.slices[3])
    twin.PixelData = study.slices[4].PixelData
    study.images.append(twin)


@ct(recovered(used=2))
def dicom_mixed_series(study: Study) -> Study:
    """The series of two patients lie in one folder, their files mixed."""
    other = ct_study(f"{study.patient}-B")
    mixed = [one for pair in zip(study.images, other.images, strict=True) for one in pair]
    return Study(study.patient, mixed, study.mask, {"other_mask.dcm": encode(other.mask)})


@ct(refused("DICOM_MIXED_PHASES", stage="index"))
def dicom_mixed_phases(study: Study) -> None:
    """Two acquisitions of the same place stand under one SeriesInstanceUID."""
    for ds in series_of(study.patient, body(1)):
        ds.AcquisitionNumber, ds.AcquisitionTime = 2, "120130"
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid(study.patient, "second", ds.InstanceNumber)
        study.images.append(ds)


@ct(recovered(ignored_localizer=1))
def dicom_localizer(study: Study) -> None:
    """A localizer stands in the series."""
    scout = copy.deepcopy(study.slices[0])
    scout.SOPInstanceUID = scout.file_meta.MediaStorageSOPInstanceUID = uid(study.patient, "scout")
    scout.ImageType, scout.ImageOrientationPatient = ["ORIGINAL", "PRIMARY", "LOCALIZER"], [1, 0, 0, 0, 0, -1]
    study.images.insert(0, scout)


def _tilt(study: Study) -> None:
    """The columns of the slices rise by 10°; the contours are drawn on the slices as they are."""
    for ds in study.slices:
        ds.ImageOrientationPatient = [1, 0, 0, 0, COS, SIN]
    for contour in study.contours:
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        down = points[:, 1] - ORIGIN_MM[1]
        points[:, 1], points[:, 2] = ORIGIN_MM[1] + down * COS, points[:, 2] + down * SIN
        contour.ContourData = [f"{value:.4f}" for value in points.reshape(-1)]


@ct(refused("DICOM_GANTRY_TILT"))
def dicom_gantry_tilt(study: Study) -> None:
    """The gantry was tilted: slices are sheared against their normal."""
    _tilt(study)


@regrid(recovered("DICOM_REGRID", twin="other"))
def dicom_gantry_tilt__regrid(study: Study) -> None:
    """The gantry was tilted, and the catalog says regrid: true."""
    _tilt(study)


@ct(refused("DICOM_NONUNIFORM"))
def dicom_nonuniform(study: Study) -> None:
    """Distances of slices differ by more than 1 %."""
    x, y, z = study.slices[5].ImagePositionPatient
    study.slices[5].ImagePositionPatient = [x, y, z + 0.6]


@regrid(recovered("DICOM_REGRID", twin="other"))
def dicom_nonuniform__regrid(study: Study) -> None:
    """Distances of slices differ, and the catalog says regrid: true."""
    for ds in study.slices[5:]:
        x, y, z = ds.ImagePositionPatient
        ds.ImagePositionPatient = [x, y, z + 0.6]


@ct(recovered("DICOM_OFF_GRID", twin="other"))
def dicom_off_grid(study: Study) -> None:
    """A slice lies 0.05 mm beside the regular grid, less than 0.01 mm + 2 % of the distance of slices."""
    x, y, z = study.slices[5].ImagePositionPatient
    study.slices[5].ImagePositionPatient = [x, y, z + 0.05]


@ct(refused("DICOM_NO_IPP"))
def dicom_no_ipp(study: Study) -> None:
    """A slice has no ImagePositionPatient."""
    del study.slices[5].ImagePositionPatient


@ct(recovered("DICOM_THICKNESS"))
def dicom_thickness(study: Study) -> None:
    """SliceThickness is twice the distance of slices."""
    for ds in study.slices:
        ds.SliceThickness = 5


@ct(refused("DICOM_TRUNC"))
def dicom_trunc(study: Study) -> None:
    """A file ends in the middle."""
    data = encode(study.slices[5])
    study.images[5] = data[: len(data) // 2]


@ct(refused("DICOM_SHORT_PIXELS"))
def dicom_short_pixels(study: Study) -> None:
    """PixelData hold fewer bytes than rows × columns."""
    study.slices[5].PixelData = study.slices[5].PixelData[:100]


@ct(recovered("DICOM_NO_PREAMBLE"))
def dicom_no_preamble(study: Study) -> None:
    """Files have no preamble and no meta information."""
    for i, ds in enumerate(study.slices):
        file = io.BytesIO()
        del ds.file_meta, ds.preamble
        ds.save_as(file, implicit_vr=True, little_endian=True, enforce_file_format=False)
        study.images[i] = file.getvalue()


@ct(recovered(ignored_not_dicom=2, ignored_type=4))
def dicom_not_dicom(study: Study) -> None:
    """A DICOMDIR, a picture, a .DS_Store, a report, a presentation state and a key object lie beside the images."""
    study.others |= {
        ".DS_Store": b"\0\0\0\1Bud1",
        "photo.jpg": b"\xff\xd8\xff\xe0" + bytes(64),
        "DICOMDIR": _dicomdir(),
    }
    classes = {"SR": BasicTextSRStorage, "PR": GrayscaleSoftcopyPresentationStateStorage}
    classes["KO"] = "1.2.840.10008.5.1.4.1.1.88.59"
    for modality, sop_class in classes.items():
        ds = new_dataset(sop_class, modality, study.patient, modality, 0)
        study.others[f"{modality}.dcm"] = encode(ds)


def _dicomdir() -> bytes:
    ds = new_dataset("1.2.840.10008.1.3.10", "", "", "dicomdir", 0)
    del ds.PatientID, ds.PatientName, ds.Modality, ds.SOPClassUID, ds.SOPInstanceUID
    ds.FileSetID, ds.DirectoryRecordSequence = "SET", []
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


@ct(refused("DICOM_NO_RESCALE"))
def dicom_no_rescale(study: Study) -> None:
    """A CT has no RescaleSlope and RescaleIntercept."""
    for ds in study.slices:
        del ds.RescaleSlope, ds.RescaleIntercept


@mr(recovered())
def dicom_lut(study: Study) -> None:
    """A Modality LUT Sequence stands in place of rescale values."""
    for ds in study.slices:
        item = Dataset()
        item.add_new(0x00283002, "US", [1500, 100, 16])
        item.add_new(0x00283006, "OW", np.arange(100, 1600, dtype="<u2").tobytes())
        ds.PixelData = np.maximum(pixels_of(ds), 100).tobytes()
        ds.ModalityLUTSequence = [item]


@mr(refused("DICOM_LUT"))
def dicom_lut__rescale(study: Study) -> None:
    """A Modality LUT Sequence stands beside rescale values."""
    dicom_lut(study)
    for ds in study.slices:
        ds.RescaleSlope, ds.RescaleIntercept = 1, 0


@mr(refused("DICOM_LUT"))
def dicom_lut__short(study: Study) -> None:
    """A look-up table has fewer entries than it says."""
    dicom_lut(study)
    for ds in study.slices:
        ds.ModalityLUTSequence[0].LUTData = ds.ModalityLUTSequence[0].LUTData[:200]


@ct(refused("CT_UNIT"))
def ct_unit(study: Study) -> None:
    """The values of a CT are iodine in mg/ml, by its RescaleType."""
    for ds in study.slices:
        ds.RescaleType = "MGML"


@ct(refused("CT_UNIT"))
def ct_unit__image_type(study: Study) -> None:
    """The values of a CT are effective atomic numbers, by its ImageType."""
    for ds in study.slices:
        ds.ImageType = ["DERIVED", "PRIMARY", "AXIAL", "EFF_ATOMIC_NUM"]


@ct(recovered("CT_UNIT_UNTOLD"))
def ct_unit__unspecified(study: Study) -> None:
    """The RescaleType of a CT is US, which means unspecified."""
    for ds in study.slices:
        ds.RescaleType = "US"


@ct(refused("DICOM_MIXED_RESCALE"))
def dicom_mixed_rescale(study: Study) -> None:
    """The rescale values of one CT slice are others."""
    study.slices[4].RescaleIntercept = 0


@pt(recovered(twin="close"))
def dicom_mixed_rescale__pet(study: Study) -> None:
    """The slopes of a PET differ from slice to slice, as is normal."""
    for ds in study.slices:
        pixels, ds.RescaleSlope = pixels_of(ds) * ds.RescaleSlope / 25, 25
        ds.PixelData = pixels.astype("<i2").tobytes()


@ct(refused("DICOM_MIXED_MATRIX"))
def dicom_mixed_matrix(study: Study) -> None:
    """One slice has fewer rows."""
    ds = study.slices[4]
    ds.Rows, ds.PixelData = 10, ds.PixelData[: len(ds.PixelData) // 2]


@ct(refused("HU_RANGE"))
def dicom_pixelrep(study: Study) -> None:
    """Signed values are declared as unsigned."""
    for ds in study.slices:
        ds.PixelData, ds.RescaleIntercept = (pixels_of(ds) - 1024).astype("<i2").tobytes(), 0
        ds.PixelRepresentation = 0


@ct(recovered())
def dicom_compressed__rle(study: Study) -> None:
    """Pixels are compressed by RLE."""
    for ds in study.slices:
        ds.compress(RLELossless, generate_instance_uid=False)


@ct(recovered())
def dicom_compressed__jpeg2000(study: Study) -> None:
    """Pixels are compressed by JPEG 2000 without loss."""
    for ds in study.slices:
        ds.Rows = ds.Columns = 32  # the least that the encoder takes
        wide = np.pad(np.frombuffer(ds.PixelData, "<i2").reshape(20, 20), (0, 12), constant_values=24)
        ds.PixelData = wide.tobytes()
        _as_unsigned(ds)
        ds.compress(JPEG2000Lossless, generate_instance_uid=False)


@ct(recovered())
def dicom_compressed__jpegls(study: Study) -> None:
    """Pixels are compressed by JPEG-LS without loss."""
    for ds in study.slices:
        _as_unsigned(ds)
        ds.compress(JPEGLSLossless, generate_instance_uid=False)


@ct(recovered("LOSSY", twin="other"))
def dicom_compressed__lossy(study: Study) -> None:
    """Pixels were compressed by JPEG-LS with loss."""
    for ds in study.slices:
        _as_unsigned(ds)
        ds.compress(JPEGLSNearLossless, generate_instance_uid=False, jls_error=2)
        ds.LossyImageCompression, ds.LossyImageCompressionRatio = "01", 4


def _as_unsigned(ds: Dataset) -> None:
    """The stored values of these slices are not negative; encoders are happier to know it."""
    ds.PixelRepresentation, ds.BitsStored, ds.HighBit = 0, 12, 11


@ct(recovered())
def dicom_compressed__deflated(study: Study) -> None:
    """Whole files are deflated."""
    for ds in study.slices:
        ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian


@ct(refused("DICOM_DECODE"))
def dicom_compressed__damaged(study: Study) -> None:
    """The compressed pixels of a slice are damaged."""
    for ds in study.slices:
        ds.compress(RLELossless, generate_instance_uid=False)
    study.slices[4].PixelData = encapsulate([b"\1\0\0\0" + bytes(60)])


@ct(refused("MISSING_DECODER"))
def dicom_compressed__unknown(study: Study) -> None:
    """Pixels are compressed in a way that no decoder knows."""
    for ds in study.slices:
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # MPEG2, a film
        ds.PixelData = encapsulate([bytes(64)])
        ds["PixelData"].VR = "OB"


@ct(recovered())
def dicom_bigendian(study: Study) -> None:
    """Files are Explicit VR Big Endian."""
    for ds in study.slices:
        pixels = pixels_of(ds)
        ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        ds.PixelData = pixels.astype(">i2").tobytes()
        ds["PixelData"].VR = "OW"


@ct(recovered())
def dicom_bigendian__implicit(study: Study) -> None:
    """Files are Implicit VR Little Endian."""
    for ds in study.slices:
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


@ct(recovered())
def dicom_enhanced(study: Study) -> None:
    """The series is one enhanced multi-frame CT, its frames not in order."""
    first, order = study.slices[0], [3, 1, 0, 2, 5, 4, 7, 6]
    ds = new_dataset(LegacyConvertedEnhancedCTImageStorage, "CT", study.patient, "image", "enhanced")
    for keyword in ("FrameOfReferenceUID", "ImageType", "Manufacturer", "Rows", "Columns", "SamplesPerPixel"):
        setattr(ds, keyword, first[keyword].value)
    for keyword in ("PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        setattr(ds, keyword, first[keyword].value)
    ds.SeriesInstanceUID, ds.NumberOfFrames = first.SeriesInstanceUID, len(order)
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = first.PixelSpacing, first.SliceThickness
    orientation.ImageOrientationPatient = first.ImageOrientationPatient
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    ds.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for k in order:
        frame, position, rescale = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = study.slices[k].ImagePositionPatient
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1, -1024, "HU"
        frame.PlanePositionSequence, frame.PixelValueTransformationSequence = [position], [rescale]
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    ds.PixelData = b"".join(study.slices[k].PixelData for k in order)
    study.images, study.mask = [ds], rtstruct_of([ds], [("GTV-1", roi_contours())])


@ct(refused("DICOM_RGB"))
def dicom_rgb(study: Study) -> None:
    """The images are in colour."""
    for ds in study.slices:
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
        ds.BitsAllocated = ds.BitsStored = 8
        ds.HighBit, ds.PixelRepresentation, ds.PixelData = 7, 0, bytes(3 * ds.Rows * ds.Columns)


@mr(recovered("DICOM_MONOCHROME1", twin="other"))
def dicom_rgb__monochrome1(study: Study) -> None:
    """Low values are shown white."""
    for ds in study.slices:
        ds.PhotometricInterpretation = "MONOCHROME1"


@ct(recovered(ignored_type=1))
def dicom_rgb__capture(study: Study) -> None:
    """A screenshot lies beside the series."""
    ds = new_dataset(SecondaryCaptureImageStorage, "OT", study.patient, "capture", 0)
    ds.Rows = ds.Columns = 4
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelData = 8, 8, 7, bytes(16)
    study.others["capture.dcm"] = encode(ds)


@ct(refused("DICOM_MODALITY", stage="index"))
def dicom_modality(study: Study) -> None:
    """The images are ultrasound where the catalog declares CT."""
    for ds in study.slices:
        ds.Modality, ds.SOPClassUID = "US", UltrasoundImageStorage
        ds.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage


@ct(recovered("DICOM_OVERFLOW", twin="other"))
def dicom_overflow(study: Study) -> None:
    """Some voxels of the ROI hold the padding value."""
    for ds in study.slices:
        ds.PixelPaddingValue = -2000
    for ds in study.slices[ROI[0]]:
        pixels = pixels_of(ds).copy()
        pixels[6:8, 6:8] = -2000
        ds.PixelData = pixels.tobytes()


@ct(recovered("DICOM_OVERFLOW", twin="other"))
def dicom_overflow__metal(study: Study) -> None:
    """Metal in the ROI: voxels stand at the highest value that the scanner can write."""
    for ds in study.slices[ROI[0]]:
        pixels = pixels_of(ds).copy()
        pixels[6:8, 6:8] = 3071 + 1024
        ds.PixelData = pixels.tobytes()


@ct(recovered())
def dicom_overflow__metal_outside(study: Study) -> None:
    """Metal of 12,000 HU stands beside the ROI, in 0.25 % of the voxels."""
    for ds in study.slices[:2]:
        pixels = pixels_of(ds).copy()
        pixels[9:11, 9:11] = 12000 + 1024
        ds.PixelData = pixels.tobytes()


@pt(recovered("DICOM_OVERFLOW", twin="other"))
def dicom_overflow__slopes(study: Study) -> None:
    """Some voxels of the ROI hold the padding value, and the slopes differ from slice to slice."""
    for ds in study.slices:
        ds.PixelPaddingValue = 32000
    for ds in study.slices[ROI[0]]:
        pixels = pixels_of(ds).copy()
        pixels[6:8, 6:8] = 32000
        ds.PixelData = pixels.tobytes()


def _other_series(study: Study) -> None:
    for k, ds in enumerate(series_of(study.patient, body(1), name="other")):
        study.others[f"other{k:02d}.dcm"] = encode(ds)


@ct(recovered(ignored_not_named=8))
def dicom_two_series(study: Study) -> None:
    """Two series of one patient; the contours name one of them."""
    _other_series(study)


@ct(refused("SERIES_AMBIGUOUS", stage="index"))
def dicom_two_series__unnamed(study: Study) -> None:
    """Two series of one patient; the contours tell their frame of reference alone."""
    _other_series(study)
    del study.mask.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence


@ct(recovered())
def dicom_charset(study: Study) -> None:
    """Names hold bytes that the declared character set does not know."""
    for i, ds in enumerate(study.slices):
        ds.SpecificCharacterSet, ds.PatientName = "ISO_IR 192", "AAAA^BBBB"
        study.images[i] = encode_with(ds, {b"AAAA^BBBB": b"\xc4\xd6\xdc\xdf^\xff\xfe\x80\x81"})


@ct(recovered())
def dicom_charset__unknown(study: Study) -> None:
    """The declared character set does not exist."""
    for i, ds in enumerate(study.slices):
        ds.SpecificCharacterSet = "ISO_IR 192"
        study.images[i] = encode_with(ds, {b"ISO_IR 192": b"ISO_IR 999"})


def encode_with(ds: Dataset, texts: Mapping[bytes, bytes]) -> bytes:
    """A file in which texts are replaced, each by one of its length: pydicom would not write them."""
    data = encode(ds)
    for old, new in texts.items():
        assert data.count(old) == 1 and len(old) == len(new)
        data = data.replace(old, new)
    return data


@ct(recovered())
def dicom_bad_vr(study: Study) -> None:
    """Numbers are written with a comma, and dates are none."""
    for i, ds in enumerate(study.slices):
        ds.KVP, ds.StudyDate = "120.5", "19010101"
        study.images[i] = encode_with(ds, {b"120.5": b"120,5", b"19010101": b"00000000"})


@ct(refused("DICOM_BAD_VR"))
def dicom_bad_vr__position(study: Study) -> None:
    """A position is written with commas."""
    texts = {b"-10.0\\-10.0\\12.5": b"-10,0\\-10,0\\12,5"}
    study.images[5] = encode_with(study.slices[5], texts)


@ct(refused("DICOM_UID_COLLISION", "DICOM_UID_COLLISION", stage="index"))
def dicom_uid_collision(study: Study) -> list[Study]:
    """Two patients share one SeriesInstanceUID."""
    other = ct_study(f"{study.patient}-B", seed=1)
    for ds in other.slices:
        ds.SeriesInstanceUID = study.slices[0].SeriesInstanceUID
    reference = other.mask.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    reference.RTReferencedSeriesSequence[0].SeriesInstanceUID = study.slices[0].SeriesInstanceUID
    return [study, other]


@ct(recovered("DICOM_LATERALITY"))
def dicom_laterality(study: Study) -> None:
    """The patient lies feet first: the slices are stored downwards, and orientation tells where they are."""
    study.images.reverse()
    for i, ds in enumerate(study.slices, start=1):
        ds.PatientPosition, ds.InstanceNumber = "FFS", i
