"""contract: what a recipe shows a network is what its card asks for, also where a sampling brings windows of its own."""

from __future__ import annotations

from typing import Any

import pytest

from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import SAMPLINGS
from features.deep.card import Card, load_card
from features.deep.contract import breaches


def _card(window: tuple[float, float]) -> Card:
    card = load_card("efficientnet_lite0")
    return card.model_copy(update={"input": card.input.model_copy(update={"window": window})})


@pytest.mark.parametrize(
    ("windows", "told"),
    [
        ([[-160, 240]] * 3, []),
        (
            [[-160, 240], [0, 10], [-1000, 400]],
            ["windows shows [0, 10], [-1000, 400], and it takes the window [-160, 240]"],
        ),
    ],
)
def test_windows_of_a_sampling_are_held_to_the_contract(windows: Any, told: list[str]) -> None:
    preparation = Preparation.model_validate(
        {"modality": "CT", "unit": "HU", "discretise": {"bin_width": 25}, "window": [-160, 240]}
    )
    sampling = SAMPLINGS.parse({"kind": "windows", "windows": windows})
    assert list(breaches(_card((-160, 240)), preparation, [sampling])) == told
