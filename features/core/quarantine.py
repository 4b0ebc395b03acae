"""Quarantine: every rejected case has a row with a code, and every code says what it means and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Stage = Literal["index", "quality", "extract", "tables"]


@dataclass(frozen=True, slots=True)
class Reason:
    """What a quarantine code means and what a data manager can do about it."""

    means: str
    remedy: str


REASONS: dict[str, Reason] = {
    "DICOM_TRUNC": Reason("a DICOM file cannot be parsed to its end", "send the file again from its source"),
    "DICOM_SHORT_PIXELS": Reason("pixel data are shorter than rows × columns × frames", "send the file again"),
    "DICOM_DECODE": Reason("compressed pixel data cannot be decoded", "check the transfer syntax; send uncompressed"),
    "DICOM_MISSING_SLICE": Reason("slices are missing inside the stack", "retrieve the whole series again"),
    "DICOM_DUP_SLICE": Reason("several slices lie at one position", "separate the acquisitions of this series"),
    "DICOM_NONUNIFORM": Reason("slice spacing is not uniform", "export a uniformly reconstructed series"),
    "DICOM_GANTRY_TILT": Reason(
        "slices are sheared against their normal (gantry tilt)", "use an untilted reconstruction"
    ),
    "DICOM_NO_IPP": Reason("ImagePositionPatient or ImageOrientationPatient is absent", "export with full geometry"),
    "DICOM_NO_RESCALE": Reason("a CT has no RescaleSlope/RescaleIntercept, HU are unknown", "export with rescale tags"),
    "DICOM_MIXED_RESCALE": Reason("rescale values differ between slices of a CT", "separate the reconstructions"),
    "DICOM_MIXED_MATRIX": Reason(
        "rows, columns, spacing or orientation differ in a series", "separate the acquisitions"
    ),
    "DICOM_MULTIFRAME": Reason("enhanced multi-frame images are not read yet", "convert to classic single-frame DICOM"),
    "HU_RANGE": Reason("CT numbers lie outside the plausible range", "check PixelRepresentation and the rescale tags"),
    "SERIES_AMBIGUOUS": Reason(
        "several image series match one case", "keep one series per case and modality in the folder"
    ),
    "IMAGE_MISSING": Reason("a mask refers to an image that is not there", "add the image series, or remove the mask"),
    "MASK_MISSING": Reason("an image has no mask", "add a contour, or remove the image from the cohort"),
    "MASK_AMBIGUOUS": Reason("several masks match one image", "keep one, or narrow the ROI pattern in the catalog"),
    "ROI_MISSING": Reason("no ROI of the mask matches the catalog's pattern", "correct the pattern or the ROI name"),
    "ROI_AMBIGUOUS": Reason("several ROIs of the mask match the catalog's pattern", "narrow the pattern"),
    "UNDEFINED": Reason(
        "features are undefined for the ROI", "expected where it has one grey level; else check bins and mask"
    ),
    "LABEL_ABSENT": Reason("the mask has no voxel of the label", "ask for one of the labels that are there"),
    "ROI_EMPTY": Reason("the ROI has no usable closed contour", "contour the ROI again"),
    "RT_OFF_SLICE": Reason("a contour lies between image slices", "export contours on the image's own slices"),
    "RT_OUTSIDE": Reason("a contour reaches outside the image", "check that contour and image belong together"),
    "FRAME_OF_REFERENCE": Reason("image and mask have different frames of reference", "export the matching pair"),
    "SEG_FRACTIONAL": Reason("fractional segmentations are not read yet", "export a binary segmentation"),
    "NII_TRUNC": Reason("a NIfTI file is truncated or is not NIfTI", "copy the file again"),
    "NII_SQ": Reason("sform and qform place the image differently", "write one geometry into the header"),
    "NII_SHEAR": Reason("the voxel axes are not orthogonal", "resample the image to orthogonal axes"),
    "NII_4D": Reason("the image does not have three dimensions", "export one 3D volume"),
    "NII_SPACING": Reason("a voxel spacing is zero, negative or above 20 mm", "correct the header's pixdim"),
    "PET_UNITS": Reason("a PET is not in the SUV that the catalog declares", "convert to SUV, or correct the catalog"),
    "TIMEPOINT_UNKNOWN": Reason("the time point is absent or unknown to the catalog", "add its code to the catalog"),
    "PATIENT_UNKNOWN": Reason("a DICOM file has no PatientID", "export with patient ids"),
    "PATIENT_CONFLICT": Reason("one patient id stands in several centres", "make ids unique, or split the cohort"),
    "NAN_IN_ROI": Reason("the ROI holds NaN or infinite voxels", "find where the image was damaged"),
    "GEOMETRY": Reason("image and mask have different grids", "resample the mask to the image's grid"),
    "MASK_EMPTY": Reason("the mask has no voxel", "contour the ROI again"),
    "MASK_TINY": Reason("the mask is a line or has fewer than 27 voxels", "check the contour"),
    "MASK_FLAT": Reason("all voxels of the ROI have one value", "check the image and the mask's place"),
    "MASK_VALUES": Reason("the mask holds values that are not whole labels", "export an integer label map"),
    "WORKER_LOST": Reason("the process that worked on the case ended without a result", "refresh again; check memory"),
    "TIMEOUT": Reason("the case took longer than the runner allows", "look at the scan's size, or raise --timeout"),
    "OOM_RISK": Reason("the case needs more memory than a worker has", "fewer --workers, more --memory; refresh again"),
    "RESEGMENTED_EMPTY": Reason("re-segmentation leaves too few voxels", "check the recipe's range against the image"),
    "FILTER_SIZE": Reason("the image is too small for a filter", "leave the filter out, or use a smaller sigma"),
    "VARIANT_EMPTY": Reason(
        "the recipe's variant of the ROI has too few voxels", "use a smaller margin, or a wider shell"
    ),
    "TOO_MANY_BINS": Reason("discretisation gives too many grey levels", "use a larger bin width"),
    "FILE_CHANGED": Reason(
        "bytes changed although size and modification time did not",
        "restore the file from its source, or accept it with --rehash",
    ),
    "PACS_PARTIAL": Reason(
        "a series was still arriving at the PACS, or came in parts", "nothing: the next refresh asks for the rest"
    ),
    "PACS_FAILED": Reason(
        "a series could not be retrieved, or the PACS did not answer", "check the PACS; the next refresh asks again"
    ),
    "UNREADABLE": Reason("a file cannot be read", "check the file and its permissions"),
    "TAB_TIME": Reason(
        "a survival time is negative, or it is missing or zero where an event state is given", "correct the dates"
    ),
    "TAB_RANGE": Reason("a value lies outside the range that the catalog allows", "correct the value, or the range"),
    "TAB_TIME_UNIT": Reason(
        "warning: a centre's median survival time is over ten times that of most others, or under a tenth",
        "check whether days and months were mixed up",
    ),
    "TAB_UNITS": Reason(
        "warning: a centre's median of a number is over five times that of most others, or under a fifth",
        "check the unit that the table declares",
    ),
    "TAB_MISSING": Reason(
        "warning: more than half of a centre's patients have no value", "check column, codes and export"
    ),
    "UNEXPECTED": Reason("an error that radweave does not know", "report it with the traceback digest of the details"),
}


# True for one refresh: not kept, tried again at the next.
NOT_RETRIEVED = frozenset({"PACS_PARTIAL", "PACS_FAILED"})
TRANSIENT = frozenset({"WORKER_LOST", "TIMEOUT", "OOM_RISK", "UNREADABLE"}) | NOT_RETRIEVED


@dataclass(frozen=True, slots=True)
class Warned:
    """Something about a case that is used all the same, for a reason that REASONS knows. No patient data, as in Rejected."""

    code: str
    message: str = ""
    details: dict[str, float | int | str] = field(default_factory=dict)


class Rejected(Exception):
    """A case cannot be used, for a reason that REASONS knows. Caught per case; never stops a cohort.

    The message must hold no patient data: no names, no paths, no free text from files.
    """

    def __init__(self, code: str, message: str = "", **details: float | int | str) -> None:
        self.code = code
        self.message = message or REASONS[code].means
        self.details = details
        super().__init__(f"{code}: {self.message}")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.code, self.message, self.details)


def _rebuild(code: str, message: str, details: dict[str, float | int | str]) -> Rejected:
    return Rejected(code, message, **details)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One row of the quarantine table."""

    cohort: str
    centre: str
    case: str
    modality: str
    stage: Stage
    code: str
    message: str
    details: dict[str, float | int | str] = field(default_factory=dict)
