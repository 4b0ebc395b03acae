"""frame_seconds: when a slice was acquired, as its header tells it."""

from __future__ import annotations

import math
import re
from datetime import date

from pydicom.dataset import Dataset

from features.images.dicom.dataset import text
from features.images.dicom.frames import Frame, functional_group

DAY_S = 86400.0
_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)?(?:\.(\d{1,6}))?")
_DATE = re.compile(r"((?:19|20)\d\d)[.]?(\d\d)[.]?(\d\d)")


def frame_seconds(frame: Frame) -> float:
    """Seconds from an arbitrary but fixed moment to the acquisition of a slice; without a date, of an arbitrary day.

    NaN if nothing tells it.
    """
    content = functional_group(frame.groups, "FrameContentSequence")
    for place, keyword in ((content, "FrameAcquisitionDateTime"), (frame.dataset, "AcquisitionDateTime")):
        told = text(place, keyword)
        if math.isfinite(found := _seconds(told[:8], told[8:])):
            return found
    if frame.groups:
        return math.nan
    return _seconds(text(frame.dataset, "AcquisitionDate"), text(frame.dataset, "AcquisitionTime"))


def injection_seconds(dataset: Dataset) -> float:
    """Seconds of the day at which the injection of contrast agent began; NaN if the header does not tell it."""
    return _seconds("", text(dataset, "ContrastBolusStartTime"))


def _seconds(day: str, time: str) -> float:
    found = _TIME.match(time.replace(":", ""))
    if found is None:
        return math.nan
    hour, minute, second = (int(part or 0) for part in found.group(1, 2, 3))
    told = _DATE.fullmatch(day)
    try:
        days = date(int(told[1]), int(told[2]), int(told[3])).toordinal() if told else 0
    except ValueError:
        return math.nan
    return days * DAY_S + hour * 3600.0 + minute * 60.0 + second + float(f"0.{found[4] or 0}")
