"""xception: convolutions of places and of maps apart (Chollet, CVPR 2017); 41, 65 and 71 layers (Chen et al., ECCV 2018)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

MEMBERS = {
    "xception": Member("Chollet 2017", 22.9, 2048, size=299, timm="legacy_xception"),
    "xception41": Member("Chen et al. 2018", 27.0, 2048, size=299),
    "xception65": Member("Chen et al. 2018", 39.9, 2048, size=299),
    "xception71": Member("Chen et al. 2018", 42.3, 2048, size=299),
}


class Xception(TimmFamily):
    """2,048 maps."""

    kind: Literal["xception"] = "xception"
    variant: Literal["xception", "xception41", "xception65", "xception71"] = Field(
        "xception", description="member of the family"
    )
    members: ClassVar[dict[str, Member]] = MEMBERS
