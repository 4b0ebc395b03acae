"""RTSTRUCT: contours, rasterised on the slices of the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from features.core.case import Scan
from features.core.kinds.mask import Mask, Opened
from features.core.quarantine import Warned
from features.core.region import Volume
from features.images.masks.named import NamedRois


class Rtstruct(NamedRois):
    """Contours in an RTSTRUCT that references the image series."""

    kind: Literal["rtstruct"] = Field(
        "rtstruct", alias="format", description="contours in an RTSTRUCT of the image series"
    )

    @classmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:
        """As `read_rtstruct_mask`."""
        from features.images.masks.rtstruct import check_size, read_rtstruct_mask  # a catalog needs no readers

        check_size(scan.mask.paths[0])
        dataset = opened.dataset(scan.mask.paths[0])
        return read_rtstruct_mask(dataset, image, scan.roi, rule=scan.rule, frame_of_reference=image.frame)
