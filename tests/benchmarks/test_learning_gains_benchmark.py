"""The benchmark of gains prints a row for each start, with an interval."""

from __future__ import annotations

import pytest

from benchmarks import learning_gains as gains

pytest.importorskip("torch")


@pytest.mark.slow
def test_each_start_has_a_gain_over_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in (("TRAIN", 16), ("TEST", 30), ("ELSEWHERE", 16), ("DEEP", {})):
        monkeypatch.setattr(gains, name, value)
    monkeypatch.setattr("sys.argv", ["learning_gains.py", "--seeds", "2", "--epochs", "1"])
    assert gains.main() == 0
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0] for row in rows] == list(gains.WAYS)
    assert rows[0][2] == "–" and all(float(row[3].split(" to ")[0]) <= float(row[2]) for row in rows[1:])
