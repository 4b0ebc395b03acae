"""vit: transformers over patches (Dosovitskiy et al., ICLR 2021); those of DINOv2 have a scale of each map, and registers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from features.deep.family import Member, TimmFamily

if TYPE_CHECKING:
    import torch

MEMBERS = {
    "vit_tiny_patch16_224": Member("Dosovitskiy et al. 2021", 5.7, 192, smallest=16, multiple=16, before=1),
    "vit_small_patch16_224": Member("Dosovitskiy et al. 2021", 22.1, 384, smallest=16, multiple=16, before=1),
    "vit_base_patch16_224": Member("Dosovitskiy et al. 2021", 86.6, 768, smallest=16, multiple=16, before=1),
    "vit_large_patch16_224": Member("Dosovitskiy et al. 2021", 304.3, 1024, smallest=16, multiple=16, before=1),
    "vit_tiny_patch16_384": Member("Dosovitskiy et al. 2021", 5.8, 192, size=384, smallest=16, multiple=16, before=1),
    "vit_small_patch16_384": Member("Dosovitskiy et al. 2021", 22.2, 384, size=384, smallest=16, multiple=16, before=1),
    "vit_base_patch16_384": Member("Dosovitskiy et al. 2021", 86.9, 768, size=384, smallest=16, multiple=16, before=1),
    "vit_large_patch16_384": Member(
        "Dosovitskiy et al. 2021", 304.7, 1024, size=384, smallest=16, multiple=16, before=1
    ),
    "vit_small_patch32_224": Member("Dosovitskiy et al. 2021", 22.9, 384, multiple=32, before=1),
    "vit_base_patch32_224": Member("Dosovitskiy et al. 2021", 88.2, 768, multiple=32, before=1),
    "vit_small_patch32_384": Member("Dosovitskiy et al. 2021", 22.9, 384, size=384, multiple=32, before=1),
    "vit_base_patch32_384": Member("Dosovitskiy et al. 2021", 88.3, 768, size=384, multiple=32, before=1),
    "vit_large_patch32_384": Member("Dosovitskiy et al. 2021", 306.6, 1024, size=384, multiple=32, before=1),
    "vit_small_patch8_224": Member("Caron et al. 2021", 22.1, 384, smallest=8, multiple=8, before=1),
    "vit_base_patch8_224": Member("Dosovitskiy et al. 2021", 86.6, 768, smallest=8, multiple=8, before=1),
    "vit_large_patch14_224": Member("Dosovitskiy et al. 2021", 304.2, 1024, smallest=14, multiple=14, before=1),
    "vit_huge_patch14_224": Member("Dosovitskiy et al. 2021", 632.0, 1280, smallest=14, multiple=14, before=1),
    "vit_giant_patch14_224": Member("Zhai et al. 2022", 1012.6, 1408, smallest=14, multiple=14, before=1),
    "vit_small_patch14_dinov2": Member(
        "Oquab et al. 2024", 22.1, 384, size=518, smallest=14, multiple=14, before=1, classes=0
    ),
    "vit_base_patch14_dinov2": Member(
        "Oquab et al. 2024", 86.6, 768, size=518, smallest=14, multiple=14, before=1, classes=0
    ),
    "vit_large_patch14_dinov2": Member(
        "Oquab et al. 2024", 304.4, 1024, size=518, smallest=14, multiple=14, before=1, classes=0
    ),
    "vit_giant_patch14_dinov2": Member(
        "Oquab et al. 2024", 1136.5, 1536, size=518, smallest=14, multiple=14, before=1, classes=0
    ),
    "vit_small_patch14_reg4_dinov2": Member(
        "Darcet et al. 2024", 22.1, 384, size=518, smallest=14, multiple=14, before=5, classes=0
    ),
    "vit_base_patch14_reg4_dinov2": Member(
        "Darcet et al. 2024", 86.6, 768, size=518, smallest=14, multiple=14, before=5, classes=0
    ),
    "vit_large_patch14_reg4_dinov2": Member(
        "Darcet et al. 2024", 304.4, 1024, size=518, smallest=14, multiple=14, before=5, classes=0
    ),
    "vit_giant_patch14_reg4_dinov2": Member(
        "Darcet et al. 2024", 1136.5, 1536, size=518, smallest=14, multiple=14, before=5, classes=0
    ),
}


def _is_none(value: object) -> bool:
    return value is None


class ViT(TimmFamily):
    """Tokens after the last normalisation: that of the class, four registers where the name says so, then those of places.

    DINO's weights fit vit_small_patch16_224, vit_small_patch8_224 and their base ones; those of masked autoencoders too. Any
    size of whole patches may be shown: what was learnt of places is interpolated.
    """

    kind: Literal["vit"] = "vit"
    variant: Literal[
        "vit_tiny_patch16_224",
        "vit_small_patch16_224",
        "vit_base_patch16_224",
        "vit_large_patch16_224",
        "vit_tiny_patch16_384",
        "vit_small_patch16_384",
        "vit_base_patch16_384",
        "vit_large_patch16_384",
        "vit_small_patch32_224",
        "vit_base_patch32_224",
        "vit_small_patch32_384",
        "vit_base_patch32_384",
        "vit_large_patch32_384",
        "vit_small_patch8_224",
        "vit_base_patch8_224",
        "vit_large_patch14_224",
        "vit_huge_patch14_224",
        "vit_giant_patch14_224",
        "vit_small_patch14_dinov2",
        "vit_base_patch14_dinov2",
        "vit_large_patch14_dinov2",
        "vit_giant_patch14_dinov2",
        "vit_small_patch14_reg4_dinov2",
        "vit_base_patch14_reg4_dinov2",
        "vit_large_patch14_reg4_dinov2",
        "vit_giant_patch14_reg4_dinov2",
    ] = Field("vit_small_patch16_224", description="member of the family")
    members: ClassVar[dict[str, Member]] = MEMBERS
    rectified: ClassVar[bool] = False

    side: PositiveInt | None = Field(
        None, exclude_if=_is_none, description="of the input whose places were learnt; null: as published"
    )
    layer_scale: PositiveFloat | None = Field(
        None,
        exclude_if=_is_none,
        description="first value of a factor of each map that a checkpoint holds (UNI: 0.00001)",
    )

    @property
    def input_size(self) -> tuple[int, ...]:
        return (self.side or self.member.size,) * 2

    def options(self) -> dict[str, Any]:
        given = {"img_size": self.side, "init_values": self.layer_scale}
        return {"dynamic_img_size": True, **{name: value for name, value in given.items() if value is not None}}

    def fit(self, network: torch.nn.Module, size: tuple[int, ...]) -> None:
        """Interpolates what was learnt of places, once: engines other than torch cannot."""
        if size != self.input_size:
            network.set_input_size(size)
