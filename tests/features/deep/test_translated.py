"""Translated: a network gives on processors by onnxruntime what it gives by torch."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import pytest

from features.deep.architecture import Architecture
from features.deep.loaded import Loaded
from features.deep.running import run
from features.deep.taps import forward

torch = pytest.importorskip("torch")


class Small(Architecture):
    """A network of two layers."""

    kind: Literal["small"] = "small"
    variant: Literal["small"] = "small"
    dimensions: ClassVar[Literal[2, 3]] = 2
    input_size: ClassVar[tuple[int, ...]] = (12, 10)  # type: ignore[assignment]
    smallest: ClassVar[int] = 4  # type: ignore[assignment]
    width: ClassVar[int] = 5  # type: ignore[assignment]
    publication: ClassVar[str] = "nobody"  # type: ignore[assignment]

    def build(self) -> torch.nn.Module:
        return torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Conv2d(4, 5, 1)
        )

    def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = network(pixels)
        return found


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Loaded(Small(), Small().build().eval(), (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("taps", [("features",), ("2", "features")])
def test_values_are_those_of_torch_whatever_the_batch(loaded: Loaded, channels: int, taps: tuple[str, ...]) -> None:
    views = np.random.default_rng(0).random((17, channels, 12, 10), np.float32)
    found = list(run(loaded, views, taps))
    with torch.inference_mode():
        wanted = forward(loaded.architecture, loaded.network, loaded.prepared(torch.from_numpy(views)), taps)
    for tap in taps:
        together = torch.cat([maps[tap] for maps in found])
        assert together.shape == wanted[tap].shape
        np.testing.assert_allclose(together, wanted[tap], atol=1e-5)
    (alone,) = run(loaded, views[16:], taps)
    np.testing.assert_allclose(alone[taps[0]], found[-1][taps[0]][-1:], atol=1e-5)
