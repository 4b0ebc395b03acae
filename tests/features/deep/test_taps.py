"""Taps: layers by their names, several in one pass, with words for a name that there is not."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import pytest

torch = pytest.importorskip("torch")

from features.core.errors import RadweaveError  # noqa: E402
from features.deep.architecture import Architecture  # noqa: E402
from features.deep.pooling import POOLINGS  # noqa: E402
from features.deep.taps import channels_of, check_tap, forward, tap_word  # noqa: E402


class Small(Architecture):
    """A stem, a block that writes into its input, a head."""

    kind: Literal["small"] = "small"
    variant: Literal["small"] = "small"
    dimensions: ClassVar[Literal[2, 3]] = 2
    input_size: ClassVar[Any] = (8, 8)
    smallest: ClassVar[Any] = 4
    width: ClassVar[Any] = 6
    publication: ClassVar[Any] = "nobody"

    def build(self) -> torch.nn.Module:
        block = torch.nn.Sequential(torch.nn.BatchNorm2d(4), torch.nn.ReLU(inplace=True))
        layers = {"stem": torch.nn.Conv2d(3, 4, 3), "block": block, "last": torch.nn.Conv2d(4, 6, 1)}
        head = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6 * 36, 5))
        return _Whole(layers, head)

    def maps(self, network: Any, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network.trunk(pixels)
        network.passes += 1
        return found


class _Whole(torch.nn.Module):
    def __init__(self, layers: Any, head: torch.nn.Module) -> None:
        super().__init__()
        self.stem, self.block, self.last, self.head = *layers.values(), head
        self.passes = 0

    def trunk(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.last(self.block(self.stem(pixels)))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        return self.head(self.trunk(pixels))


@pytest.fixture
def network() -> Any:
    torch.manual_seed(0)
    return Small().build().eval()


PIXELS = torch.linspace(-1, 1, 2 * 3 * 8 * 8).reshape(2, 3, 8, 8)


def test_several_layers_come_of_one_pass(network: Any) -> None:
    with torch.inference_mode():
        found = forward(Small(), network, PIXELS, ["features", "stem", "block.0"])
        assert network.passes == 1
        torch.testing.assert_close(found["features"], network.trunk(PIXELS))
        torch.testing.assert_close(found["stem"], network.stem(PIXELS))
    assert found["block.0"].min() < 0  # the layer behind it writes into it
    assert list(found) == ["features", "stem", "block.0"]
    assert not any(module._forward_hooks for module in network.modules())


def test_a_layer_behind_the_last_maps_is_reached(network: Any) -> None:
    with torch.inference_mode():
        found = forward(Small(), network, PIXELS, ["head.1", "stem"])
        assert network.passes == 1
        torch.testing.assert_close(found["head.1"], network(PIXELS))
        assert forward(Small(), network, PIXELS, ["features", "head"])["features"].shape == (2, 6, 6, 6)


def test_channels_are_known_without_numbers() -> None:
    assert [channels_of(Small(), tap) for tap in ("features", "stem", "block.1", "head.1")] == [6, 4, 4, 5]
    assert tap_word("block.0") == "block_0"


@pytest.mark.parametrize(
    ("tap", "said"),
    [
        (
            "stam",
            r'no layer "stam"; it has features \(the last maps\), stem, block, last, head, and what .* Did you mean "stem"',
        ),
        ("block.7", 'no layer "block.7"; block holds block.0, block.1; did you mean'),
        ("stem.x", 'no layer "stem.x"; stem holds no layers'),
        ("", 'no layer ""'),
    ],
)
def test_a_wrong_name_is_told_with_those_that_there_are(network: Any, tap: str, said: str) -> None:
    with pytest.raises(RadweaveError, match=f"(?i){said}"):
        forward(Small(), network, PIXELS, [tap])
    with pytest.raises(RadweaveError, match="has no layer"):
        channels_of(Small(), tap)


def test_a_pooling_that_makes_nothing_of_a_layer_is_told_beforehand() -> None:
    for tap in ("features", "stem"):
        check_tap(Small(), tap, [POOLINGS.parse("descriptors")])
    check_tap(Small(), "head.1", [POOLINGS.parse("average"), POOLINGS.parse("moments")])
    with pytest.raises(ValueError, match="taps: head.1 of small: the pooling descriptors needs a layer with maps"):
        check_tap(Small(), "head.1", [POOLINGS.parse("descriptors")])
    with pytest.raises(ValueError, match='taps: small has no layer "heads"'):
        check_tap(Small(), "heads", [])
