"""Cards say what the publishers of their checkpoints say; names in the files become those of the networks."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
from features.deep.torchvision_ops import import_torchvision  # noqa: E402

import_torchvision()
timm = pytest.importorskip("timm")

from features.deep.card import card_names, load_card  # noqa: E402
from features.deep.checkpoint import _of_network  # noqa: E402

PLAIN = {"apache-2.0": "Apache-2.0", "bsd-3-clause": "BSD-3-Clause", "mit": "MIT", "cc-by-nc-4.0": "CC-BY-NC-4.0"}
HUB = "timm/"


def _of_timm() -> list[str]:
    hubs = {name: load_card(name).weights.hub for name in card_names()}
    return [name for name, hub in hubs.items() if hub is not None and hub.repository.startswith(HUB)]


@pytest.mark.parametrize("name", _of_timm())
def test_a_card_of_timm_says_what_timm_says(name: str) -> None:
    card = load_card(name)
    assert card.weights.hub is not None
    said = timm.models.get_pretrained_cfg(card.weights.hub.repository.removeprefix(HUB))
    assert said.hf_hub_id == card.weights.hub.repository
    assert card.licence == PLAIN[said.license]
    assert (card.permitted_use == "ANY") == (said.license != "cc-by-nc-4.0")
    assert card.input.mean == pytest.approx(said.mean)
    assert card.input.std == pytest.approx(said.std)
    if "interpolated" not in card.note:
        assert card.input.size == said.input_size[1:]
    outputs = getattr(card.architecture, "outputs", None)
    assert outputs == said.num_classes


def _keys(name: str, published: Any) -> tuple[set[str], set[str]]:
    """Of a checkpoint as its card reads it, and of the network."""
    card = load_card(name)
    with torch.device("meta"):
        network = card.architecture.build()
    state = card.architecture.named(network, _of_network(published.state_dict(), card.weights.keys))
    wanted = network.state_dict()
    assert all(state[key].shape == wanted[key].shape for key in state.keys() & wanted.keys())
    return set(state), set(wanted)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "function"), [("resnet50", "resnet50"), ("densenet121", "densenet121")])
def test_names_of_radimagenet_are_those_of_its_notebook(name: str, function: str) -> None:
    """All layers of torchvision's network but the last, in a row, as `backbone`."""
    import torchvision

    with torch.device("meta"):
        layers = list(getattr(torchvision.models, function)(weights=None).children())[:-1]
        published = torch.nn.ModuleDict({"backbone": torch.nn.Sequential(*layers)})
    found, wanted = _keys(f"radimagenet_{name}", published)
    assert found == wanted


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("alexnet_imagenet", "alexnet"),
        ("inception_v1_imagenet", "googlenet"),
        ("inception_v3_imagenet", "inception_v3"),
    ],
)
def test_networks_of_torchvision_lose_only_what_training_asks(name: str, function: str) -> None:
    import torchvision

    given: dict[str, Any] = {} if function == "alexnet" else {"init_weights": False, "aux_logits": True}
    with torch.device("meta"):
        published = getattr(torchvision.models, function)(weights=None, **given)
    found, wanted = _keys(name, published)
    assert found == wanted


def test_uni_is_the_network_that_its_publishers_build() -> None:
    with torch.device("meta"):
        published = timm.create_model(
            "vit_large_patch16_224", img_size=224, patch_size=16, init_values=1e-5, num_classes=0, dynamic_img_size=True
        )
    found, wanted = _keys("uni", published)
    assert found == wanted
