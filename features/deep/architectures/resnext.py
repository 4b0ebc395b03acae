"""resnext: residual blocks of grouped convolutions (Xie et al., CVPR 2017); `32x8d`: 32 groups of 8 maps."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

MEMBERS = {
    "resnext50_32x4d": Member("Xie et al. 2017", 25.0, 2048),
    "resnext101_32x4d": Member("Xie et al. 2017", 44.2, 2048),
    "resnext101_64x4d": Member("Xie et al. 2017", 83.5, 2048),
    "resnext101_32x8d": Member("Xie et al. 2017", 88.8, 2048),
    "resnext101_32x16d": Member("Mahajan et al. 2018", 194.0, 2048),
    "resnext101_32x32d": Member("Mahajan et al. 2018", 468.5, 2048),
}


class ResNeXt(TimmFamily):
    """The wider ones were published with weakly supervised weights (Mahajan et al., ECCV 2018)."""

    kind: Literal["resnext"] = "resnext"
    variant: Literal[
        "resnext50_32x4d",
        "resnext101_32x4d",
        "resnext101_64x4d",
        "resnext101_32x8d",
        "resnext101_32x16d",
        "resnext101_32x32d",
    ] = Field("resnext50_32x4d", description="member of the family")
    members: ClassVar[dict[str, Member]] = MEMBERS
