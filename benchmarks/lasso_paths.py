"""Paths of 50 penalties beside adelie: CPU seconds at equal errors, each in its quickest setting that reaches them.

The error of a path is the largest violation of the optimality conditions over its columns and penalties (the intercept
included), measured here on both solutions in the same way, as a share of the largest penalty: below 1e-3. `--each` compares them
once more as a share of each penalty, which is harder: adelie then takes minutes. adelie's tolerance falls by √10 until its path is
good enough; its time is then the least of some runs in a process of its own, as is ours here. Penalties fall from that of the null
model to a hundredth.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ADELIE = "adelie==1.1.52"
MOST_ERROR, PENALTIES, SMALLEST = 1e-3, 50, 0.01
MOST_TIMES = {"logistic": 1.1, "cox": 1.5}  # by the time of adelie
SCRIPT = Path(__file__).with_name("peer_ways") / "run_adelie.py"


class Problem(NamedTuple):
    """X: (n, p) standardised. y: (n,) events or flags. time: (n,) of events, empty for flags. penalties: (50,)."""

    name: str
    kind: str
    X: Floats
    y: NDArray[np.bool_]
    time: Floats
    penalties: Floats


class Way(NamedTuple):
    """CPU seconds of a path, and its errors as shares of the largest and of each penalty."""

    seconds: float
    of_largest: float
    of_each: float


def problems(public: Path | None) -> list[Problem]:
    """The simulated ones, and those of public tables where there is a folder of them."""
    rng = np.random.default_rng(0)
    b = 0.8 * np.array([1, -1] * 5)
    X = rng.normal(size=(160, 1000))
    found = [_flags("simulated 160 × 1,000", X, rng.random(160) < 1 / (1 + np.exp(-X[:, :10] @ b)))]
    X = rng.normal(size=(400, 2000))
    died, gone = rng.exponential(np.exp(-X[:, :10] @ b * 0.6)), rng.exponential(2, 400)
    found.append(_follow_up("simulated 400 × 2,000", X, died <= gone, np.minimum(died, gone)))
    if public is not None:
        with gzip.open(public / "hosny-lung-3cohorts" / "Hosny2018A.csv.gz") as file:
            table = pd.read_csv(file)
        found.append(_flags("Hosny A", table.drop(columns=["ID", "Target"]).to_numpy(float), table["Target"] == 1))
        with gzip.open(public / "genomic-survival" / "vdv_breast_78x4707.csv.gz") as file:
            table = pd.read_csv(file)
        X = table.drop(columns=["Time", "Censoring"]).to_numpy(float)
        found.append(_follow_up("vdv", X, table["Censoring"] == 1, table["Time"]))
    return sorted(found, key=lambda one: one.kind, reverse=True)


def _flags(name: str, X: Floats, y: Any) -> Problem:
    X, y, none = _standardised(X), np.asarray(y, bool), np.empty(0)
    return Problem(name, "logistic", X, y, none, _falling(_gradient(X, y, none, np.zeros(len(y)), y.mean())))


def _follow_up(name: str, X: Floats, event: Any, time: Any) -> Problem:
    X, event, time = _standardised(X), np.asarray(event, bool), np.asarray(time, float)
    return Problem(name, "cox", X, event, time, _falling(_gradient(X, event, time, np.zeros(len(X)), 0.0)))


def _standardised(X: Floats) -> Floats:
    X = X[:, X.std(axis=0) > 1e-9]
    return np.asfortranarray((X - X.mean(axis=0)) / X.std(axis=0))


def _falling(gradient: Floats) -> Floats:
    return np.geomspace(1.0, SMALLEST, PENALTIES + 1)[1:] * np.abs(gradient).max()


def _gradient(X: Floats, y: NDArray[np.bool_], time: Floats, eta: Floats, mean: float | None = None) -> Floats:
    """The falling gradient of each column at the scores eta, then that of the intercept of flags; by the definitions."""
    n = len(y)
    if not len(time):
        residual = (y - (1 / (1 + np.exp(-eta)) if mean is None else mean)) / n
        return np.append(X.T @ residual, residual.sum())
    hazard = np.exp(eta - eta.max())
    order = np.argsort(time, kind="stable")
    first = np.searchsorted(time[order], time)
    at_risk = np.append(hazard[order][::-1].cumsum()[::-1], 0.0)[first]
    each = np.where(y, 1 / at_risk, 0.0)
    cumulated = each[order].cumsum()[np.searchsorted(time[order], time, side="right") - 1]
    gradient: Floats = X.T @ (y - hazard * cumulated) / n
    return gradient


def errors(problem: Problem, path: Floats) -> tuple[float, float]:
    """Of a path, (penalties, 1 + p): as shares of the largest and of each penalty."""
    worst = []
    for one, penalty in zip(path, problem.penalties, strict=True):
        b = one[1:]
        g = _gradient(problem.X, problem.y, problem.time, one[0] + problem.X @ b)
        off = np.where(b == 0, np.abs(g[: len(b)]) - penalty, np.abs(g[: len(b)] - penalty * np.sign(b)))
        worst.append(max(off.max(), np.abs(g[len(b) :]).max(initial=0.0), 0.0))
    return max(worst) / problem.penalties[0], float((np.array(worst) / problem.penalties).max())


def run_ours(problem: Problem, tolerance: float | Floats, repeats: int) -> Way:
    from tasks.modelling.solvers.lasso_cox_path import lasso_cox_path
    from tasks.modelling.solvers.lasso_logistic_path import lasso_logistic_path

    X, y, days, penalties, ones = problem.X, problem.y, problem.time, problem.penalties, np.ones(len(problem.X))
    least = np.inf
    for _ in range(repeats + 1):  # the first compiles
        start = time.process_time()
        if problem.kind == "logistic":
            path = lasso_logistic_path(X, y, ones, penalties, tolerance=tolerance)
        else:
            path = lasso_cox_path(X, y, days, ones, penalties, tolerance=tolerance)
        least = min(least, time.process_time() - start)
    if problem.kind == "cox":
        path = np.column_stack([np.zeros(len(path)), path])
    return Way(least, *errors(problem, path))


def run_adelie(problem: Problem, python: Path, folder: Path, tolerance: float, repeats: int) -> Way:
    given, found = folder / "problem.npz", folder / "path.npz"
    np.savez(given, X=problem.X, y=problem.y, time=problem.time, penalties=problem.penalties)
    command = [str(python), str(SCRIPT), str(given), str(found), str(tolerance), str(repeats)]
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    said = subprocess.run(command, env=kept, check=True, capture_output=True, text=True).stdout
    return Way(json.loads(said)["seconds"], *errors(problem, np.load(found)["path"]))


def quickest_adelie(problem: Problem, python: Path, folder: Path, is_enough: Callable[[Way], bool]) -> Way:
    """At the first tolerance that is good enough."""
    for half in range(8, 27):
        way = run_adelie(problem, python, folder, 10.0 ** (-half / 2), 1)
        if is_enough(way):
            repeats = 20 if way.seconds < 0.1 else 3
            return way if way.seconds > 5.0 else run_adelie(problem, python, folder, 10.0 ** (-half / 2), repeats)
    raise SystemExit("adelie reached no such error")


def environment(folder: Path) -> Path:
    """The python of an environment of its own, with adelie."""
    python = folder / "adelie" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "adelie")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", ADELIE], check=True)
    return python


def compare_paths(public: Path | None, python: Path | None, each: bool) -> bool:
    """Print times and errors; whether all promises are kept. each: also by the errors as shares of each penalty."""
    place = Path(tempfile.gettempdir()) / "radweave-peers"
    place.mkdir(parents=True, exist_ok=True)
    python = python or environment(place)
    print(f"{PENALTIES} penalties to {SMALLEST:g} of the largest, one thread, CPU s; error: share of a penalty\n")
    print("| model | data | error of the | radweave | error | adelie | error | times adelie's | promised |")
    print("|---|---|---|---|---|---|---|---|---|")
    kept = True
    with tempfile.TemporaryDirectory() as name:
        for problem in problems(public):
            close = 0.95 * MOST_ERROR  # a solver stops at the first solution within it
            largest = close * problem.penalties[0] / problem.penalties
            for measure, tolerance in (("of_largest", largest), ("of_each", close))[: 1 + each]:
                ours = run_ours(problem, tolerance, 20 if len(problem.X) < 300 else 5)
                theirs = quickest_adelie(
                    problem, python, Path(name), lambda way, of=measure: getattr(way, of) < MOST_ERROR
                )
                times, most = ours.seconds / theirs.seconds, MOST_TIMES[problem.kind]
                is_kept = times <= most and getattr(ours, measure) < MOST_ERROR
                kept &= is_kept
                print(
                    f"| {problem.kind} | {problem.name} | {measure.removeprefix('of_')} penalty | {ours.seconds:.4f} |"
                    f" {getattr(ours, measure):.1e} | {theirs.seconds:.4f} | {getattr(theirs, measure):.1e} |"
                    f" {times:.2f} | {most}: {'met' if is_kept else 'UNMET'} |",
                    flush=True,
                )
    return kept
