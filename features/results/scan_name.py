"""scan_name: what people call a scan, by the words of its image and its ROI."""

from __future__ import annotations

from features.core.case import ROI

SCAN = ("case", "image", "roi")  # the columns that tell one scan from another
PICTURE = "picture"  # the column of scans that holds the address of the picture of the image
SEGMENTATION = "segmentation"  # the column that tells how a ROI was made
ABSENT = "absent"  # the state of a scan whose patient has no such region, where the catalog lets that pass


def scan_name(image: str, roi: str) -> str:
    """The image, and the ROI where it has a name.

    >>> scan_name("CT", "roi"), scan_name("t1c", "tumour"), scan_name("", "")
    ('CT', 't1c tumour', '')
    """
    return " ".join(word for word in (image, "" if roi == ROI else roi) if word)
