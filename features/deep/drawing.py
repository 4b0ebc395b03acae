"""Weights that are drawn: scaled so that what an image tells is neither lost nor blown up on its way through many layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def draw_for_rectifiers(network: torch.nn.Module) -> None:
    """Convolutions and dense layers by He et al. (ICCV 2015); no offsets, no factors of normalisation.

    For networks that are never trained, whose normalisation over the batch therefore changes nothing: with what their packages
    draw, some give every image the same numbers (Inception-ResNet), others numbers of 1e11 (Inception v3).
    """
    from torch import nn

    norms = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm)
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, norms) and module.weight is not None:
            nn.init.ones_(module.weight)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
