"""The last stage is what people call so."""

from __future__ import annotations

import pytest

from features.deep.architecture import ARCHITECTURES
from features.deep.learning.headed import Headed

torch = pytest.importorskip("torch")
NAMES = {
    "lenet": (None, {"body.c5"}),
    "resnet": ("resnet18", {"body.layer4"}),
    "vit": (  # three blocks of twelve
        "vit_tiny_patch16_224",
        {f"body.blocks.{i}" for i in (9, 10, 11)} | {"body.norm"},
    ),
    "densenet": ("densenet121", {"body.features.denseblock4", "body.features.norm5"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", NAMES)
def test_the_last_stage_holds_a_fifth_of_the_weights(kind: str) -> None:
    variant, names = NAMES[kind]
    network = ARCHITECTURES.parse({"kind": kind, **({"variant": variant} if variant else {})})
    headed = Headed(network, network.build(), [1], 0)
    headed.free("last_stage", torch.rand(1, 1, network.channels, *network.input_size))
    learning = {name for name, one in headed.named_parameters() if one.requires_grad and name.startswith("body.")}
    assert learning == {
        name for name, _ in headed.named_parameters() if any(name.startswith(f"{one}.") for one in names)
    }
    headed.set_learning()
    assert {name for name in names if headed.get_submodule(name).training} == names
    assert not headed.body.training
