"""Networks with their weights: those of a card, or drawn by a seed."""

from __future__ import annotations

from features.deep.architecture import Architecture
from features.deep.card import Card
from features.deep.checkpoint import check_digest, load_weights
from features.deep.finding import find_checkpoint
from features.deep.loaded import Loaded
from features.deep.needed import check_torch


def load_card_network(card: Card) -> Loaded:
    """The network of a card. Raises MachineError without its packages, WeightsError without its weights."""
    check_torch()
    if card.architecture.holds_network:
        path = find_checkpoint(card)
        check_digest(path, card.weights)
        return Loaded(card.architecture, card.architecture.open(path), card.input.mean, card.input.std)
    network = card.architecture.build().eval()
    load_weights(card, network)
    card.architecture.fit(network, card.input.size)
    return Loaded(card.architecture, network, card.input.mean, card.input.std)


def load_random_network(architecture: Architecture, seed: int) -> Loaded:
    """A network whose weights are drawn from a seed: the same on every machine with the same torch."""
    check_torch()
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = architecture.build().eval()
        architecture.draw(network)
    return Loaded(architecture, network, (0.5,) * architecture.channels, (0.25,) * architecture.channels)
