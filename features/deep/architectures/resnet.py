"""resnet: blocks whose output is added to their input (He et al., CVPR 2016), and wide ones (Zagoruyko & Komodakis, BMVC 2016)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

MEMBERS = {
    "resnet18": Member("He et al. 2016", 11.7, 512),
    "resnet34": Member("He et al. 2016", 21.8, 512),
    "resnet50": Member("He et al. 2016", 25.6, 2048),
    "resnet101": Member("He et al. 2016", 44.5, 2048),
    "resnet152": Member("He et al. 2016", 60.2, 2048),
    "wide_resnet50_2": Member("Zagoruyko & Komodakis 2016", 68.9, 2048),
    "wide_resnet101_2": Member("Zagoruyko & Komodakis 2016", 126.9, 2048),
}


class ResNet(TimmFamily):
    """Layers have torchvision's names: conv1, layer1 to layer4, fc."""

    kind: Literal["resnet"] = "resnet"
    variant: Literal[
        "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "wide_resnet50_2", "wide_resnet101_2"
    ] = Field("resnet50", description="member of the family")
    members: ClassVar[dict[str, Member]] = MEMBERS
