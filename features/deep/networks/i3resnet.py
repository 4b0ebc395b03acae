"""I3ResNet: a ResNet of three dimensions, inflated from that of two (Carreira & Zisserman 2017; He et al. 2016)."""

from __future__ import annotations

import torch
from torch import nn

EXPANSION = 4  # channels that leave a block, of those within


class Bottleneck(nn.Module):
    """Three convolutions beside a way past them. The one in the middle sees neighbours along all axes, and strides."""

    def __init__(self, given: int, within: int, stride: int, *, is_first: bool) -> None:
        super().__init__()
        left = EXPANSION * within
        self.conv1 = nn.Conv3d(given, within, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(within)
        self.conv2 = nn.Conv3d(within, within, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(within)
        self.conv3 = nn.Conv3d(within, left, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(left)
        self.relu = nn.ReLU(inplace=True)
        past = nn.Sequential(nn.Conv3d(given, left, 1, stride, bias=False), nn.BatchNorm3d(left))
        self.downsample = past if is_first else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        past = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + past)


class I3ResNet(nn.Module):
    """Its maps: (n, channels, slices, rows, columns) → (n, 2048, slices / 16, rows / 32, columns / 32), rounded up.

    blocks: in each of the four layers. The first convolution strides within slices alone.
    """

    def __init__(self, blocks: tuple[int, int, int, int], channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(channels, 64, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool3d(3, 2, padding=1)
        given = 64
        for number, count in enumerate(blocks):
            within = 64 << number
            layer = []
            for block in range(count):
                stride = 2 if number and not block else 1
                layer.append(Bottleneck(given, within, stride, is_first=not block))
                given = EXPANSION * within
            self.add_module(f"layer{number + 1}", nn.Sequential(*layer))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for number in range(1, 5):
            x = self.get_submodule(f"layer{number}")(x)
        return x
