"""ComputedMask: the settings that mask sources share which compute a ROI from the image instead of reading it from a file."""

from __future__ import annotations

import json
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator

from features.core.case import ROI, Scan
from features.core.kinds.mask import AnyMask, MaskSource, RoiWord
from features.core.quarantine import Warned
from features.images.masks.kinds.whole import Whole

REGION = "the region in which the ROI is looked for: a mask source of one ROI, such as a box"


class ComputedMask(MaskSource):
    """A ROI that a program makes of the image, inside of a region where `inside` says so.

    A subclass says by `made` whether a person has marked that region. Its `read` gets the settings from the scan.
    """

    files: ClassVar[Literal["dicom", "path", "none"]] = "none"
    nested: ClassVar[frozenset[str]] = frozenset({"inside"})  # fields that are no settings of the computation
    needs_region: ClassVar[bool] = False
    roi: RoiWord | Literal[""] = Field(
        "", description="word of the ROI, in columns and recipes; without it, it has none"
    )
    inside: AnyMask | None = Field(None, description=REGION)

    @field_validator("inside")
    @classmethod
    def check_region(cls, inside: MaskSource | None) -> MaskSource | None:
        if inside is not None and (len(inside.each()) > 1 or inside.declared_readers):
            raise ValueError(f"the region has to be one ROI; it has {', '.join(inside.words)}")
        return inside

    @property
    def roi_name(self) -> str:
        return self.roi or ROI

    @property
    def base(self) -> MaskSource:
        return self.inside.base if self.inside is not None else Whole()

    @property
    def steps(self) -> tuple[MaskSource, ...]:
        own = (self.model_copy(update={"inside": None}),)
        return (*self.inside.steps, *own) if self.inside is not None else own

    @property
    def settings(self) -> str:
        told = self.model_dump(mode="json", exclude={*self.nested, "roi"}, by_alias=False)
        return json.dumps(told, sort_keys=True)

    @classmethod
    def of_scan(cls, scan: Scan) -> Self:
        """The settings by which the ROI of a scan is made; they were checked when the catalog was read."""
        found: Self = cls.model_construct(**json.loads(scan.settings))  # type: ignore[assignment]
        return found

    def told(self, **details: float | int | str) -> Warned:
        """The warning that a program made the ROI, with what decided it."""
        return Warned(
            "SEGMENTED", f"the ROI was made by {self.kind}, and no person drew it", {"by": self.kind, **details}
        )
