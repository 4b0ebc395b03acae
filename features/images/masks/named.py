"""NamedRois: the settings that RTSTRUCT and SEG share, whose ROIs have names."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from features.core.case import ROI
from features.core.kinds.mask import OVERLAP, ROIS, MaskSource, RoiWord


class NamedRois(MaskSource):
    """One ROI by a pattern of its name, or several by words."""

    files: ClassVar[Literal["dicom", "path", "none"]] = "dicom"
    roi: str = Field("", description="regular expression for the whole name of the ROI, in any case of letters")
    rois: dict[RoiWord, str] = Field({}, description=ROIS)
    several: Literal["reject", "union", "largest"] = Field(
        "reject", description="what is done if several match: `reject` the case, or take their `union` or the `largest`"
    )
    absent: Literal["reject", "ignore"] = Field(
        "reject", description="what is done if none matches: `reject`, or `ignore`: the patient has no such region"
    )
    overlap: Literal["allow", "reject"] = Field("allow", description=OVERLAP)

    @model_validator(mode="after")
    def check_named(self) -> Self:
        if not self.roi and not self.rois:
            raise ValueError("give either roi, for one ROI, or rois, for several by words")
        if self.roi and len(self.rois) > 1:
            raise ValueError("give either roi, for one ROI, or rois, for several by words")
        return self

    @property
    def roi_name(self) -> str:
        return next(iter(self.rois), ROI)

    @property
    def pattern(self) -> str:
        return self.roi or next(iter(self.rois.values()))

    @property
    def rule(self) -> dict[str, Any]:
        absent = {"absent": self.absent} if self.rois else {}  # without a word, the index leaves such a case out
        return {"several": self.several, "overlap": self.overlap, **absent}

    def each(self) -> tuple[Self, ...]:
        """A source for each of its ROIs."""
        if not self.rois:
            return (self,)
        return tuple(
            self.model_copy(update={"roi": pattern, "rois": {word: pattern}}) for word, pattern in self.rois.items()
        )
