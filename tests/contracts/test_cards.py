"""What every weights card keeps: a new file in the folder is tested by its being there."""

from __future__ import annotations

import numpy as np
import pytest

from features.core.kinds.sampling import Shape
from features.deep.architecture import FEATURES
from features.deep.asked import Asked
from features.deep.card import card_names, load_card
from features.deep.finding import locate
from features.deep.needed import is_installed
from features.deep.running import run
from features.deep.taps import channels_of

CARDS = card_names()


@pytest.mark.parametrize("name", CARDS)
def test_a_card_says_all_that_a_user_must_know(name: str) -> None:
    card = load_card(name)
    assert card.title and card.trained_on and card.source and card.licence
    assert card.permitted_use == card.permitted_use.upper()
    assert card.weights.sha256 or not card.weights.package, "what a package holds has a digest"
    assert card.weights.remedy, "how the weights are had"
    assert card.input.samplings, "what the network is shown where a recipe does not say"
    shape = Shape(card.input.size, card.architecture.channels, card.input.spacing_mm, card.input.orientation)
    for one in card.input.samplings:
        assert one.fault(shape) is None
        assert one.channels(1) in (1, card.architecture.channels)
    assert card.architecture.fault(card.input.size) is None
    if card.output.tap == FEATURES:
        endings = card.output.pooling.names(card.architecture.width, card.architecture.dimensions)
        assert card.output.width == len(endings)


@pytest.mark.slow
@pytest.mark.parametrize("name", CARDS)
def test_the_network_of_a_card_has_its_tap_and_width(name: str) -> None:
    torch = pytest.importorskip("torch")
    card = load_card(name)
    network = card.architecture
    if network.holds_network or not is_installed(*network.modules):
        pytest.skip(f"{name}: its network is in a file, or packages are missing")
    with torch.device("meta"):
        network.build()
    endings = card.output.pooling.names(channels_of(network, card.output.tap), network.dimensions)
    assert card.output.width == len(endings)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CARDS if locate(load_card(name).weights) is not None])
def test_weights_that_are_here_load_and_give_numbers(name: str) -> None:
    card = load_card(name)
    pytest.importorskip("torch")
    side = 2 * card.architecture.smallest
    views = np.random.default_rng(0).random((2, 1, *[side] * len(card.input.size)), np.float32)
    found = run(Asked(card.architecture, card, None, (card.output.tap,), (card.output.pooling,)), views)
    assert found.shape == (2, card.output.width)
    assert np.isfinite(found).all()
    assert (found[0] != found[1]).mean() > 0.05
