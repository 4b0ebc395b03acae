"""Test-time augmentation: which views a network is shown, and how features over them spread."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from features.deep.augment import Augment, mean_and_spread  # noqa: E402

FLAT = torch.arange(16.0).reshape(1, 1, 4, 4)
SOLID = torch.arange(2 * 4 * 4.0).reshape(1, 1, 2, 4, 4)


def shown(settings: dict[str, Any], view: torch.Tensor, dimensions: Literal[2, 3]) -> list[torch.Tensor]:
    return [change(view) for change in Augment.model_validate(settings).changes(dimensions)]


@pytest.mark.parametrize(
    ("settings", "flat", "solid"),
    [
        ({}, 1, 1),
        ({"flips": True}, 2, 4),
        ({"turns": 4}, 4, 4),
        ({"flips": True, "turns": 4}, 8, 16),
        ({"flips": True, "turns": 2, "shifts": 1}, 8, 14),
    ],
)
def test_views_are_all_different_and_the_first_is_as_it_was(settings: Any, flat: int, solid: int) -> None:
    for view, dimensions, many in ((FLAT, 2, flat), (SOLID, 3, solid)):
        found = shown(settings, view, dimensions)  # type: ignore[arg-type]
        assert len({tuple(one.flatten().tolist()) for one in found}) == len(found) == many
        torch.testing.assert_close(found[0], view)
        assert all(one.shape == view.shape for one in found)


def test_flips_turns_and_shifts_are_those_of_numpy() -> None:
    array = FLAT[0, 0].numpy()
    mirrored, turned = shown({"flips": True}, FLAT, 2)[1], shown({"turns": 4}, FLAT, 2)[1]
    np.testing.assert_array_equal(mirrored[0, 0], array[:, ::-1])
    np.testing.assert_array_equal(turned[0, 0], np.rot90(array))
    down, up, right, left = (one[0, 0].numpy() for one in shown({"shifts": 1}, FLAT, 2)[1:])
    np.testing.assert_array_equal(down, array[[0, 0, 1, 2]])
    np.testing.assert_array_equal(up, array[[1, 2, 3, 3]])
    np.testing.assert_array_equal(right, array[:, [0, 0, 1, 2]])
    np.testing.assert_array_equal(left, array[:, [1, 2, 3, 3]])


def test_what_does_not_fit_the_views_is_told() -> None:
    assert "quarter turns need square slices, and the network is shown 24 x 32" in Augment(turns=4).fault((24, 32))
    assert "shifts of 9 pixels are more than a quarter of the 32" in Augment(shifts=9).fault((48, 32, 32))
    assert "nothing is changed: say flips, turns or shifts" in Augment().fault((48, 48))
    assert Augment(flips=True, turns=4, shifts=8).fault((48, 32, 32)) == ""


def test_the_spread_is_the_distance_from_the_mean_beside_its_length() -> None:
    parts = [
        np.array([[3.0, 4.0], [1.0, 0.0], [0.0, 0.0]], np.float32),
        np.array([[3.0, 4.0], [3.0, 0.0], [0.0, 0.0]], np.float32),
    ]
    mean, spread = mean_and_spread(parts)
    np.testing.assert_allclose(mean, [[3, 4], [2, 0], [0, 0]])
    np.testing.assert_allclose(spread, [0.0, 0.5, np.nan])
    assert mean.dtype == spread.dtype == np.float32
    np.testing.assert_allclose(mean_and_spread([10 * one for one in parts])[1], spread)
