"""vit3d: transformers over cubes of voxels (Dosovitskiy et al., ICLR 2021; of volumes Hatamizadeh et al. 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, NonNegativeInt

from features.deep.monai_family import MonaiFamily, Solid, monai

if TYPE_CHECKING:
    import torch


SIDE, PATCH = 96, 16


class ViT3D(MonaiFamily):
    """Tokens of the cubes after the last normalisation; there is no token of a class.

    What was learnt of places is interpolated for other sizes than 96.
    """

    kind: Literal["vit3d"] = "vit3d"
    variant: Literal["vit3d_base_patch16_96"] = Field("vit3d_base_patch16_96", description="member of the family")
    members: ClassVar[dict[str, Solid]] = {"vit3d_base_patch16_96": Solid("Hatamizadeh et al. 2022", 768, "ViT")}
    counted: ClassVar[dict[str, float]] = {"vit3d_base_patch16_96": 88.34}
    least: ClassVar[int] = PATCH

    leading: NonNegativeInt = Field(
        0, le=1, description="tokens of places that a checkpoint's authors take for that of the class"
    )

    @property
    def multiple(self) -> int:
        return PATCH

    @property
    def before(self) -> int:
        return self.leading

    def make(self) -> torch.nn.Module:
        import torch

        network: torch.nn.Module = monai("vit").ViT(
            in_channels=self.channels, img_size=(SIDE,) * 3, patch_size=(PATCH,) * 3, spatial_dims=3
        )
        for (
            block
        ) in network.blocks:  # of cross attention, which it has not: some versions of MONAI keep them in checkpoints
            block.norm_cross_attn = torch.nn.Identity()
        return network

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import interpolate

        tokens = network.patch_embedding.patch_embeddings(pixels)
        learnt = network.patch_embedding.position_embeddings.transpose(1, 2).reshape(1, -1, *(SIDE // PATCH,) * 3)
        if tokens.shape[2:] != learnt.shape[2:]:
            learnt = interpolate(learnt, tokens.shape[2:], mode="trilinear")
        tokens = (tokens + learnt).flatten(2).transpose(1, 2)
        for block in network.blocks:
            tokens = block(tokens)
        found: torch.Tensor = network.norm(tokens)
        return found
