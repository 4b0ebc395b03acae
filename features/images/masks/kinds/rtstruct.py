"""RTSTRUCT: contours, rasterised on the slices of the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from features.core.case import Scan
from features.core.kinds.mask import Mask, Opened
from features.core.quarantine import Warned
from features.core.region import Volume
from features.images.dicom.series import frame_of_reference
from features.images.masks.named import NamedRois
from features.images.masks.rtstruct import read_rtstruct_mask


class Rtstruct(NamedRois):
    """Contours in an RTSTRUCT that references the image series."""

    kind: Literal["rtstruct"] = Field(
        "rtstruct", alias="format", description="contours in an RTSTRUCT of the image series"
    )

    @classmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:  # noqa: ARG003
        """As `read_rtstruct_mask`."""
        frame = frame_of_reference(scan.image.paths[0]) if scan.image.format == "dicom" else ""
        return read_rtstruct_mask(scan.mask.paths[0], image, scan.roi, rule=scan.rule, frame_of_reference=frame)
