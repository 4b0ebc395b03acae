"""genesis3d: the encoder of Models Genesis, of the 3D U-Net's design (Zhou et al., MICCAI 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, PositiveInt

from features.deep.architecture import Architecture
from features.deep.needed import check_installed

if TYPE_CHECKING:
    import torch


class Genesis3D(Architecture):
    """Its layers normalise each view by its own moments, whatever else is in the batch. 7.0 million parameters."""

    kind: Literal["genesis3d"] = "genesis3d"
    variant: Literal["genesis3d"] = Field("genesis3d", description="member of the family")
    dimensions: ClassVar[Literal[2, 3]] = 3
    counted: ClassVar[dict[str, float]] = {"genesis3d": 7.03}

    channels: PositiveInt = Field(1, description="channels of the input")

    @property
    def input_size(self) -> tuple[int, ...]:
        return (64, 64, 32)

    @property
    def smallest(self) -> int:
        return 16  # where one place is left, all is normalised away

    @property
    def multiple(self) -> int:
        return 8

    @property
    def width(self) -> int:
        return 512

    @property
    def publication(self) -> str:
        return "Zhou et al. 2019"

    def build(self) -> torch.nn.Module:
        check_installed("torch")
        import torch

        from features.deep.networks.genesis import GenesisEncoder

        with torch.random.fork_rng(devices=[]):
            return GenesisEncoder(self.channels).eval()

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network(pixels)
        return found
