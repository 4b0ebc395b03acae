"""Names of images: as pyradiomics writes them, and as words in names of columns; the column that tells what is undefined."""

from __future__ import annotations

from features.core.column import Column

ORIGINAL = "original"
UNDEFINED = Column(
    "undefined",
    "string",
    "features that are undefined for this region, by reason, as JSON; empty if there is none",
    role="fact",
    family="undefined",
)


def word(image: str) -> str:
    """An image's name as it stands in names of columns.

    >>> word("log-sigma-2-5-mm-3D"), word("wavelet-LLH"), word("lbp-3D-m1")
    ('log_sigma_2_5_mm', 'wavelet_LLH', 'lbp_3D_m1')
    """
    return image.removesuffix("-3D").replace("-", "_")
