"""Network in Network (Lin, Chen & Yan, ICLR 2014): convolutions with a small perceptron at each place, no dense layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

Block = tuple[
    int, int, int, int, int, int
]  # side, stride, padding and outputs of the convolution, outputs of the two behind
OUTPUTS = -1  # as many as there are classes

BLOCKS: dict[str, tuple[Block, ...]] = {
    "nin_cifar10": ((5, 1, 2, 192, 160, 96), (5, 1, 2, 192, 192, 192), (3, 1, 1, 192, 192, OUTPUTS)),
    "nin_imagenet": (
        (11, 4, 0, 96, 96, 96),
        (5, 1, 2, 256, 256, 256),
        (3, 1, 1, 384, 384, 384),
        (3, 1, 1, 1024, 1024, OUTPUTS),
    ),
}


class Nin(nn.Module):
    """Layers conv1, cccp1, cccp2, conv2, …: the names of the authors. Maxima of 3 × 3 at every second place between blocks."""

    def __init__(self, blocks: Sequence[Block], channels: int, classes: int) -> None:
        super().__init__()
        self.trunk: list[list[str]] = []
        for place, (side, stride, padding, *outputs) in enumerate(blocks, 1):
            names = [f"conv{place}", f"cccp{2 * place - 1}", f"cccp{2 * place}"]
            for name, output in zip(names, outputs, strict=True):
                width = classes if output == OUTPUTS else output
                if width:
                    first = name == names[0]
                    settings = (side, stride, padding) if first else (1, 1, 0)
                    self.add_module(name, nn.Conv2d(channels, width, *settings))
                    channels = width
            self.trunk.append([name for name in names if hasattr(self, name)])
        self.last = self.trunk[-1].pop() if classes else ""

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """The maps before the layer that has one map a class."""
        for place, names in enumerate(self.trunk):
            if place:
                pixels = nn.functional.max_pool2d(pixels, 3, 2, ceil_mode=True)
            for name in names:
                pixels = torch.relu(self.get_submodule(name)(pixels))
        return pixels

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, classes): the mean of the map of each class."""
        found = self.features(pixels)
        return (torch.relu(self.get_submodule(self.last)(found)) if self.last else found).mean((2, 3))
