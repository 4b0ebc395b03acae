"""inception: branches of several reaches side by side (Szegedy et al., CVPR 2015 and later); v1 is GoogLeNet, v2 BN-Inception."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily
from features.deep.torchvision_ops import import_torchvision

if TYPE_CHECKING:
    import torch

V1, V2 = "inception_v1", "inception_v2"
MEMBERS = {
    V1: Member("Szegedy et al. 2015", 6.6, 1024),
    V2: Member("Ioffe & Szegedy 2015", 11.3, 1024),
    "inception_v3": Member("Szegedy et al. 2016", 23.8, 2048, size=299, smallest=75),
    "inception_v4": Member("Szegedy et al. 2017", 42.7, 1536, size=299, smallest=75),
}
# GoogLeNet's layers up to the last maps, in their order.
BLOCKS = ("3a", "3b", "maxpool3", "4a", "4b", "4c", "4d", "4e", "maxpool4", "5a", "5b")


class Inception(TimmFamily):
    """v1 is torchvision's: normalised over the batch, 3 × 3 for 5 × 5, without the two classifiers that only training asks.

    v2 has the layers of its Caffe release. A checkpoint's keys of further classifiers (aux1, aux2, AuxLogits) are dropped.
    """

    kind: Literal["inception"] = "inception"
    variant: Literal["inception_v1", "inception_v2", "inception_v3", "inception_v4"] = Field(
        "inception_v3", description="member of the family"
    )
    members: ClassVar[dict[str, Member]] = MEMBERS

    def make(self) -> torch.nn.Module:
        if self.variant == V1:
            return self._googlenet()
        if self.variant == V2:
            from features.deep.networks.bn_inception import BnInception

            return BnInception(self.channels, self.outputs)
        return super().make()

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        if self.variant == V1:
            return _googlenet_maps(network, pixels)
        if self.variant == V2:
            found: torch.Tensor = network.features(pixels)
            return found
        return super().maps(network, pixels)

    def _googlenet(self) -> torch.nn.Module:
        import_torchvision()
        from torch import nn
        from torchvision.models import GoogLeNet

        network: Any = GoogLeNet(max(self.outputs, 1), aux_logits=False, init_weights=False)
        if self.channels != 3:
            network.conv1.conv = nn.Conv2d(self.channels, 64, 7, 2, 3, bias=False)
        if not self.outputs:
            network.fc = nn.Identity()
        made: nn.Module = network
        return made


def _googlenet_maps(network: Any, pixels: torch.Tensor) -> torch.Tensor:
    found = network.maxpool1(network.conv1(pixels))
    found = network.maxpool2(network.conv3(network.conv2(found)))
    for name in BLOCKS:
        found = network.get_submodule(name if name.startswith("maxpool") else f"inception{name}")(found)
    last: torch.Tensor = found
    return last
