"""Headed: a network with linear heads on the means of its last maps: what learns, and what is shown views of cases."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from features.deep.architecture import Architecture
from features.deep.learning.stages import last_stage, used_weights
from features.deep.poolings.average import Average

LEAST_SPREAD = 0.1  # of a feature, beside the usual one: what hardly varies at first is not blown up


class Headed(nn.Module):
    """Views of cases → features → what each head tells of a case: the mean over its views.

    Buffers: mean and std of each channel of pixels; middle and spread of each feature as the network starts.
    """

    def __init__(self, architecture: Architecture, body: nn.Module, heads: Sequence[int], columns: int) -> None:
        """heads: how many numbers each tells. columns: how many numbers of a case it is given beside its features."""
        super().__init__()
        self.architecture, self.body, self.columns = architecture, body, columns
        self.heads = nn.ModuleList(nn.Linear(architecture.width + columns, each) for each in heads)
        for name, size in (("mean", architecture.channels), ("middle", architecture.width)):
            self.register_buffer(name, torch.zeros(size))
        for name, size in (("std", architecture.channels), ("spread", architecture.width)):
            self.register_buffer(name, torch.ones(size))
        self.mean: torch.Tensor
        self.std: torch.Tensor
        self.middle: torch.Tensor
        self.spread: torch.Tensor
        self._learning: list[nn.Module] = []
        with torch.no_grad():
            for head in self.heads:
                head.weight.zero_()
                head.bias.zero_()

    def features(self, views: torch.Tensor) -> torch.Tensor:
        """(k, views, channels, *size) in [0, 1] → (k, views, width), as the network gives them."""
        return self.pooled(self.maps(views.flatten(0, 1))).reshape(*views.shape[:2], -1)

    def maps(self, views: torch.Tensor) -> torch.Tensor:
        """The last maps of views (n, channels, *size) in [0, 1]."""
        shape = (1, -1, *(1,) * (views.ndim - 2))
        pixels = (views - self.mean.reshape(shape)) / self.std.reshape(shape)  # which repeats one channel
        if pixels.device.type == "cuda":
            layout = torch.channels_last if pixels.ndim == 4 else torch.channels_last_3d
            pixels = pixels.contiguous(memory_format=layout)
        return self.architecture.maps(self.body, pixels)

    def pooled(self, maps: torch.Tensor) -> torch.Tensor:
        """(n, width): the features of views of which the last maps are known."""
        return Average().pool(maps, before=self.architecture.before, dimensions=self.architecture.dimensions)

    def told(self, features: torch.Tensor, columns: torch.Tensor) -> list[torch.Tensor]:
        """What each head tells, (k, outputs). features: (k, views, width). columns: (k, p)."""
        scaled = ((features.float() - self.middle) / self.spread).mean(dim=1)
        known = torch.cat([scaled, columns], dim=1)
        return [head(known) for head in self.heads]

    def measure(self, features: torch.Tensor) -> None:
        """Take middle and spread from features of training cases, (k, views, width)."""
        flat = features.flatten(0, 1).double()
        spread = flat.std(dim=0, unbiased=False)
        usual = float(spread.square().mean().sqrt())
        self.middle.copy_(flat.mean(dim=0))
        self.spread.copy_(spread.clamp(min=LEAST_SPREAD * usual) if usual > 0 else torch.ones_like(spread))

    def free(self, trains: str, views: torch.Tensor) -> None:
        """Let the heads learn, and of the body nothing (head), its last stage, or all. views: of a case, as in features."""
        for one in self.body.parameters():
            one.requires_grad_(trains != "head")
        if trains == "head":
            return
        self.body.eval()
        used = used_weights(self.body, self.features(views))
        modules = [self.body] if trains == "all" else last_stage(self.body, used)
        learning = {id(one) for module in modules for one in module.parameters()} & {id(one) for one in used}
        for one in self.body.parameters():
            one.requires_grad_(id(one) in learning)
        self._learning = modules

    def set_learning(self) -> None:
        """Ready for a step: what does not learn stays as it is, the statistics of its batch norms too."""
        self.eval()
        self.heads.train()
        for module in self._learning:
            module.train()

    @property
    def learns_body(self) -> bool:
        """Whether anything but the heads learns."""
        return bool(self._learning)

    def changing(self) -> dict[str, torch.Tensor]:
        """What training changes, by name: weights that learn, statistics of batch norms beside them, and the buffers."""
        names = {name for name, one in self.named_parameters() if one.requires_grad}
        names |= {name for name, _ in self.named_buffers(recurse=False)}
        if self.learns_body:
            inside = {id(buffer) for module in self._learning for buffer in module.buffers()}
            names |= {name for name, buffer in self.named_buffers() if id(buffer) in inside}
        return {name: value for name, value in self.state_dict().items() if name in names}
