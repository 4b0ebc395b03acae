"""resnetv2: residual blocks that normalise before they convolve (He et al., ECCV 2016); and BiT (Kolesnikov et al. 2020)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

MEMBERS = {
    "resnetv2_18": Member("He et al. 2016 (identity mappings)", 11.7, 512),
    "resnetv2_34": Member("He et al. 2016 (identity mappings)", 21.8, 512),
    "resnetv2_50": Member("He et al. 2016 (identity mappings)", 25.5, 2048),
    "resnetv2_101": Member("He et al. 2016 (identity mappings)", 44.5, 2048),
    "resnetv2_152": Member("He et al. 2016 (identity mappings)", 60.2, 2048),
    "resnetv2_50x1_bit": Member("Kolesnikov et al. 2020", 25.5, 2048),
    "resnetv2_50x3_bit": Member("Kolesnikov et al. 2020", 217.3, 6144, size=448),
    "resnetv2_101x1_bit": Member("Kolesnikov et al. 2020", 44.5, 2048, size=448),
    "resnetv2_101x3_bit": Member("Kolesnikov et al. 2020", 387.9, 6144, size=448),
    "resnetv2_152x2_bit": Member("Kolesnikov et al. 2020", 236.3, 4096),
    "resnetv2_152x4_bit": Member("Kolesnikov et al. 2020", 936.5, 8192, size=480),
}


class ResNetV2(TimmFamily):
    """`_bit` (Kolesnikov et al., ECCV 2020) normalises over groups; `50x3`: three times as many maps."""

    kind: Literal["resnetv2"] = "resnetv2"
    variant: Literal[
        "resnetv2_18",
        "resnetv2_34",
        "resnetv2_50",
        "resnetv2_101",
        "resnetv2_152",
        "resnetv2_50x1_bit",
        "resnetv2_50x3_bit",
        "resnetv2_101x1_bit",
        "resnetv2_101x3_bit",
        "resnetv2_152x2_bit",
        "resnetv2_152x4_bit",
    ] = Field("resnetv2_50", description="member of the family")
    members: ClassVar[dict[str, Member]] = MEMBERS
