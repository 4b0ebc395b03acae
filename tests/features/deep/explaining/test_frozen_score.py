"""The score behind a frozen network: its slopes are those of small steps, whatever is taken of the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.core.errors import RadweaveError
from features.core.kinds.sampling import SAMPLINGS
from features.deep.architecture import ARCHITECTURES
from features.deep.asked import Asked
from features.deep.attribution import ATTRIBUTIONS
from features.deep.augment import Augment
from features.deep.pooling import POOLINGS

torch = pytest.importorskip("torch")
CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"taps": ("features", "c1"), "poolings": ("average", "max")}, {}),
    ({"augment": Augment(flips=True, turns=2)}, {}),
    ({}, {"kind": "tiles", "side_mm": 20, "join": ["mean", "max"]}),
]


def score_of(asked: dict[str, Any], sampling: dict[str, Any], views: int) -> Any:
    from features.deep.explaining.frozen_score import FrozenScore

    own = {"taps": ("features",), "poolings": ("average",), "augment": None, **asked}
    network = Asked(ARCHITECTURES.parse("lenet"), None, 3, own["taps"], tuple(map(POOLINGS.parse, own["poolings"])))
    shown = SAMPLINGS.parse(sampling or "largest")

    def predict(rows: np.ndarray) -> np.ndarray:
        known = np.nan_to_num(rows)  # of the spread over augmented views
        return np.tanh(known @ np.random.default_rng(0).normal(size=known.shape[1]))

    found = FrozenScore.of(network, shown, own["augment"], predict, np.ones(0, bool))
    width = len(found.features(torch.rand(views, 1, 32, 32)))
    return FrozenScore.of(network, shown, own["augment"], predict, np.ones(width, bool))


def layer() -> str:
    network = ARCHITECTURES.parse("lenet").build()
    return next(name for name, module in network.named_modules() if isinstance(module, torch.nn.Conv2d))


@pytest.mark.parametrize(("asked", "sampling"), CASES)
def test_slopes_are_those_of_small_steps(asked: dict[str, Any], sampling: dict[str, Any]) -> None:
    asked = {**asked, **({"taps": ("features", layer())} if "taps" in asked else {})}
    views = torch.from_numpy(np.random.default_rng(1).random((3, 1, 32, 32)).astype(np.float32))
    score = score_of(asked, sampling, 3)
    shown = views.clone().requires_grad_(True)
    value = score.score(score.maps(shown))
    (slope,) = torch.autograd.grad(value, [shown])
    way = torch.from_numpy(np.random.default_rng(2).normal(size=views.shape).astype(np.float32))
    step = 2e-3
    with torch.no_grad():
        ends = [float(score.score(score.maps(views + sign * step * way))) for sign in (1, -1)]
    assert float((slope * way).sum()) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=0.08, abs=2e-3)
    assert score.scores(views, 1, views[1:2])[0] == pytest.approx(float(value.detach()), abs=1e-5)
    for kind in ATTRIBUTIONS.modules:
        assert np.isfinite(ATTRIBUTIONS.parse(kind).explain(score, views).values).all()


def test_random_weights_give_another_map_of_the_same_model() -> None:
    score = score_of({}, {}, 1)
    views = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    other = score.randomised(11)
    assert other.predict is score.predict and not np.allclose(other.features(views), score.features(views))
    kind = ATTRIBUTIONS.parse({"kind": "grad_cam", "keep": "both"})
    assert not np.allclose(kind.explain(other, views).values, kind.explain(score, views).values)
    assert np.array_equal(kind.explain(score.randomised(11), views).values, kind.explain(other, views).values)


def test_tokens_lie_on_a_grid_as_fine_as_the_view() -> None:
    from features.deep.explaining.token_places import as_maps

    tokens = torch.arange(1.0, 14.0)[None, :, None].expand(1, 13, 2)
    found = as_maps(tokens, (48, 64), before=1)
    assert found.shape == (1, 2, 3, 4) and found[0, 0].tolist()[0] == [2, 3, 4, 5]
    with pytest.raises(RadweaveError, match="has no places: take integrated_gradients or occlusion"):
        as_maps(torch.zeros(1, 5), (32, 32), before=0)
    with pytest.raises(RadweaveError, match="7 tokens are no grid over 32 × 32"):
        as_maps(torch.zeros(1, 7, 2), (32, 32), before=0)
