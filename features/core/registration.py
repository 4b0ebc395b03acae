"""Registration: how the catalog says that an image is brought beside another one of the same patient."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat

from features.core.frozen import Frozen

TEMPLATE = "template"  # what `to` says of the image that an atlas was drawn on
WARN_SHIFT_MM = 10.0


class Registration(Frozen):
    """To which image of the case, with which freedom, and from which shift on a person should look."""

    to: str = Field(description="word of the image that it is brought beside; `template`: that of an atlas")
    kind: Literal["rigid", "affine"] = Field(
        "rigid",
        description="`rigid`: shifts and turns; `affine`: also scales and shears, as between a patient and a template",
    )
    warn_shift_mm: PositiveFloat | None = Field(
        None,
        description="shift of the middle of the image in mm beyond which a warning is given (REGISTRATION_SHIFT); without it 10, "
        "and none for a template, which may lie anywhere",
    )

    @property
    def warns_beyond_mm(self) -> float:
        """The shift from which on a warning is given, infinite if there is none."""
        usual = float("inf") if self.to == TEMPLATE else WARN_SHIFT_MM
        return usual if self.warn_shift_mm is None else self.warn_shift_mm
