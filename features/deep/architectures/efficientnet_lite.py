"""efficientnet_lite: EfficientNet without squeeze-and-excitation, ReLU6 throughout (Tan & Le, ICML 2019)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from features.deep.family import Member, TimmFamily

if TYPE_CHECKING:
    import torch

MEMBERS = {
    f"efficientnet_lite{number}": Member(
        "Tan & Le 2019", millions, 1280, size=size, timm=f"tf_efficientnet_lite{number}"
    )
    for number, (millions, size) in enumerate(((4.65, 224), (5.4, 240), (6.1, 260), (8.2, 300), (13.0, 380)))
}
WHOLE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
# Of the first stage, whose block widens nothing.
FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
OTHER = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


class EfficientNetLite(TimmFamily):
    """1,280 maps, padded as in TensorFlow. Checkpoints of efficientnet-lite-pytorch fit too, whose layers are numbered through."""

    kind: Literal["efficientnet_lite"] = "efficientnet_lite"
    variant: Literal[
        "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", "efficientnet_lite3", "efficientnet_lite4"
    ] = Field("efficientnet_lite0", description="member of the family")
    members: ClassVar[dict[str, Member]] = MEMBERS
    rectified: ClassVar[bool] = False

    def named(self, network: torch.nn.Module, state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        if "_conv_stem.weight" not in state:
            return dict(state)
        stages: Any = network.blocks
        places = [(stage, place) for stage, blocks in enumerate(stages) for place in range(len(blocks))]
        return {_renamed(name, places) or name: tensor for name, tensor in state.items()}


def _renamed(name: str, places: list[tuple[int, int]]) -> str | None:
    """None of a name that the other package has not: it stays as it is."""
    if match := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name):
        number, layer, tensor = int(match[1]), match[2], match[3]
        if number >= len(places):
            return None
        stage, place = places[number]
        layer = (OTHER if stage else FIRST).get(layer, "")
        return f"blocks.{stage}.{place}.{layer}.{tensor}" if layer else None
    layer, _, tensor = name.partition(".")
    return f"{WHOLE[layer]}.{tensor}" if layer in WHOLE else None
