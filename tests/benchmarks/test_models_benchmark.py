"""The benchmark of models runs, and its peers are given the same folds, steps and grid."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import lasso_paths, models_each, models_followed

ROOT = Path(__file__).parents[2]


def printed(*words: str) -> str:
    command = [sys.executable, ROOT / "benchmarks" / "models.py", *words]
    found = subprocess.run(
        list(map(str, command)), env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert found.returncode in (0, 1), found.stderr  # such a table is too small for promises
    return found.stdout


@pytest.mark.slow
def test_nested_prints_costs_and_scores_of_both_ways() -> None:
    said = printed("nested", "--patients", "80", "--columns", "30", "--repeats", "1")
    rows = [
        line.strip("| ").split(" | ") for line in said.splitlines() if line.startswith("| ") and "CPU s" not in line
    ]
    assert [row[0] for row in rows][-1] == "all three in one study" and len(rows) == 5
    assert all(abs(float(row[6]) - float(row[7])) < 0.1 for row in rows[:4])
    assert {line.split(":")[0] for line in said.splitlines()[-3:]} == {"together", "forests", "scores"}


@pytest.mark.slow
def test_each_model_has_the_score_of_its_library() -> None:
    said = printed("each", "--patients", "80", "--columns", "20")
    rows = [
        line.strip("| ").split(" | ") for line in said.splitlines() if line.startswith("| ") and "CPU s" not in line
    ]
    assert [row[0] for row in rows] == [pair.title for pair in models_each.pairs(20)]
    assert all(abs(float(row[4]) - float(row[5])) < 0.1 for row in rows)


@pytest.mark.slow
def test_each_model_of_follow_up_has_the_score_of_its_library() -> None:
    """Trees, networks and competing risks apart, which have other chance, or another question."""
    said = printed("followed", "--patients", "80", "--columns", "20")
    rows = [
        line.strip("| ").split(" | ") for line in said.splitlines() if line.startswith("| ") and "CPU s" not in line
    ]
    assert [row[0] for row in rows] == [pair.title for pair in models_followed.pairs()]
    chance = ("survival forest", "DeepSurv", "discrete-time network", "cause-specific Cox", "Fine-Gray")
    assert all(abs(float(row[4]) - float(row[5])) < (0.15 if row[0] in chance else 0.01) for row in rows)


@pytest.mark.slow
def test_centre_out_gives_the_score_of_the_frozen_solver() -> None:
    said = printed("centre_out", "--patients", "100", "--columns", "40")
    before, now = (float(line.split(" | ")[2].strip("| ")) for line in said.splitlines() if line[:3] in ("| c", "| t"))
    assert abs(before - now) < 0.01


@pytest.mark.parametrize("problem", lasso_paths.problems(None), ids=lambda one: one.kind)
def test_errors_of_paths_are_those_of_the_definition(problem: lasso_paths.Problem) -> None:
    """The null model is off by all of the largest penalty less the smallest; a path at its optimum is off by nothing."""
    few = problem._replace(penalties=problem.penalties[:4])
    null = np.zeros((4, 1 + problem.X.shape[1]))
    if problem.kind == "logistic":
        null[:, 0] = np.log(problem.y.mean() / (1 - problem.y.mean()))
    largest = few.penalties[0] / lasso_paths.SMALLEST ** (1 / lasso_paths.PENALTIES)
    of_largest, of_each = lasso_paths.errors(few, null)
    assert of_largest == pytest.approx((largest - few.penalties[-1]) / few.penalties[0])
    assert of_each == pytest.approx(largest / few.penalties[-1] - 1)
    way = lasso_paths.run_ours(few, 1e-6, 0)
    assert way.of_each < 1e-6 * 1.01
