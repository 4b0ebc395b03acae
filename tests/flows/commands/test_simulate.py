"""The command `simulate`: a kind, its own options, and what is said of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_kind_is_written_with_its_options(command: Callable, tmp_path: Path) -> None:
    shown = command(
        "simulate", tmp_path / "heads", "--kind", "brain", "--patients-per-centre", 1, "--seed", 2, "--null"
    )
    assert "The cohort is described in" in shown.stdout
    truth = json.loads((tmp_path / "heads" / "truth" / "truth.json").read_text("utf-8"))
    assert (truth["kind"], truth["seed"], truth["null"]) == ("brain", 2, True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--kind", "brian"), 'did you mean "brain"'),
        (("--kind", "brain", "--coin"), "simulate: kind brain has no --coin; it belongs to lung"),
        (("--kind", "brain", "--centres", "2"), "simulate: kind brain has no --centres; it belongs to lung"),
    ],
)
def test_what_a_kind_does_not_have_is_refused_by_name(
    command: Callable, tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    assert said in " ".join(command("simulate", tmp_path / "new", *given, code=2).stderr.split())
    assert not (tmp_path / "new").exists()
