"""The page of steps names those that there are, and its examples are candidates."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tasks.modelling.candidate import parse_candidate
from tasks.modelling.preprocessing.step import STAGES, STEPS

PAGE = (Path(__file__).parents[4] / "docs" / "steps.md").read_text("utf-8")


def test_the_page_has_every_step_under_its_stage() -> None:
    listed = {
        section.split(":")[0].split()[0].lower(): re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        for section in PAGE.split("\n## ")[1:]
    }
    for stage in STAGES:
        assert sorted(listed[stage]) == [kind for kind in STEPS.modules if STEPS.load(kind).stage == stage], stage


def test_candidates_of_the_page_are_read() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    careful = [parse_candidate(one) for one in yaml.safe_load(block)["models"]][1]
    assert [step.kind for step in careful.steps if step.blocks] == [
        "most_frequent",
        "correlation_clusters",
        "yeo_johnson",
        "zscore",
    ]
