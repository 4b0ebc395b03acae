"""Registration: how the catalog says that an image is brought beside another one of the same patient."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat

from features.core.frozen import Frozen


class Registration(Frozen):
    """To which image of the case, with which freedom, and from which shift on a person should look."""

    to: str = Field(description="word of the image that it is brought beside; `template`: that of an atlas")
    kind: Literal["rigid", "affine"] = Field(
        "rigid",
        description="`rigid`: shifts and turns; `affine`: also scales and shears, as between a patient and a template",
    )
    warn_shift_mm: PositiveFloat = Field(
        10.0, description="shift of the middle of the image in mm beyond which a warning is given (REGISTRATION_SHIFT)"
    )
