"""Translated: a network gives on processors by onnxruntime what it gives by torch."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest

from features.deep.architecture import Architecture
from features.deep.asked import Asked, pooled
from features.deep.pooling import POOLINGS
from features.deep.running import run
from features.deep.translated import NotTranslatedError, translated

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


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    translated.cache_clear()
    return tmp_path / "radweave" / "networks"


def asked(*taps: str) -> Asked:
    return Asked(Small(), None, 0, taps or ("features",), (POOLINGS.parse("average"), POOLINGS.parse("moments")))


VIEWS = np.random.default_rng(0).random((17, 3, 12, 10), np.float32)  # one more than a batch


@pytest.mark.parametrize("taps", [(), ("2", "features")])
def test_values_are_those_of_torch_whatever_the_batch_and_the_channels(taps: tuple[str, ...], cache: Path) -> None:
    one = asked(*taps)
    for views in (VIEWS, VIEWS[:, :1]):
        found = run(one, views)
        with torch.inference_mode():
            wanted = pooled(one, one.load(), torch.from_numpy(views)).numpy()
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        np.testing.assert_allclose(run(one, views[16:]), found[16:], atol=1e-5)
    assert len(list(cache.glob("*.onnx"))) == 1, "one network for views of all channels and of one"


def test_a_network_is_translated_once_and_again_if_what_is_kept_is_damaged(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(asked(), VIEWS)
    (kept,) = cache.glob("*.onnx")
    translated.cache_clear()
    monkeypatch.setattr("features.deep.asked._loaded", lambda *_: pytest.fail("the network was loaded"))
    np.testing.assert_array_equal(run(asked(), VIEWS), first)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parents[1]))
    kept.write_bytes(kept.read_bytes()[:-9] + b"\0" * 9)
    translated.cache_clear()
    np.testing.assert_array_equal(run(asked(), VIEWS), first)
    assert [path.name for path in cache.glob("*.onnx")] == [kept.name]


def test_other_weights_or_taps_are_another_network(cache: Path) -> None:
    run(asked(), VIEWS)
    run(replace(asked(), seed=1), VIEWS)
    run(asked("2"), VIEWS)
    assert len(list(cache.glob("*.onnx"))) == 3


def test_a_network_that_gives_nan_is_said_to_do_so(cache: Path) -> None:
    class Endless(Small):
        """Divides nothing by nothing."""

        def maps(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
            return super().maps(network, pixels) * float("nan")

    one = replace(asked(), architecture=Endless())
    with pytest.raises(NotTranslatedError, match="its values are NaN or infinite"):
        translated(one, one.digest, (12, 10), 1)
    assert not list(cache.glob("*.onnx"))


def test_onnxruntime_keeps_no_identifier_of_the_machine_to_tell_its_makers(tmp_path: Path) -> None:
    script = (
        "from features.deep.needed import load_onnxruntime; import onnx; from onnx import helper as h; "
        "x, y = (h.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in 'xy'); "
        "graph = h.make_graph([h.make_node('Relu', ['x'], ['y'])], 'g', [x], [y]); "
        "model = h.make_model(graph, ir_version=9, opset_imports=[h.make_opsetid('', 17)]); "
        "load_onnxruntime().InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])"
    )
    home = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path / "home")}
    home.pop("ORT_DISABLE_TELEMETRY", None)
    done = subprocess.run([sys.executable, "-c", script], env=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [path for path in tmp_path.rglob("*") if "Microsoft" in str(path)] == []
