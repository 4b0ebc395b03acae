"""Addresses of fits: whatever decides a fit changes its address, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from features.core.outcome import Outcome
from tasks.modelling.evaluation.fit_address import FitAddress, cases_digest, fit_address, fit_sources, row_digests
from tasks.modelling.models.model import MODELS
from tasks.modelling.splits.split import Fold
from tests.support.design import BINARY, SURVIVAL

N = 12


@dataclass(frozen=True)
class Given:
    """All that an address is made of; rows 10 and 11 are in no part of the fold."""

    X: NDArray[np.float64] = field(default_factory=lambda: np.arange(3.0 * N).reshape(N, 3))
    outcome: Outcome = field(default_factory=lambda: Outcome.of_flag(np.arange(N) % 2 == 0))
    centres: NDArray[np.str_] = field(default_factory=lambda: np.repeat(["north", "south"], N // 2))
    age: NDArray[np.float64] = field(default_factory=lambda: np.linspace(40, 80, N))
    together: NDArray[np.str_] = field(default_factory=lambda: np.array([f"p{i}" for i in range(N)]))
    cohorts: NDArray[np.str_] = field(default_factory=lambda: np.array(["one"] * 9 + ["two"] + ["three"] * 2))
    fold: Fold = field(default_factory=lambda: Fold("fold 1", 0, np.arange(6), np.arange(6, 10)))
    settings: dict[str, object] = field(default_factory=lambda: {"candidate": {"kind": "svm", "C": [1.0]}, "seed": 0})

    def address(self) -> FitAddress:
        rows = row_digests(self.X, self.outcome, {"centre": self.centres}, {"age": self.age})
        return fit_address(cases_digest(rows, self.fold, self.together), self.cohorts, self.fold, self.settings)


def at(array: Any, row: int, value: object) -> Any:
    changed = array.copy()
    changed[row] = value
    return changed


GIVEN = Given()
DECIDES: dict[str, Callable[[], Given]] = {
    "value of a case that trains": lambda: replace(GIVEN, X=at(GIVEN.X, 2, 0.0)),
    "value of a case that is predicted": lambda: replace(GIVEN, X=at(GIVEN.X, 8, 0.0)),
    "missing value": lambda: replace(GIVEN, X=at(GIVEN.X, 2, np.nan)),
    "outcome": lambda: replace(GIVEN, outcome=Outcome.of_flag(np.arange(N) % 3 == 0)),
    "centre": lambda: replace(GIVEN, centres=at(GIVEN.centres, 2, "south")),
    "covariate": lambda: replace(GIVEN, age=at(GIVEN.age, 2, 1.0)),
    "order of cases": lambda: replace(GIVEN, fold=replace(GIVEN.fold, train=np.arange(6)[::-1])),
    "side of a case": lambda: replace(GIVEN, fold=Fold("fold 1", 0, np.arange(7), np.arange(7, 10))),
    "who stays together": lambda: replace(GIVEN, together=at(GIVEN.together, 2, "p3")),
    "settings": lambda: replace(GIVEN, settings={**GIVEN.settings, "seed": 1}),
}
DECIDES_NOT: dict[str, Callable[[], Given]] = {
    "names of patients": lambda: replace(GIVEN, together=np.array([f"other {N - i}" for i in range(N)])),
    "order of settings": lambda: replace(GIVEN, settings=dict(reversed(GIVEN.settings.items()))),
    "cases outside the fold": lambda: replace(GIVEN, X=at(GIVEN.X, 11, 0.0)),
    "names of other patients": lambda: replace(GIVEN, together=at(GIVEN.together, 11, "p1")),
}


@pytest.mark.parametrize("what", DECIDES)
def test_what_decides_a_fit_changes_its_address(what: str) -> None:
    assert DECIDES[what]().address() != GIVEN.address()


@pytest.mark.parametrize("what", DECIDES_NOT)
def test_nothing_else_changes_its_address(what: str) -> None:
    assert DECIDES_NOT[what]().address() == GIVEN.address()


def test_an_address_tells_whose_cases_are_in_the_fold() -> None:
    assert GIVEN.address().cohorts == ("one", "two")


def test_every_nan_is_alike() -> None:
    payload = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]
    first, second = (replace(GIVEN, X=at(GIVEN.X, 2, value)) for value in (np.nan, payload))
    assert first.address() == second.address()


def test_follow_up_values_and_labels_are_part_of_a_case() -> None:
    days = Outcome.of_days(GIVEN.outcome.flag, np.arange(1.0, N + 1))
    later = Outcome.of_days(GIVEN.outcome.flag, np.arange(1.0, N + 1) + 1)
    labels = Outcome(np.column_stack([GIVEN.outcome.code, GIVEN.outcome.code]))
    found = {replace(GIVEN, outcome=one).address() for one in (days, later, labels, GIVEN.outcome)}
    assert len(found) == 4


def test_sources_are_those_of_the_kinds_that_are_named() -> None:
    svm, forest = (MODELS.parse(kind) for kind in ("svm", "random_forest"))
    found = [fit_sources([svm], BINARY), fit_sources([forest], BINARY), fit_sources([svm, forest], BINARY)]
    found.append(fit_sources([svm], SURVIVAL))
    assert len({one["code of radweave"] for one in found}) == len(found)
    assert all({"Python", "numpy", "scikit-learn"} <= one.keys() for one in found)
