"""Which images and ROIs a study measured, and their volumes, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from features.core.case import Modality

_MODALITIES = frozenset(get_args(Modality))


def image_and_roi(column: str) -> tuple[str, str] | None:
    """The image and the ROI of a volume in the cohort table, the ROI "" where it has no word; None of other columns.

    >>> image_and_roi("volume_t1_gd__core_ml"), image_and_roi("volume_ct_ml"), image_and_roi("age_years")
    (('t1_gd', 'core'), ('CT', ''), None)
    """
    if not (column.startswith("volume_") and column.endswith("_ml")):
        return None
    image, _, roi = column.removeprefix("volume_").removesuffix("_ml").partition("__")
    return (image.upper() if image.upper() in _MODALITIES else image), roi


def volume_label(column: str) -> str:
    """What a volume of the cohort table is called; other columns keep their names.

    >>> volume_label("volume_flair__oedema_ml"), volume_label("volume_ct_ml")
    ('Volume of oedema in flair (ml)', 'Volume in CT (ml)')
    """
    found = image_and_roi(column)
    if found is None:
        return column
    image, roi = found
    return f"Volume of {roi} in {image} (ml)" if roi else f"Volume in {image} (ml)"


def measured_sentence(columns: Iterable[str]) -> str:
    """The images and ROIs that have words, as a part of a sentence; "" if none has.

    >>> measured_sentence(["age_years", "volume_t1c__tumour_ml", "volume_t1c__oedema_ml", "volume_flair__tumour_ml"])
    'of t1c (tumour, oedema), flair (tumour)'
    """
    rois: dict[str, list[str]] = {}
    for image, roi in filter(None, map(image_and_roi, columns)):
        rois.setdefault(image, []).extend([roi] if roi else [])
    if not any(rois.values()) and rois.keys() <= _MODALITIES:
        return ""
    return "of " + ", ".join(f"{image} ({', '.join(own)})" if own else image for image, own in rois.items())
