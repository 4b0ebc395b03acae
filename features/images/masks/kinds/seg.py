"""SEG: segments of a DICOM segmentation, placed by their position in space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from features.core.case import Scan
from features.core.kinds.mask import Mask, Opened
from features.core.quarantine import Warned
from features.core.region import Volume
from features.images.masks.named import NamedRois


class Seg(NamedRois):
    """A DICOM SEG that references the image series; its ROIs are segments, by their labels."""

    kind: Literal["seg"] = Field("seg", alias="format", description="a DICOM SEG of the image series")
    threshold: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="share of a voxel from which on a fractional segmentation counts"
    )
    grid: Literal["same", "nearest"] = Field(
        "same",
        description="`same`: frames must be on the grid of the image; `nearest`: they are resampled to it by nearest neighbour",
    )

    @property
    def rule(self) -> dict[str, Any]:
        return {**super().rule, "threshold": self.threshold, "mask_grid": self.grid}

    @classmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:
        """As `read_seg_mask`. Warns as that, and SEGMENTED if the file says that a program made the ROI and the catalog not."""
        from features.images.masks.seg import algorithm_types, read_seg_mask  # a catalog needs no readers

        dataset = opened.dataset(scan.mask.paths[0])
        mask, told = read_seg_mask(dataset, image, scan.roi, rule=scan.rule, frame_of_reference=image.frame)
        types = algorithm_types(dataset, scan.roi, scan.rule) & {"AUTOMATIC", "SEMIAUTOMATIC"}
        if not types or scan.segmentation in ("automatic", "semiautomatic"):
            return mask, told
        said = " and ".join(sorted(types))
        what = f"the file says {said} of how the ROI was made, and the catalog says {scan.segmentation}"
        return mask, (*told, Warned("SEGMENTED", f"{what}; say segmentation: {min(types).lower()} at the mask"))
