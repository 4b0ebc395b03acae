"""convnext: a ResNet with the habits of transformers (Liu et al., CVPR 2022), and its second version (Woo et al., CVPR 2023)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

MEMBERS = {
    "convnext_atto": Member("Woo et al. 2023", 3.7, 320),
    "convnext_femto": Member("Woo et al. 2023", 5.2, 384),
    "convnext_pico": Member("Woo et al. 2023", 9.0, 512),
    "convnext_nano": Member("Woo et al. 2023", 15.6, 640),
    "convnext_tiny": Member("Liu et al. 2022", 28.6, 768),
    "convnext_small": Member("Liu et al. 2022", 50.2, 768),
    "convnext_base": Member("Liu et al. 2022", 88.6, 1024),
    "convnext_large": Member("Liu et al. 2022", 197.8, 1536),
    "convnext_xlarge": Member("Liu et al. 2022", 350.2, 2048),
    "convnextv2_atto": Member("Woo et al. 2023", 3.7, 320),
    "convnextv2_femto": Member("Woo et al. 2023", 5.23, 384),
    "convnextv2_pico": Member("Woo et al. 2023", 9.1, 512),
    "convnextv2_nano": Member("Woo et al. 2023", 15.6, 640),
    "convnextv2_tiny": Member("Woo et al. 2023", 28.6, 768),
    "convnextv2_base": Member("Woo et al. 2023", 88.7, 1024),
    "convnextv2_large": Member("Woo et al. 2023", 198.0, 1536),
    "convnextv2_huge": Member("Woo et al. 2023", 660.3, 2816, size=384),
}


class ConvNeXt(TimmFamily):
    """Maps of the last stage, before the normalisation that belongs to the head."""

    kind: Literal["convnext"] = "convnext"
    variant: Literal[
        "convnext_atto",
        "convnext_femto",
        "convnext_pico",
        "convnext_nano",
        "convnext_tiny",
        "convnext_small",
        "convnext_base",
        "convnext_large",
        "convnext_xlarge",
        "convnextv2_atto",
        "convnextv2_femto",
        "convnextv2_pico",
        "convnextv2_nano",
        "convnextv2_tiny",
        "convnextv2_base",
        "convnextv2_large",
        "convnextv2_huge",
    ] = Field("convnext_tiny", description="member of the family")
    members: ClassVar[dict[str, Member]] = MEMBERS
    rectified: ClassVar[bool] = False
