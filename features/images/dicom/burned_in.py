"""check_burned_in: images in whose pixels a patient's name may be written; warn_of_face: those that show a face."""

from __future__ import annotations

import re

from pydicom.dataset import Dataset

from features.core.quarantine import Rejected, Warned
from features.images.dicom.dataset import numbers, text

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_SCREENS = ("US", "IVUS", "XC", "ES", "OT", "DOC")  # modalities whose frames usually carry text
_CAPTURED = (  # attributes of a secondary capture, which images of a scanner do not have
    "DateOfSecondaryCapture",
    "SecondaryCaptureDeviceManufacturer",
    "SecondaryCaptureDeviceManufacturerModelName",
    "SecondaryCaptureDeviceSoftwareVersions",
)
_CONVERSIONS = ("DV", "DI", "DF", "WSD", "SD", "SI", "DRW")  # video, screens, films and papers that were digitised
_HEAD = re.compile(
    r"head|brain|skull|crani|cereb|face|facial|orbit|sinus|mandib|maxill|cran(e|io)|hirn|kopf", re.IGNORECASE
)
_PLACES = ("BodyPartExamined", "StudyDescription", "SeriesDescription", "ProtocolName", "RequestedProcedureDescription")
_HEAD_MM = (180.0, 280.0)  # field of view of a CT of the head


def check_burned_in(dataset: Dataset) -> None:
    """Raises Rejected: PHI_BURNED, if an image says, or by its origin is likely, to carry text in its pixels.

    The rule is that of CTP's BurnedInPixelsFilter: BurnedInAnnotation is YES, ImageType or SeriesDescription name a SAVE
    (of a screen), or attributes of a secondary capture have a value. Beyond it: the class is a Secondary Capture, the
    ConversionType is one of digitised video, film or screens, or the Modality is one that draws text into its frames.
    Pixels are not looked at.
    """
    why = ""
    if text(dataset, "BurnedInAnnotation").upper() == "YES":
        why = "BurnedInAnnotation"
    elif "SAVE" in text(dataset, "ImageType").upper():
        why = "ImageType"
    elif "SAVE" in text(dataset, "SeriesDescription").upper():
        why = "SeriesDescription"
    elif text(dataset, "SOPClassUID").startswith(SECONDARY_CAPTURE):
        why = "SOPClassUID"
    elif text(dataset, "ConversionType") in _CONVERSIONS:
        why = "ConversionType"
    elif text(dataset, "Modality") in _SCREENS:
        why = "Modality"
    else:
        why = next((keyword for keyword in _CAPTURED if keyword in dataset and text(dataset, keyword)), "")
    if why:
        raise Rejected("PHI_BURNED", attribute=why)


def warn_of_face(dataset: Dataset) -> tuple[Warned, ...]:
    """PHI_FACE, if a CT or MR is of the head: a face could be recognised in a rendering of the volume.

    By the body part, else by the descriptions; a CT that tells neither is one of the head if its field of view is.
    """
    if text(dataset, "Modality") not in ("CT", "MR"):
        return ()
    told = [text(dataset, keyword) for keyword in _PLACES]
    if any(map(_HEAD.search, told)):
        return (Warned("PHI_FACE"),)
    pixel, columns = numbers(dataset, "PixelSpacing", 2), numbers(dataset, "Columns", 1)
    if any(told) or not pixel or not columns or text(dataset, "Modality") != "CT":
        return ()
    width = pixel[1] * columns[0]
    return (
        (Warned("PHI_FACE", "", {"field_of_view_mm": round(width, 1)}),) if _HEAD_MM[0] <= width <= _HEAD_MM[1] else ()
    )
