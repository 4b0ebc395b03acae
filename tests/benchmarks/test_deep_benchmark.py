"""The benchmark of deep features measures small networks too, by the same ways."""

from __future__ import annotations

import argparse
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
OPTIONS = argparse.Namespace(cases=5, repeats=1, every=False)


def test_samples_that_are_kept_are_measured_beside_the_bare_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(deep, "NETWORKS", {"LeNet, 32²": SMALL})
    deep.warm(tmp_path / "warm", OPTIONS)
    heading, row = capsys.readouterr().out.splitlines()[-2:]
    assert heading.split()[:3] == ["network", "bare", "views/s"]
    *_, bare, warm, share, eager, apart, _, _, _ = row.split()
    assert min(map(float, (bare, warm, share, eager))) > 0
    assert float(apart) < 1e-4


def test_one_network_of_each_family_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from features.deep.architecture import ARCHITECTURES

    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setitem(vars(ARCHITECTURES), "modules", {"lenet": ARCHITECTURES.modules["lenet"]})
    deep.backbones(tmp_path, OPTIONS)
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  lenet")]
    assert float(row.split()[-2]) > 0
