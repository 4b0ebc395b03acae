"""senet: squeeze and excitation, maps weighted by what the whole image holds (Hu, Shen & Sun, CVPR 2018)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

MEMBERS = {
    "seresnet18": Member("Hu et al. 2018", 11.8, 512),
    "seresnet34": Member("Hu et al. 2018", 22.0, 512),
    "seresnet50": Member("Hu et al. 2018", 28.1, 2048),
    "seresnet101": Member("Hu et al. 2018", 49.3, 2048),
    "seresnet152": Member("Hu et al. 2018", 66.8, 2048),
    "seresnext50_32x4d": Member("Hu et al. 2018", 27.6, 2048),
    "seresnext101_32x4d": Member("Hu et al. 2018", 49.0, 2048),
    "seresnext101_64x4d": Member("Hu et al. 2018", 88.2, 2048),
    "seresnext101_32x8d": Member("Hu et al. 2018", 93.6, 2048),
    "senet154": Member("Hu et al. 2018", 115.1, 2048),
    "legacy_seresnet18": Member("Hu et al. 2018", 11.8, 512),
    "legacy_seresnet34": Member("Hu et al. 2018", 22.0, 512),
    "legacy_seresnet50": Member("Hu et al. 2018", 28.1, 2048),
    "legacy_seresnet101": Member("Hu et al. 2018", 49.3, 2048),
    "legacy_seresnet152": Member("Hu et al. 2018", 66.8, 2048),
    "legacy_seresnext26_32x4d": Member("Hu et al. 2018", 16.8, 2048),
    "legacy_seresnext50_32x4d": Member("Hu et al. 2018", 27.6, 2048),
    "legacy_seresnext101_32x4d": Member("Hu et al. 2018", 49.0, 2048),
    "legacy_senet154": Member("Hu et al. 2018", 115.1, 2048),
}


class SENet(TimmFamily):
    """`legacy_`: layers as in the authors' release; else timm's own, with layers named as in ResNet."""

    kind: Literal["senet"] = "senet"
    variant: Literal[
        "seresnet18",
        "seresnet34",
        "seresnet50",
        "seresnet101",
        "seresnet152",
        "seresnext50_32x4d",
        "seresnext101_32x4d",
        "seresnext101_64x4d",
        "seresnext101_32x8d",
        "senet154",
        "legacy_seresnet18",
        "legacy_seresnet34",
        "legacy_seresnet50",
        "legacy_seresnet101",
        "legacy_seresnet152",
        "legacy_seresnext26_32x4d",
        "legacy_seresnext50_32x4d",
        "legacy_seresnext101_32x4d",
        "legacy_senet154",
    ] = Field("seresnet50", description="member of the family")
    members: ClassVar[dict[str, Member]] = MEMBERS
