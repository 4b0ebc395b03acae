"""Faults of DICOM series that become images by words, or that images are calculated from."""

from __future__ import annotations

from functools import partial

from tests.corpus.registry import fault, recovered, refused
from tests.corpus.series_words import LONG_MS, SHORT_MS
from tests.corpus.study import ROI, Study, body, encode, roi_contours, rtstruct_of, series_of, uid

diffusion = partial(fault, "Series", "diffusion")
echoes = partial(fault, "Series", "echoes")


def _again(study: Study, echo_ms: float) -> None:
    """A further series with contours of its own."""
    series = series_of(study.patient, body(1) + 1100, modality="MR", intercept=0, name="again")
    for ds in series:
        ds.EchoTime = echo_ms
    study.images += series
    mask = rtstruct_of(series, [("GTV-1", roi_contours())])
    mask.SOPInstanceUID = mask.file_meta.MediaStorageSOPInstanceUID = uid(study.patient, "struct", "again")
    study.others["again-struct.dcm"] = encode(mask)


@echoes(refused("index SERIES_AMBIGUOUS", used=1))
def series_ambiguous__word(study: Study) -> None:
    """Two series fit one of two words that the catalog declares, each with contours."""
    _again(study, SHORT_MS)


@echoes(refused("index SERIES_SHARED", "index SERIES_SHARED", "index SERIES_SHARED"))
def series_shared(study: Study) -> None:
    """One series fits both words of the catalog, because its echo time is where they meet."""
    for ds in study.slices:
        if ds.EchoTime == SHORT_MS:
            ds.EchoTime = 30


@echoes(recovered("IMAGE_ABSENT"))
def image_absent__series(study: Study) -> None:
    """The case lacks the series of one of two words."""
    study.images = [ds for ds in study.slices if ds.EchoTime == LONG_MS]
    del study.others["image-struct.dcm"]


@diffusion(refused("CALCULATION"))
def calculation(study: Study) -> None:
    """A b-value that the ADC is fitted to is missing."""
    study.images = [ds for ds in study.slices if ds.DiffusionBValue != 1000]


@diffusion(refused("CALCULATION"))
def calculation__untold(study: Study) -> None:
    """Slices do not tell their b-value."""
    for ds in study.slices[:4]:
        del ds.DiffusionBValue


@diffusion(refused("CALCULATION"))
def calculation__grid(study: Study) -> None:
    """The slices of one b-value lie 3 mm beside the others."""
    for ds in study.slices:
        if ds.DiffusionBValue == 1000:
            x, y, z = ds.ImagePositionPatient
            ds.ImagePositionPatient = [x + 3, y, z]


@diffusion(refused("DICOM_MISSING_SLICE"))
def dicom_missing_slice__b_value(study: Study) -> None:
    """One b-value lacks a slice inside the stack."""
    del study.images[3]


@diffusion(recovered("CALCULATION_UNDEFINED", twin="other"))
def calculation_undefined(study: Study) -> None:
    """A signal of the ROI is 0, so that its ADC is undefined."""
    ds = study.slices[-5]
    _, y, x = ROI
    values = bytearray(ds.PixelData)
    at = 2 * (y.start * ds.Columns + x.start)
    values[at : at + 2] = b"\0\0"
    ds.PixelData = bytes(values)


@diffusion(recovered())
def calculation__private(study: Study) -> None:
    """The b-values are written in Siemens' private element alone, and slices of another b-value are there."""
    for ds in study.slices:
        block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
        block.add_new(0x0C, "IS", str(int(ds.DiffusionBValue)))
        del ds.DiffusionBValue
