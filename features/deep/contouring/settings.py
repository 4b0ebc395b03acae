"""Contouring: the settings of a network that draws one ROI."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from features.core.frozen import Frozen

LEVELS = 4  # of the network: three times it halves its maps


class Contouring(Frozen):
    """How images are shown to the network, how large it is, and how long it is trained. Its digest is that of these fields.

    The network is a 3D U-Net with residual units (Çiçek et al., MICCAI 2016, arXiv:1606.06650; Kerfoot et al., STACOM 2018), as
    MONAI builds it; the loss is Dice and cross-entropy of a batch together, as in nnU-Net (Isensee et al., Nat Methods
    2021;18:203).
    """

    spacing_mm: PositiveFloat = Field(3.0, description="voxels that the network sees, alike along all axes")
    size: Annotated[int, Field(ge=16, multiple_of=8)] = Field(64, description="side of its patches, in these voxels")
    window: tuple[float, float] | None = Field(
        None,
        description="intensities that become 0 and 1; without it, the 0.5th and the 99.5th percentile of each image",
    )
    width: PositiveInt = Field(16, description="channels of the first level; they double three times")
    epochs: PositiveInt = Field(60, description="times that every case is shown")
    patches: PositiveInt = Field(4, description="patches of a case in an epoch; half of them hold a part of the ROI")
    batch: PositiveInt = Field(4, description="patches that are shown together")
    learning_rate: PositiveFloat = Field(1e-3, description="of AdamW, falling to 0 by a cosine")
    weight_decay: Annotated[float, Field(ge=0)] = Field(1e-4, description="of AdamW")
    keeps: Literal["largest", "all"] = Field("largest", description="of several parts the `largest`, or `all`")
    seed: NonNegativeInt = Field(0, description="where all random numbers come from")

    @model_validator(mode="after")
    def check_window(self) -> Self:
        if self.window is not None and self.window[0] >= self.window[1]:
            raise ValueError(f"window goes from low to high, such as [-1000, 400]; found {list(self.window)}")
        return self

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each level."""
        return tuple(self.width * 2**level for level in range(LEVELS))
