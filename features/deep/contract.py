"""Contract: what a checkpoint must be shown, against how a recipe prepares images."""

from __future__ import annotations

from collections.abc import Iterator

from features.core.kinds.preparation import Preparation
from features.deep.card import Card


def breaches(card: Card, preparation: Preparation) -> Iterator[str]:
    """In what a recipe breaks the contract of a card: sentences with what was found and what is allowed."""
    asked = card.input
    if asked.modalities and preparation.modality not in asked.modalities:
        yield f"modality is {preparation.modality}, and it was trained on {' or '.join(asked.modalities)}"
    if asked.unit and preparation.measured_unit != asked.unit:
        normalised = ", normalised" if preparation.measured_unit != preparation.unit else ""
        yield f"unit is {preparation.unit}{normalised}, and it takes {asked.unit}"
    if asked.window and preparation.window is not None and preparation.window != asked.window:
        found, allowed = (f"[{low:g}, {high:g}]" for low, high in (preparation.window, asked.window))
        yield f"window is {found}, and it takes {allowed}"
