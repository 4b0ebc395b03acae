"""Views as they are changed while a network learns."""

from __future__ import annotations

import numpy as np
import pytest

from features.deep.learning.augmentation import Augmentation

torch = pytest.importorskip("torch")
NOTHING = {"mirror": False, "shift": 0.0, "brightness": 0.0, "contrast": 0.0}


class Farthest(np.random.Generator):
    """Draws what is farthest from no change, so that what is done is known."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def uniform(self, low: float = 0.0, high: float = 1.0, size: object = None) -> np.ndarray:  # type: ignore[override]
        return np.full(size, high)  # type: ignore[call-overload]


def views(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random(shape, np.float32))


@pytest.mark.parametrize("shape", [(3, 2, 8, 8), (3, 1, 4, 8, 8)])
def test_a_quarter_turn_by_angle_is_one_by_places_and_a_quarter_of_a_side_is_a_quarter(shape: tuple[int, ...]) -> None:
    given = views(*shape)
    turned = Augmentation(**NOTHING, rotate=90).changed(given, Farthest())
    assert torch.allclose(turned, given.rot90(1, (-2, -1)), atol=1e-5)
    moved = Augmentation(**{**NOTHING, "shift": 0.25}).changed(given, Farthest())
    by = [side // 4 for side in shape[2:]]
    stays = tuple(slice(None, side - one) for side, one in zip(shape[2:], by, strict=True))
    comes = tuple(slice(one, None) for one in by)
    assert torch.allclose(moved[(..., *stays)], given[(..., *comes)], atol=1e-5)


def test_what_is_asked_for_is_done_and_nothing_else() -> None:
    given = views(40, 1, 6, 6)
    rng = np.random.default_rng(1)
    assert torch.equal(Augmentation(**NOTHING).changed(given, rng), given)
    mirrored = Augmentation(**{**NOTHING, "mirror": True}).changed(given, rng)
    flipped = [torch.equal(one, other.flip(-1)) for one, other in zip(mirrored, given, strict=True)]
    assert 8 < sum(flipped) < 32
    assert all(torch.equal(one, other) for one, other, no in zip(mirrored, given, flipped, strict=True) if not no)
    turned = Augmentation(**NOTHING, turn=True).changed(given, rng)
    assert torch.equal(turned.flatten(1).sort().values, given.flatten(1).sort().values)
    brighter = Augmentation(**{**NOTHING, "brightness": 0.2}).changed(given, Farthest())
    assert torch.allclose(brighter, given + 0.2, atol=1e-6)
    noisy = Augmentation(**NOTHING, noise=0.1).changed(given, rng)
    assert 0.08 < float((noisy - given).std()) < 0.12


def test_equal_draws_give_equal_views() -> None:
    given, every = views(5, 1, 8, 8), Augmentation(rotate=20, zoom=0.2, noise=0.1, turn=True)
    one, two = (every.changed(given, np.random.default_rng(7)) for _ in range(2))
    assert torch.equal(one, two) and not torch.equal(one, every.changed(given, np.random.default_rng(8)))


def test_quarter_turns_need_square_slices() -> None:
    assert "views have 8 x 6" in Augmentation(turn=True).fault((8, 6)) and not Augmentation().fault((8, 6))
