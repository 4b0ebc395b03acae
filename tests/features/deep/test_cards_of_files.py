"""Cards of checkpoints that users place: names as their publishers wrote them become those of the network, all and no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from features.deep.card import load_card  # noqa: E402
from features.deep.checkpoint import _of_network  # noqa: E402
from features.deep.needed import is_installed  # noqa: E402

STAGES = {"conv1.": "0.", "bn1.": "1.", "layer1.": "4.", "layer2.": "5.", "layer3.": "6.", "layer4.": "7."}


def _sequential(name: str) -> str:
    """A layer of torchvision's ResNet where its children stand one after the other."""
    stage = next(one for one in STAGES if name.startswith(one))
    return f"backbone.{STAGES[stage]}{name.removeprefix(stage)}"


# How publishers name what the network has, and what else their files hold: as in their own code that reads them.
PUBLISHED: dict[str, tuple[Callable[[str], str], tuple[str, ...]]] = {
    "brainiac": (lambda name: f"backbone.{name}", ("projector.0.weight", "backbone.blocks.3.norm_cross_attn.weight")),
    "ct_fm": (lambda name: name, ()),
    "fmcib": (lambda name: name, ()),
    "merlin": (
        lambda name: f"encode_image.i3_resnet.{name}",
        (
            "encode_text.linear_layer.weight",
            "encode_image.i3_resnet.classifier.weight",
            "encode_image.i3_resnet.contrastive_head.bias",
        ),
    ),
    "models_genesis_chest_ct": (
        lambda name: f"module.{name}",
        ("module.up_tr256.up_conv.weight", "module.out_tr.final_conv.bias"),
    ),
    "radimagenet_resnet50": (_sequential, ()),
    "retfound_cfp": (lambda name: name, ("mask_token", "decoder_embed.weight", "decoder_blocks.0.norm1.bias")),
    "uni": (lambda name: name, ()),
}


@pytest.mark.slow
@pytest.mark.parametrize("card", PUBLISHED)
def test_published_names_become_those_of_the_network(card: str) -> None:
    found = load_card(card)
    if not is_installed(*found.architecture.modules):
        pytest.skip(f"{card} needs {', '.join(found.architecture.modules)}")
    with torch.device("meta"):
        wanted = set(found.architecture.build().state_dict())
    named, further = PUBLISHED[card]
    state = dict.fromkeys([*map(named, wanted), *further], 0)
    assert set(_of_network(state, found.weights.keys)) == wanted


@pytest.mark.parametrize("card", PUBLISHED)
def test_what_may_not_be_used_freely_says_so_in_capital_letters(card: str) -> None:
    found = load_card(card)
    assert found.permitted_use == "ANY" or found.licence != "MIT"
    assert found.note, "what its source leaves open, or is to be kept in mind"
    assert found.weights.file and found.weights.get
