"""The encoder of Models Genesis: pairs of convolutions on four levels (Zhou et al., MICCAI 2019). Imported only where torch is."""

from __future__ import annotations

import torch
from torch import nn


class OwnNorm(nn.BatchNorm3d):
    """Normalises by what it is shown now, each view by itself: as the published layer does with a batch of one.

    The published layer never uses the moments that it kept, so that a view's features there depend on those beside it.
    """

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        places = (2, 3, 4)
        mean = maps.mean(dim=places, keepdim=True)
        spread = (maps - mean).square().mean(dim=places, keepdim=True)
        weight, bias = (one.reshape(1, -1, 1, 1, 1) for one in (self.weight, self.bias))
        return (maps - mean) / torch.sqrt(spread + self.eps) * weight + bias


class Pair(nn.Module):
    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv3d(channels, width, 3, padding=1), OwnNorm(width)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.bn1(self.conv1(maps)))


class Level(nn.Module):
    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.ops = nn.Sequential(Pair(channels, width), Pair(width, 2 * width))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.ops(maps)
        return found


class GenesisEncoder(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down_tr64, self.down_tr128 = Level(channels, 32), Level(64, 64)
        self.down_tr256, self.down_tr512 = Level(128, 128), Level(256, 256)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        maps = nn.functional.max_pool3d(self.down_tr64(pixels), 2)
        maps = nn.functional.max_pool3d(self.down_tr128(maps), 2)
        found: torch.Tensor = self.down_tr512(nn.functional.max_pool3d(self.down_tr256(maps), 2))
        return found
