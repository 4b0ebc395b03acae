"""genesis3d: the published layers, each view normalised by itself."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from features.deep.architecture import ARCHITECTURES  # noqa: E402


def test_layers_are_those_of_the_published_checkpoint() -> None:
    with torch.device("meta"):
        names = ARCHITECTURES.parse("genesis3d").build().state_dict()
    assert tuple(names["down_tr64.ops.0.conv1.weight"].shape) == (32, 1, 3, 3, 3)
    assert tuple(names["down_tr512.ops.1.conv1.weight"].shape) == (512, 256, 3, 3, 3)
    assert "down_tr256.ops.1.bn1.running_var" in names
    assert len(names) == 8 * 7, "of each pair: weight and bias twice, two moments and a count"


def test_a_view_has_the_features_that_the_published_layers_give_it_alone() -> None:
    architecture = ARCHITECTURES.parse("genesis3d")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = architecture.build()
        views = torch.rand(3, 1, 16, 16, 16)
    with torch.inference_mode():
        together, alone = architecture.maps(network, views), architecture.maps(network, views[1:2])
        torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)
        pair = network.down_tr64.ops[0]
        given = pair.conv1(views[1:2])
        published = torch.nn.functional.batch_norm(
            given, pair.bn1.running_mean, pair.bn1.running_var, pair.bn1.weight, pair.bn1.bias, True, 0.1, pair.bn1.eps
        )
        torch.testing.assert_close(pair.bn1(given), published, rtol=1e-4, atol=1e-5)
