"""What every weights card keeps: a new file in the folder is tested by its being there."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from features.core.case import Modality
from features.core.kinds.recipe import Recipe
from features.core.kinds.sampling import Shape
from features.deep.architecture import FEATURES
from features.deep.asked import Asked
from features.deep.card import Card, card_names, load_card
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


def _recipe(card: Card, name: str, **changes: Any) -> Recipe:
    """A recipe that keeps the contract of a card, but for the changes; of images that radweave does not read, any recipe."""
    asked = card.input
    modality = next((one for one in asked.modalities if one in get_args(Modality)), "CT")
    unit, discretise = {
        "CT": ("HU", {"bin_width": 25}),
        "MR": ("arbitrary", {"bin_count": 32}),
        "PT": ("SUV", {"bin_width": 0.5}),
    }[modality]
    settings = {
        "name": "recipe",
        "modality": modality,
        "unit": asked.unit or unit,
        "discretise": discretise,
        "window": asked.window or (-5, 5),
        "normalise": None if asked.normalise is None else asked.normalise.model_dump(),
        "extractors": [name],
    }
    return Recipe.model_validate({**settings, **changes})


@pytest.mark.parametrize("name", CARDS)
def test_recipes_that_keep_the_contract_are_taken_and_those_that_break_it_are_told(name: str) -> None:
    card = load_card(name)
    asked = card.input
    if not {*asked.modalities, *get_args(Modality)[: not asked.modalities]} & {*get_args(Modality)}:
        with pytest.raises(ValueError, match=f"it was trained on {asked.modalities[0]}"):
            _recipe(card, name)
        return
    _recipe(card, name)
    broken: list[tuple[str, dict[str, Any]]] = []
    if asked.modalities:
        other = {"modality": "PT", "unit": "SUV", "discretise": {"bin_width": 0.5}}
        broken.append(("it was trained on " + " or ".join(asked.modalities), other))
    if asked.window:
        broken.append((r"window is \[0, 7\], and it takes", {"window": (0, 7)}))
    if asked.unit or asked.normalise:
        other = {"normalise": {"kind": "mask_zscore"}, "discretise": {"bin_count": 32}}
        broken.append(("unit is|normalise is", other))
    if asked.spacing_mm:
        broken.append(("coarser than", {"spacing_mm": [2 * one for one in asked.spacing_mm]}))
    if asked.only:
        further = {"kind": "network", "weights": name, "samplings": ["largest"]}
        broken.append(("the sampling is largest|has 2 dimensions", {"extractors": [further]}))
    for told, changes in broken:
        with pytest.raises(ValueError, match=told):
            _recipe(card, name, **changes)


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
