"""resnet3d: ResNets of three dimensions (Hara, Kataoka & Satoh, CVPR 2018; for medical images Chen, Ma & Zheng 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveInt

from features.deep.monai_family import MonaiFamily, Solid, monai

if TYPE_CHECKING:
    import torch


class ResNet3D(MonaiFamily):
    """The first convolution sees 7 voxels along each axis and strides within slices and across them."""

    kind: Literal["resnet3d"] = "resnet3d"
    variant: Literal[
        "resnet3d_10",
        "resnet3d_18",
        "resnet3d_34",
        "resnet3d_50",
        "resnet3d_101",
        "resnet3d_152",
        "resnet3d_200",
    ] = Field("resnet3d_18", description="member of the family")
    members: ClassVar[dict[str, Solid]] = {
        "resnet3d_10": Solid("Chen et al. 2019", 512, "resnet10"),
        "resnet3d_18": Solid("Hara et al. 2018", 512, "resnet18"),
        "resnet3d_34": Solid("Hara et al. 2018", 512, "resnet34"),
        "resnet3d_50": Solid("Hara et al. 2018", 2048, "resnet50"),
        "resnet3d_101": Solid("Hara et al. 2018", 2048, "resnet101"),
        "resnet3d_152": Solid("Hara et al. 2018", 2048, "resnet152"),
        "resnet3d_200": Solid("Hara et al. 2018", 2048, "resnet200"),
    }
    counted: ClassVar[dict[str, float]] = {
        "resnet3d_10": 14.36,
        "resnet3d_18": 33.16,
        "resnet3d_34": 63.47,
        "resnet3d_50": 46.16,
        "resnet3d_101": 85.21,
        "resnet3d_152": 117.36,
        "resnet3d_200": 126.56,
    }

    first_stride: Literal[1, 2] = Field(
        2, description="of the first convolution across slices: 1 in Hara et al., 2 in Chen et al."
    )
    widen: PositiveInt = Field(1, description="times the channels of the publication")
    shortcut: Literal["A", "B"] = Field(
        "B", description="what goes past blocks that stride: B a convolution, A the mean, filled up with zeros"
    )
    bias: bool = Field(True, description="whether the convolutions past blocks have a bias")
    pooled: bool = Field(True, description="whether the maximum is pooled after the first convolution")

    @property
    def width(self) -> int:
        return self.member.width * self.widen

    @property
    def millions(self) -> float:
        """Nearly: they go with the square of the channels."""
        return self.counted[self.variant] * self.widen**2

    def make(self) -> torch.nn.Module:
        network: torch.nn.Module = getattr(monai("resnet"), self.member.name)(
            spatial_dims=3,
            n_input_channels=self.channels,
            conv1_t_stride=self.first_stride,
            no_max_pool=not self.pooled,
            shortcut_type=self.shortcut,
            widen_factor=self.widen,
            bias_downsample=self.bias,
            feed_forward=False,
        )
        return network

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network.act(network.bn1(network.conv1(pixels)))
        if self.pooled:
            found = network.maxpool(found)
        for number in range(1, 5):
            found = network.get_submodule(f"layer{number}")(found)
        return found
