"""efficientnet_lite: EfficientNet without squeeze-and-excitation, ReLU6 throughout (Tan & Le, ICML 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from features.deep.architecture import Architecture
from features.deep.needed import check_installed

if TYPE_CHECKING:
    import torch

SIZES = {"efficientnet_lite0": 224, "efficientnet_lite1": 240, "efficientnet_lite2": 260}


class EfficientNetLite(Architecture):
    """4.7, 5.4 and 6.1 million parameters; 1,280 maps."""

    kind: Literal["efficientnet_lite"] = "efficientnet_lite"
    variant: Literal["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"] = Field(
        "efficientnet_lite0", description="member of the family"
    )
    dimensions: ClassVar[Literal[2, 3]] = 2
    modules: ClassVar[tuple[str, ...]] = ("efficientnet_lite_pytorch",)

    @property
    def input_size(self) -> tuple[int, ...]:
        return (SIZES[self.variant],) * 2

    @property
    def smallest(self) -> int:
        return 32

    @property
    def width(self) -> int:
        return 1280

    @property
    def publication(self) -> str:
        return "Tan & Le 2019"

    def build(self) -> torch.nn.Module:
        check_installed(*self.modules)
        from efficientnet_lite_pytorch import EfficientNet

        network: torch.nn.Module = EfficientNet.from_name(self.variant.replace("_", "-"), in_channels=self.channels)
        return network

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network.extract_features(pixels)
        return found
