"""Quarantine: every rejected case has a row with a code, and every code says what it means and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from features.core.case_reasons import CASE_REASONS
from features.core.extraction_reasons import EXTRACTION_REASONS
from features.core.reason import Reason as Reason
from features.core.segmentation_reasons import SEGMENTATION_REASONS
from features.core.table_reasons import TABLE_REASONS

Stage = Literal["index", "quality", "extract", "tables"]


REASONS: dict[str, Reason] = {
    "DICOM_TRUNC": Reason("a DICOM file cannot be parsed to its end", "send the file again from its source"),
    "DICOM_SHORT_PIXELS": Reason("pixel data are shorter than rows × columns × frames", "send the file again"),
    "DICOM_DECODE": Reason("compressed pixel data cannot be decoded", "check the transfer syntax; send uncompressed"),
    "DICOM_MISSING_SLICE": Reason("slices are missing inside the stack", "retrieve the whole series again"),
    "DICOM_DUP_SLICE": Reason("several slices lie at one position", "separate the acquisitions of this series"),
    "DICOM_NONUNIFORM": Reason(
        "slices lie more than 0.01 mm + 2 % of their distance beside any regular grid",
        "export a uniformly reconstructed series, or say regrid: true",
    ),
    "DICOM_GANTRY_TILT": Reason(
        "slices are sheared against their normal (gantry tilt)", "use an untilted reconstruction"
    ),
    "DICOM_NO_IPP": Reason("ImagePositionPatient or ImageOrientationPatient is absent", "export with full geometry"),
    "DICOM_NO_RESCALE": Reason("a CT has no RescaleSlope/RescaleIntercept, HU are unknown", "export with rescale tags"),
    "DICOM_MIXED_RESCALE": Reason("rescale values differ between slices of a CT", "separate the reconstructions"),
    "DICOM_LUT": Reason(
        "the Modality LUT Sequence of an image is not whole, or stands beside rescale values",
        "export with one whole look-up table, or with RescaleSlope and RescaleIntercept",
    ),
    "DICOM_MIXED_MATRIX": Reason(
        "rows, columns, spacing or orientation differ in a series", "separate the acquisitions"
    ),
    "DICOM_MIXED_PHASES": Reason(
        "slices of several acquisitions, echoes, b-values or times lie at one position",
        "choose one by `select`, as by DiffusionBValue or EchoTime, calculate an image of all, or export them as series",
    ),
    "DICOM_RGB": Reason("a colour image holds no intensities", "export the original images, not screenshots"),
    "DICOM_BAD_VR": Reason("a required attribute cannot be understood", "correct the attribute at its source"),
    "MISSING_DECODER": Reason(
        "no decoder for the transfer syntax is installed", "install one, or send the series uncompressed"
    ),
    "LOSSY": Reason("warning: pixels were compressed and lost something by it", "prefer the originals; mind textures"),
    "DICOM_THICKNESS": Reason(
        "warning: slices overlap or have gaps: their thickness is not their distance",
        "none; the distance is used, the thickness is kept as a fact",
    ),
    "DICOM_LATERALITY": Reason(
        "warning: the patient did not lie head first and supine",
        "none; left and right come from ImageOrientationPatient",
    ),
    "DICOM_DETECTOR": Reason(
        "warning: the pixel spacing of an X-ray is that at the detector", "calibrate, or compare no lengths"
    ),
    "DICOM_MONOCHROME1": Reason(
        "warning: low values were meant to be bright; an X-ray or MR was inverted, a CT or PET was not",
        "look at the image",
    ),
    "DICOM_NO_PREAMBLE": Reason("warning: files have no DICOM preamble", "none; they were read"),
    "DICOM_DUP_DROPPED": Reason("warning: identical copies of slices were left out", "remove the copies"),
    "DICOM_REGRID": Reason(
        "warning: a tilted or unevenly spaced stack was resampled to a regular grid, as the catalog asks",
        "look at the contour on the image",
    ),
    "DICOM_OFF_GRID": Reason(
        "warning: slices lie a little beside a regular grid, up to 0.01 mm + 2 % of their distance, and were taken to lie on it",
        "none; off_mm is the largest distance",
    ),
    "SEC_BOMB": Reason(
        "a file would unpack to far more than it can honestly hold", "find out who made it; do not open it"
    ),
    "HU_RANGE": Reason(
        "CT numbers lie outside the plausible range",
        "check PixelRepresentation and the rescale tags; of other files, whether they hold HU",
    ),
    "UNIT_DOUBTFUL": Reason(
        "warning: the values may not be in the unit that the catalog declares",
        "compare them with the original images; convert them, or correct the unit in the catalog",
    ),
    "CT_UNIT": Reason(
        "a CT that the catalog declares as HU holds something else, such as iodine, an atomic number or electron density",
        "take the series in HU by `select` or `ignore`, or declare the unit arbitrary",
    ),
    "CT_UNIT_UNTOLD": Reason(
        "warning: a CT says that its unit is unspecified (RescaleType US); it was taken for HU, as declared",
        "check the values of fat and muscle, or declare the unit arbitrary",
    ),
    "DICOM_MODALITY": Reason(
        "no source of the folder declares the modality of the series", "declare it, or let a source ignore it"
    ),
    "DICOM_DUP_UID_CONFLICT": Reason(
        "files with one SOPInstanceUID differ", "find out which one is true, and remove the other"
    ),
    "DICOM_UID_COLLISION": Reason(
        "one SeriesInstanceUID stands for several patients or centres", "de-identify again with UIDs that are unique"
    ),
    "DICOM_MISSING_END": Reason(
        "the contours refer to slices that are not in the series", "retrieve the whole series again"
    ),
    "DICOM_FEWER_SLICES": Reason(
        "warning: there are fewer slices than ImagesInAcquisition says; the first or last may be missing",
        "compare with the PACS; retrieve the series again if slices are missing",
    ),
    "SEG_REF": Reason(
        "the segmentation refers to slices that are not in the series",
        "retrieve the whole series again, or the one that was segmented",
    ),
    "SEC_DOS": Reason("sequences are nested deeper than in any honest file", "find out who made the file; remove it"),
    "ARCHIVE_UNSAFE": Reason(
        "an archive holds links, devices, archives or paths that lead out of it", "pack plain files, and nothing else"
    ),
    "ARCHIVE_BOMB": Reason(
        "an archive would unpack to over 100 times its size, 64 GiB or 200,000 files",
        "find out who made it; unpack it yourself, or pack a case at a time",
    ),
    "ARCHIVE_DAMAGED": Reason("an archive is damaged, encrypted or none", "send the archive again, without a password"),
    "PHI_BURNED": Reason(
        "a patient's name may be written in the pixels (burned-in annotation, screen save, secondary capture)",
        "look at the images; export the original series",
    ),
    "PHI_FACE": Reason(
        "warning: the image is of the head, and a face could be recognised in it",
        "do not hand out volumes; remove the face first",
    ),
    "NOT_IMAGE": Reason(
        "a file is no image or mask that can be de-identified", "leave it out; tables need their own pseudonyms"
    ),
    "SERIES_AMBIGUOUS": Reason(
        "several image series match one case, and its masks do not name one of them alone",
        "choose one by `select` or `ignore` in the catalog (radweave series shows what there is)",
    ),
    "SERIES_SHARED": Reason(
        "one image series is taken by several words of the catalog",
        "narrow `select` or `ignore` of the words, so that each series is one image",
    ),
    "CALCULATION": Reason(
        "an image cannot be calculated from its files: b-values or phases are missing, do not tell which they are, or lie on "
        "different grids",
        "compare `calculate` in the catalog with the series (radweave series); retrieve what is missing",
    ),
    "CALCULATION_UNDEFINED": Reason(
        "warning: voxels of the ROI have no value in a calculated image, as an ADC where a signal is 0, and were left out",
        "look at the images; a share of a few per cent changes little",
    ),
    "IMAGE_MISSING": Reason(
        "a mask refers to an image that is not there",
        "add the image, or correct its path (see SOURCE_UNMATCHED, where that is told too), or remove the mask",
    ),
    "MASK_MISSING": Reason(
        "an image has no mask",
        "add a contour, or correct the path of the masks (see SOURCE_UNMATCHED, where that is told too), or remove the image "
        "from the cohort",
    ),
    "MASK_AMBIGUOUS": Reason("several masks match one image", "keep one, or narrow the ROI pattern in the catalog"),
    "ROI_ABSENT": Reason(
        "warning: the patient has no such region, which the catalog allows by absent: ignore", "none where that is so"
    ),
    "ROI_NEEDED": Reason(
        "an image has not all ROIs that a recipe needs, or an image that it shows with others is not there",
        "declare them for the images of this centre, or name in the recipe the images that it is for",
    ),
    "ROI_MISSING": Reason("no ROI of the mask matches the catalog's pattern", "correct the pattern or the ROI name"),
    "ROI_AMBIGUOUS": Reason("several ROIs of the mask match the catalog's pattern", "narrow the pattern"),
    "UNDEFINED": Reason(
        "features are undefined for the ROI", "expected where it has one grey level; else check bins and mask"
    ),
    "LABEL_ABSENT": Reason("the mask has no voxel of the label", "ask for one of the labels that are there"),
    "LABEL_LAYERS": Reason("the label stands in several layers of the mask", "export one layer, or unique labels"),
    "ROI_SEVERAL": Reason(
        "warning: several ROIs matched, and the catalog's rule made one mask of them", "check that all are meant"
    ),
    "ROI_EMPTY": Reason("the ROI has no contour", "contour the ROI again"),
    "RT_POINT": Reason("a slice of the ROI has points or open lines instead of a closed contour", "close the contour"),
    "RT_OBLIQUE": Reason("a contour runs across the image's slices", "draw it on the image's own slices"),
    "RT_OFF_SLICE": Reason("a contour lies between image slices", "export contours on the image's own slices"),
    "RT_OUTSIDE": Reason("a contour reaches outside the image", "check that contour and image belong together"),
    "RT_HUGE": Reason("a structure set or its ROI is too large to be one of a patient", "check the export; thin out"),
    "RT_SNAPPED": Reason(
        "warning: contours lie up to a tenth of the slice spacing off their slice, and were put on it",
        "check that contour and image belong together",
    ),
    "RT_SKIPPED": Reason(
        "warning: slices between the first and the last contour of the ROI have none and stay empty",
        "let the contouring software fill in the slices, if they are meant",
    ),
    "RT_OVERLAP_ISLANDS": Reason(
        "warning: contours of the ROI partly cover each other, or stand twice; they were united", "look at the contours"
    ),
    "RT_STRAY": Reason("warning: points or open lines beside closed contours were left out", "look at the contours"),
    "FRAME_OF_REFERENCE": Reason(
        "image and mask have different frames of reference", "export the matching pair, or declare a registration"
    ),
    "REGISTRATION_FAILED": Reason(
        "an image could not be brought beside the one that its ROI was drawn on",
        "look at both: another part of the body, no overlap, hardly any contrast; or contour the ROI on the image itself",
    ),
    "REGISTRATION_DOUBT": Reason(
        "warning: registration moved an image, and both fit hardly better than where the files put them",
        "look at the pair on the quality page; leave registration out where both are in one frame of reference",
    ),
    "REGISTRATION_SHIFT": Reason(
        "warning: registration moved an image farther than the catalog expects",
        "look at the pair on the quality page; raise warn_shift_mm where such shifts are usual",
    ),
    "SEG_FRACTIONAL": Reason(
        "warning: a fractional segmentation was cut at the catalog's threshold", "check that the threshold is meant"
    ),
    "SEG_OTHER_SERIES": Reason(
        "warning: frames of the segmentation that lie on the grid of another series were left out",
        "check that the frames of this image are complete",
    ),
    "NII_TRUNC": Reason("a NIfTI file is truncated or is not NIfTI", "copy the file again"),
    "NII_ANALYZE": Reason(
        "a pair of .hdr and .img is Analyze 7.5, which does not tell how the patient lay",
        "convert the original DICOM to NIfTI; to convert the pair would guess left and right",
    ),
    "ORIENTATION_UNKNOWN": Reason(
        "warning: the file does not tell how the patient lay; its axes were taken as they are stored",
        "convert the original DICOM again; left and right, and front and back, may be exchanged",
    ),
    "NII_SQ": Reason("sform and qform place the image differently", "write one geometry into the header"),
    "NII_SHEAR": Reason("the voxel axes are not orthogonal", "resample the image to orthogonal axes"),
    "NII_4D": Reason("the image does not have two or three dimensions", "export one volume"),
    "NII_SPACING": Reason("a voxel spacing is zero, negative or above 20 mm", "correct the header's pixdim"),
    "NII_UNITS": Reason("warning: the header gives lengths in metres or micrometres", "none; they were converted"),
    "NRRD_PATH": Reason("a header names a data file outside its own folder", "put the data file beside the header"),
    "PET_UNITS": Reason(
        "a PET cannot be brought into the unit that the catalog declares", "export it in BQML, or correct the catalog"
    ),
    "PET_DECAY": Reason(
        "a PET is not corrected for decay, or does not say to when", "reconstruct it with DecayCorrection"
    ),
    "PET_NOT_CORRECTED": Reason(
        "a PET is not corrected for attenuation or decay, by its CorrectedImage", "export the corrected series"
    ),
    "PET_NO_WEIGHT": Reason(
        "PatientWeight is absent or not between 20 and 350 kg, SUV are unknown", "correct it, or declare the unit BQML"
    ),
    "PET_NO_SIZE": Reason(
        "PatientSize (0.5 to 2.5 m) or PatientSex is absent or wrong, SUL and SUVbsa are unknown",
        "correct it, or declare the unit SUV",
    ),
    "PET_NO_DOSE": Reason(
        "the injected dose is absent or under 1 MBq, or the half life is that of no tracer, or of another isotope",
        "correct the dose (Bq), the half life (s) or the code of the isotope",
    ),
    "PET_TIME": Reason(
        "the times of injection and scan are absent, contradict each other, or are too far apart for the tracer",
        "correct the dates and times of the attributes that the message names",
    ),
    "PET_RANGE": Reason(
        "a hundredth of a PET's voxels is above SUV 100, or of a file's above 1000",
        "check dose, weight and Units; of other files, whether they are in Bq/ml",
    ),
    "PET_HIGH": Reason("warning: the highest SUV of a PET is above 100", "expected in bladder and kidneys; else check"),
    **CASE_REASONS,
    "SOURCE_UNMATCHED": Reason(
        "warning: nothing in the files fits an image source of the catalog",
        "compare its path with the names of the files; the message tells forms that are near",
    ),
    "PATIENT_CONFLICT": Reason(
        "one patient id stands in several centres",
        "make ids unique, or declare id_form: prefix if they are different people",
    ),
    "IMAGE_COPY": Reason(
        "warning: another patient has the same voxels in its image or in its ROI: one of them may be a copy",
        "find out whose image it is; studies keep such patients on one side of every fold",
    ),
    "NAN_IN_ROI": Reason("the ROI holds NaN or infinite voxels", "find where the image was damaged"),
    "NAN_OUTSIDE": Reason(
        "warning: the image holds NaN or infinite voxels outside the ROI", "find where the image was damaged"
    ),
    "DICOM_OVERFLOW": Reason(
        "warning: voxels of the ROI are padding, or at the highest value that can be stored",
        "look at the ROI; padding is left out",
    ),
    "IMAGE_FLAT": Reason("the image has no contrast to normalise by", "find where the image was damaged"),
    "GEOMETRY": Reason("image and mask have different grids", "resample the mask to the image's grid"),
    "MASK_REGRIDDED": Reason(
        "warning: the mask lay on another grid; the nearest of its voxels were taken", "look at the contour"
    ),
    "MASK_EMPTY": Reason("the mask has no voxel", "contour the ROI again"),
    "MASK_TINY": Reason("the mask is a line or has fewer than 27 voxels", "check the contour"),
    "MASK_FLAT": Reason(
        "warning: all voxels of the ROI have one value; its textures are undefined and null",
        "check the image and the mask's place",
    ),
    "MASK_MULTI": Reason("warning: the mask has several parts that do not touch", "check that all are meant"),
    "MASK_BORDER": Reason("warning: the mask touches the border of the image", "check that the lesion is whole"),
    "MASK_OUTSIDE_BODY": Reason(
        "warning: the ROI is air: its mean is below -900 HU", "check that contour and image belong together"
    ),
    "MASK_VALUES": Reason("the mask holds values that are not whole labels", "export an integer label map"),
    "WORKER_LOST": Reason("the process that worked on the case ended without a result", "refresh again; check memory"),
    "TIMEOUT": Reason("the case took longer than the runner allows", "look at the scan's size, or raise --timeout"),
    "OOM_RISK": Reason(
        "the case needs more memory than there is for it",
        "a coarser grid, or more memory for each: refresh with fewer --workers or more --memory, extract with fewer --jobs",
    ),
    **EXTRACTION_REASONS,
    **SEGMENTATION_REASONS,
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
    "READERS_FEW": Reason(
        "fewer than two readers drew a region of which the catalog asks for a consensus",
        "let another reader draw it, or use the region of one reader",
    ),
    "READERS_FEWER": Reason(
        "warning: a consensus is that of some of the readers, because the others did not draw the region",
        "none where that was planned; else look for the missing files",
    ),
    "IMAGE_ABSENT": Reason(
        "warning: a case has no image of a word that the catalog declares",
        "none where it was not taken; else retrieve it",
    ),
    "ROI_OVERLAP": Reason(
        "two regions of one image share voxels, and the catalog says that none may",
        "correct the regions that the message names, or say overlap: allow",
    ),
    **TABLE_REASONS,
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
    """One row of the quarantine table, or of the warnings: what is said of which case, image and ROI, and of how many files
    and bytes.

    digests: the first 12 hexadecimal digits of the sha-256 of each set of files, as far as they are known. segmentation:
    how the ROI was made.
    """

    cohort: str
    centre: str
    case: str
    modality: str
    stage: Stage
    code: str
    message: str
    details: dict[str, float | int | str] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    digests: tuple[str, ...] = ()
    image: str = ""
    roi: str = ""
    segmentation: str = ""
