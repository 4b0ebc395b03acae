"""swin3d: the Swin transformer of three dimensions that encodes in Swin UNETR (Liu et al. 2021; Tang et al., CVPR 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from features.deep.monai_family import MonaiFamily, Solid, monai

if TYPE_CHECKING:
    import torch

WINDOW, PATCH = (7, 7, 7), (2, 2, 2)
DEPTHS, HEADS = (2, 2, 2, 2), (3, 6, 12, 24)


class Swin3D(MonaiFamily):
    """Named for the channels of its first stage, which is 16 times fewer than those of its last maps."""

    kind: Literal["swin3d"] = "swin3d"
    variant: Literal["swin3d_12", "swin3d_24", "swin3d_48"] = Field("swin3d_48", description="member of the family")
    members: ClassVar[dict[str, Solid]] = {
        f"swin3d_{first}": Solid("Tang et al. 2022", 16 * first, str(first)) for first in (12, 24, 48)
    }
    counted: ClassVar[dict[str, float]] = {"swin3d_12": 0.695, "swin3d_24": 2.17, "swin3d_48": 8.06}

    version: Literal[1, 2] = Field(1, description="2: with a convolution before each stage, as in later checkpoints")

    @property
    def multiple(self) -> int:
        return 32

    def make(self) -> torch.nn.Module:
        import torch

        with torch.device("cpu"):  # it reads numbers of tensors while it is built
            network: torch.nn.Module = monai("swin_unetr").SwinTransformer(
                in_chans=self.channels,
                embed_dim=int(self.member.name),
                window_size=WINDOW,
                patch_size=PATCH,
                depths=DEPTHS,
                num_heads=HEADS,
                spatial_dims=3,
                use_v2=self.version == 2,
            )
        return network.to(torch.get_default_device())

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network(pixels)[-1]
        return found
