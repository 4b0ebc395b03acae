"""densenet: each layer sees the maps of all before it in its block (Huang et al., CVPR 2017)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

MEMBERS = {
    "densenet121": Member("Huang et al. 2017", 8.0, 1024),
    "densenet161": Member("Huang et al. 2017", 28.7, 2208),
    "densenet169": Member("Huang et al. 2017", 14.1, 1664),
    "densenet201": Member("Huang et al. 2017", 20.0, 1920),
}


class DenseNet(TimmFamily):
    """The last maps are normalised and rectified."""

    kind: Literal["densenet"] = "densenet"
    variant: Literal["densenet121", "densenet161", "densenet169", "densenet201"] = Field(
        "densenet121", description="member of the family"
    )
    members: ClassVar[dict[str, Member]] = MEMBERS
