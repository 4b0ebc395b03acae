"""vgg: convolutions of 3 × 3 one behind the other (Simonyan & Zisserman, ICLR 2015)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

MEMBERS = {
    "vgg11": Member("Simonyan & Zisserman 2015", 132.9, 512),
    "vgg13": Member("Simonyan & Zisserman 2015", 133.0, 512),
    "vgg16": Member("Simonyan & Zisserman 2015", 138.4, 512),
    "vgg19": Member("Simonyan & Zisserman 2015", 143.7, 512),
    "vgg11_bn": Member("Simonyan & Zisserman 2015", 132.9, 512),
    "vgg13_bn": Member("Simonyan & Zisserman 2015", 133.1, 512),
    "vgg16_bn": Member("Simonyan & Zisserman 2015", 138.4, 512),
    "vgg19_bn": Member("Simonyan & Zisserman 2015", 143.7, 512),
}


class Vgg(TimmFamily):
    """With `_bn`: normalised over the batch (torchvision). 512 maps; the dense layers are convolutions, as timm has them."""

    kind: Literal["vgg"] = "vgg"
    variant: Literal["vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"] = Field(
        "vgg16", description="member of the family"
    )
    members: ClassVar[dict[str, Member]] = MEMBERS
