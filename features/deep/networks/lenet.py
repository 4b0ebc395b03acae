"""LeNet-5 (LeCun et al., Proc. IEEE 1998, figure 2): layers C1 to F6 and the output, by their names there."""

from __future__ import annotations

import torch
from torch import nn


class LeNet5(nn.Module):
    """61,706 parameters for one channel and ten classes: C3 sees all maps of S2, means are plain, the output is linear."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(channels, 6, 5)
        self.s2 = nn.AvgPool2d(2)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.s4 = nn.AvgPool2d(2)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, classes) if classes else nn.Identity()

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, 120, rows, columns): the maps of C5, one place for an input of 32."""
        found = self.s2(torch.tanh(self.c1(pixels)))
        found = self.s4(torch.tanh(self.c3(found)))
        return torch.tanh(self.c5(found))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, classes): means over the places of C5, of which the published input has one."""
        found: torch.Tensor = self.output(torch.tanh(self.f6(self.features(pixels).mean((2, 3)))))
        return found
