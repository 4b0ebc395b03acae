"""The benchmark of deep features measures small networks too, by the same ways."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks import deep

pytest.importorskip("torch")

SMALL = {
    "kind": "network",
    "weights": "random",
    "seed": 1,
    "architecture": {"kind": "lenet", "variant": "lenet5"},
    "samplings": ["largest"],
}
OPTIONS = argparse.Namespace(cases=5, repeats=1, every=False, seconds=60.0)


def test_samples_that_are_kept_are_measured_beside_the_bare_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(deep, "NETWORKS", {"LeNet, 32²": deep.Measured(SMALL)})
    deep.warm(tmp_path / "warm", OPTIONS)
    row = capsys.readouterr().out.splitlines()[-1]
    cases, *figures, apart, kept_apart = row.removeprefix("  LeNet, 32²").split()
    assert cases == "5"
    assert len(figures) == 7
    assert min(map(float, figures)) >= 0  # milliseconds of a small network may be none as they are printed
    assert float(apart) < 1e-4
    assert float(kept_apart) < 1e-5


def test_one_network_of_each_family_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from features.deep.architecture import ARCHITECTURES

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(sys.modules["torch"], "set_num_threads", lambda _: None)  # of this process, which goes on
    monkeypatch.setitem(vars(ARCHITECTURES), "modules", {"lenet": ARCHITECTURES.modules["lenet"]})
    monkeypatch.setattr("features.deep.card.card_names", lambda: ())
    deep.backbones(tmp_path, OPTIONS)
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  lenet")]
    name, weights, *_, millions, engine, rate = row.split()
    assert (name, weights, engine) == ("lenet5", "random", "onnxruntime")
    assert min(float(millions), float(rate)) > 0


def test_a_network_whose_process_ends_or_takes_too_long_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from features.deep.architecture import ARCHITECTURES

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(sys.modules["torch"], "set_num_threads", lambda _: None)
    monkeypatch.setitem(vars(ARCHITECTURES), "modules", {"lenet": ARCHITECTURES.modules["lenet"]})
    monkeypatch.setattr("features.deep.card.card_names", lambda: ())
    monkeypatch.setattr(deep, "_row", lambda *_: os._exit(9))
    deep.backbones(tmp_path, OPTIONS)
    assert "lenet5                       not measured: its process ended with 9" in capsys.readouterr().out
    monkeypatch.setattr(deep, "_row", lambda *_: time.sleep(60))
    monkeypatch.setattr(deep, "LONG", 1)
    deep.backbones(tmp_path, OPTIONS)
    assert "lenet5                       not measured: longer than 1 s" in capsys.readouterr().out
    deep.backbones(tmp_path, argparse.Namespace(every=True, seconds=0.0))
    assert "not measured, the time was up: lenet5" in capsys.readouterr().out
