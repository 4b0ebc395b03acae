"""Inception-ResNet v1 (Szegedy et al., AAAI 2017, figures 10 to 14), as the checkpoints trained on faces have it.

They have one block C more, without a rectifier behind it, and 512 outputs before the layer that classifies. Layers have the
names of those checkpoints (conv2d_1a, repeat_1, mixed_6a, …, last_linear, last_bn, logits).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

Layer = tuple[int, int | tuple[int, int]]  # outputs and side; as many places as before
OUTPUTS = 512
SCALES = (0.17, 0.10, 0.20)  # of what blocks A, B and C add


class Convolution(nn.Module):
    """A convolution, normalised over the batch, rectified."""

    def __init__(self, inputs: int, outputs: int, side: int | tuple[int, int], *, stride: int = 1, pad: bool) -> None:
        super().__init__()
        sides = (side, side) if isinstance(side, int) else side
        padding = tuple(one // 2 if pad else 0 for one in sides)
        self.conv = nn.Conv2d(inputs, outputs, sides, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.bn(self.conv(given)))


def _branch(inputs: int, layers: Sequence[Layer], *, halved: bool = False) -> nn.Module:
    """Convolutions behind each other; halved: the last one takes every second place, unpadded."""
    made = []
    for place, (outputs, side) in enumerate(layers, 1):
        last = halved and place == len(layers)
        made.append(Convolution(inputs, outputs, side, stride=2 if last else 1, pad=not last))
        inputs = outputs
    return made[0] if len(made) == 1 else nn.Sequential(*made)


class Joined(nn.Module):
    """Branches side by side."""

    def __init__(self, branches: Sequence[nn.Module]) -> None:
        super().__init__()
        self.names = tuple(f"branch{place}" for place in range(len(branches)))
        for name, branch in zip(self.names, branches, strict=True):
            self.add_module(name, branch)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.get_submodule(name)(given) for name in self.names], 1)


def _halving(inputs: int, branches: Sequence[Sequence[Layer]]) -> Joined:
    """Branches that take every second place, the last of them the maxima of what was given."""
    return Joined([*(_branch(inputs, one, halved=True) for one in branches), nn.MaxPool2d(3, 2)])


class Residual(Joined):
    """Branches whose maps, mixed and scaled, are added to what was given."""

    def __init__(
        self, width: int, branches: Sequence[Sequence[Layer]], scale: float, *, rectified: bool = True
    ) -> None:
        super().__init__([_branch(width, one) for one in branches])
        self.conv2d = nn.Conv2d(sum(one[-1][0] for one in branches), width, 1)
        self.scale, self.rectified = scale, rectified

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        found = given + self.scale * self.conv2d(super().forward(given))
        return torch.relu(found) if self.rectified else found


A: tuple[tuple[Layer, ...], ...] = (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (32, 3), (32, 3)))
B: tuple[tuple[Layer, ...], ...] = (((128, 1),), ((128, 1), (128, (1, 7)), (128, (7, 1))))
C: tuple[tuple[Layer, ...], ...] = (((192, 1),), ((192, 1), (192, (1, 3)), (192, (3, 1))))


class InceptionResnetV1(nn.Module):
    """23.5 million parameters before the layer that classifies."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv2d_1a = Convolution(channels, 32, 3, stride=2, pad=False)
        self.conv2d_2a = Convolution(32, 32, 3, pad=False)
        self.conv2d_2b = Convolution(32, 64, 3, pad=True)
        self.maxpool_3a = nn.MaxPool2d(3, 2)
        self.conv2d_3b = Convolution(64, 80, 1, pad=False)
        self.conv2d_4a = Convolution(80, 192, 3, pad=False)
        self.conv2d_4b = Convolution(192, 256, 3, stride=2, pad=False)
        self.repeat_1 = nn.Sequential(*(Residual(256, A, SCALES[0]) for _ in range(5)))
        self.mixed_6a = _halving(256, (((384, 3),), ((192, 1), (192, 3), (256, 3))))
        self.repeat_2 = nn.Sequential(*(Residual(896, B, SCALES[1]) for _ in range(10)))
        self.mixed_7a = _halving(896, (((256, 1), (384, 3)), ((256, 1), (256, 3)), ((256, 1), (256, 3), (256, 3))))
        self.repeat_3 = nn.Sequential(*(Residual(1792, C, SCALES[2]) for _ in range(5)))
        self.block8 = Residual(1792, C, 1.0, rectified=False)
        self.last_linear = nn.Linear(1792, OUTPUTS, bias=False)
        self.last_bn = nn.BatchNorm1d(OUTPUTS, eps=0.001)
        self.logits = nn.Linear(OUTPUTS, classes) if classes else nn.Identity()

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, 1792, rows, columns): the maps of the last block C."""
        found = self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(pixels)))
        found = self.conv2d_4b(self.conv2d_4a(self.conv2d_3b(self.maxpool_3a(found))))
        found = self.repeat_2(self.mixed_6a(self.repeat_1(found)))
        last: torch.Tensor = self.block8(self.repeat_3(self.mixed_7a(found)))
        return last

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, classes)."""
        found: torch.Tensor = self.logits(self.last_bn(self.last_linear(self.features(pixels).mean((2, 3)))))
        return found
