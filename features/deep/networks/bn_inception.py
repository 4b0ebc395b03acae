"""BN-Inception (Ioffe & Szegedy, ICML 2015, figure 5), as its Caffe release and the checkpoints made of it have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn


@dataclass(frozen=True)
class Block:
    """Outputs of the four branches; a block of stride 2 has no first one, and its pooled maps go on as they are."""

    one: int
    three: tuple[int, int]
    double: tuple[int, int]
    pool: Literal["avg", "max"]
    projected: int
    stride: int = 1

    @property
    def width(self) -> int:
        """Of the branches that are not passed through."""
        return self.one + self.three[1] + self.double[1] + self.projected


# The release has 128 outputs behind the mean of 4c and 4d, where the figure has 96.
BLOCKS = {
    "3a": Block(64, (64, 64), (64, 96), "avg", 32),
    "3b": Block(64, (64, 96), (64, 96), "avg", 64),
    "3c": Block(0, (128, 160), (64, 96), "max", 0, stride=2),
    "4a": Block(224, (64, 96), (96, 128), "avg", 128),
    "4b": Block(192, (96, 128), (96, 128), "avg", 128),
    "4c": Block(160, (128, 160), (128, 160), "avg", 128),
    "4d": Block(96, (128, 192), (160, 192), "avg", 128),
    "4e": Block(0, (128, 192), (192, 256), "max", 0, stride=2),
    "5a": Block(352, (192, 320), (160, 224), "avg", 128),
    "5b": Block(352, (192, 320), (192, 224), "max", 128),
}


class BnInception(nn.Module):
    """Layers conv1_7x7_s2, inception_3a_1x1, inception_3a_1x1_bn, …, last_linear: the names of the release."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self._add("conv1_7x7_s2", channels, 64, 7, 2)
        self._add("conv2_3x3_reduce", 64, 64, 1)
        self._add("conv2_3x3", 64, 192, 3)
        width = 192
        for name, block in BLOCKS.items():
            where = f"inception_{name}"
            if block.one:
                self._add(f"{where}_1x1", width, block.one, 1)
            self._add(f"{where}_3x3_reduce", width, block.three[0], 1)
            self._add(f"{where}_3x3", *block.three, 3, block.stride)
            self._add(f"{where}_double_3x3_reduce", width, block.double[0], 1)
            self._add(f"{where}_double_3x3_1", *block.double, 3)
            self._add(f"{where}_double_3x3_2", block.double[1], block.double[1], 3, block.stride)
            if block.projected:
                self._add(f"{where}_pool_proj", width, block.projected, 1)
            width = block.width + (width if block.stride == 2 else 0)
            self.add_module(where, nn.Identity())  # a name for the maps of the whole block
        self.last_linear = nn.Linear(width, classes) if classes else nn.Identity()

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, 1024, rows, columns): the maps of 5b."""
        found = _max(self._layer("conv1_7x7_s2", pixels))
        found = _max(self._layer("conv2_3x3", self._layer("conv2_3x3_reduce", found)))
        for name, block in BLOCKS.items():
            found = self._block(f"inception_{name}", block, found)
        return found

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, classes)."""
        found: torch.Tensor = self.last_linear(self.features(pixels).mean((2, 3)))
        return found

    def _block(self, where: str, block: Block, given: torch.Tensor) -> torch.Tensor:
        found = [self._layer(f"{where}_1x1", given)] if block.one else []
        found.append(self._layer(f"{where}_3x3", self._layer(f"{where}_3x3_reduce", given)))
        double = self._layer(f"{where}_double_3x3_1", self._layer(f"{where}_double_3x3_reduce", given))
        found.append(self._layer(f"{where}_double_3x3_2", double))
        if block.stride == 2:
            found.append(_max(given))
        else:
            pool = nn.functional.avg_pool2d if block.pool == "avg" else nn.functional.max_pool2d
            found.append(self._layer(f"{where}_pool_proj", pool(given, 3, stride=1, padding=1)))
        joined: torch.Tensor = self.get_submodule(where)(torch.cat(found, 1))
        return joined

    def _add(self, name: str, inputs: int, outputs: int, side: int, stride: int = 1) -> None:
        self.add_module(name, nn.Conv2d(inputs, outputs, side, stride, side // 2))
        self.add_module(f"{name}_bn", nn.BatchNorm2d(outputs))

    def _layer(self, name: str, given: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.get_submodule(f"{name}_bn")(self.get_submodule(name)(given)))


def _max(maps: torch.Tensor) -> torch.Tensor:
    return nn.functional.max_pool2d(maps, 3, 2, ceil_mode=True)
