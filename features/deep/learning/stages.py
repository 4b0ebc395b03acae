"""Stages: what of a network learns while the rest stays as it is."""

from __future__ import annotations

import torch
from torch import nn

SHARE = 0.2  # of the weights, which the last stage holds at least
WHOLE = 0.8  # of the weights: a module that holds more is looked into


def used_weights(body: nn.Module, told: torch.Tensor) -> list[nn.Parameter]:
    """The weights that decide what a network tells, in their order. told: what it tells, which knows where it is from."""
    weights = [one for one in body.parameters() if one.requires_grad]
    slopes = torch.autograd.grad(told.sum(), weights, allow_unused=True)
    return [one for one, slope in zip(weights, slopes, strict=True) if slope is not None]


def last_stage(body: nn.Module, used: list[nn.Parameter]) -> list[nn.Module]:
    """The last modules, in the order in which they are declared, that hold a fifth of the weights: layer4 of a ResNet, the last
    dense block with its norm, the last three blocks of twelve of a transformer.
    """
    wanted = {id(one) for one in used}

    def size(module: nn.Module) -> int:
        return sum(one.numel() for one in module.parameters() if id(one) in wanted)

    total, parts = size(body), [body]
    while True:
        large = [one for one in parts if size(one) > WHOLE * total and any(size(child) for child in one.children())]
        if not large:
            break
        place = parts.index(large[0])
        parts[place : place + 1] = [child for child in large[0].children() if size(child)]
    found: list[nn.Module] = []
    while parts and sum(map(size, found)) < SHARE * total:
        found.insert(0, parts.pop())
    return found
