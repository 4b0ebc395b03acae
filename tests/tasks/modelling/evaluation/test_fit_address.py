"""Addresses of fits: whatever decides a fit changes its address, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from features.core.design import Design
from features.core.outcome import Outcome
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.fit_address import FitAddress, FitAddresses, cases_digest, fit_sources, row_digests
from tasks.modelling.evaluation.unit import Unit
from tasks.modelling.splits.split import Fold
from tests.support.design import BINARY, FAST, SURVIVAL, make_design, make_study

N = 12


@dataclass(frozen=True)
class Given:
    """All that an address is made of; rows 10 and 11 are in no part of the fold."""

    X: NDArray[np.float64] = field(default_factory=lambda: np.arange(3.0 * N).reshape(N, 3))
    outcome: Outcome = field(default_factory=lambda: Outcome.of_flag(np.arange(N) % 2 == 0))
    centres: NDArray[np.str_] = field(default_factory=lambda: np.repeat(["north", "south"], N // 2))
    age: NDArray[np.float64] = field(default_factory=lambda: np.linspace(40, 80, N))
    together: NDArray[np.str_] = field(default_factory=lambda: np.array([f"p{i}" for i in range(N)]))
    fold: Fold = field(default_factory=lambda: Fold("fold 1", 0, np.arange(6), np.arange(6, 10)))

    def cases(self) -> str:
        rows = row_digests(self.X, self.outcome, {"centre": self.centres}, {"age": self.age})
        return cases_digest(rows, self.fold, self.together)


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
}
DECIDES_NOT: dict[str, Callable[[], Given]] = {
    "names of patients": lambda: replace(GIVEN, together=np.array([f"other {N - i}" for i in range(N)])),
    "cases outside the fold": lambda: replace(GIVEN, X=at(GIVEN.X, 11, 0.0)),
    "names of other patients": lambda: replace(GIVEN, together=at(GIVEN.together, 11, "p1")),
}


@pytest.mark.parametrize("what", DECIDES)
def test_what_is_known_of_the_cases_of_a_fold_changes_its_address(what: str) -> None:
    assert DECIDES[what]().cases() != GIVEN.cases()


@pytest.mark.parametrize("what", DECIDES_NOT)
def test_nothing_else_of_them_changes_it(what: str) -> None:
    assert DECIDES_NOT[what]().cases() == GIVEN.cases()


def test_every_nan_is_alike() -> None:
    payload = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]
    first, second = (replace(GIVEN, X=at(GIVEN.X, 2, value)) for value in (np.nan, payload))
    assert first.cases() == second.cases()


def test_follow_up_values_and_labels_are_part_of_a_case() -> None:
    days = Outcome.of_days(GIVEN.outcome.flag, np.arange(1.0, N + 1))
    later = Outcome.of_days(GIVEN.outcome.flag, np.arange(1.0, N + 1) + 1)
    labels = Outcome(np.column_stack([GIVEN.outcome.code, GIVEN.outcome.code]))
    found = {replace(GIVEN, outcome=one).cases() for one in (days, later, labels, GIVEN.outcome)}
    assert len(found) == 4


def test_sources_are_those_of_the_candidate_and_the_endpoint() -> None:
    svm, forest = (parse_candidate(kind) for kind in ("svm", "random_forest"))
    fewer = parse_candidate({"model": "svm", "steps": ["median"]})
    found = [
        fit_sources(svm, BINARY),
        fit_sources(forest, BINARY),
        fit_sources(fewer, BINARY),
        fit_sources(svm, SURVIVAL),
    ]
    assert len({one["code of radweave"] for one in found}) == len(found)
    assert all({"Python", "numpy", "scikit-learn"} <= one.keys() for one in found)


def addresses(design: Design, **changes: Any) -> dict[tuple[str, ...], FitAddress]:
    """The addresses of a study of a design: by split, fold, set of blocks and candidate."""
    found: dict[tuple[str, ...], FitAddress] = {}

    def note(_: Callable[[Unit], list[Fit]], units: Iterable[Unit]) -> list[list[Fit]]:
        of = FitAddresses().of
        for unit in units:
            pairs = zip(unit.wanted, of(unit), strict=True)
            found.update({(unit.split, unit.fold.name, name, one.name): address for (name, one), address in pairs})
        raise Stopped

    with pytest.raises(Stopped):
        evaluate(design, make_study(**changes), map_units=note)
    return found


class Stopped(Exception):
    """The addresses are known: nothing need be fitted."""


def test_what_a_study_adds_leaves_the_addresses_of_the_rest() -> None:
    design = make_design(external=8)
    inside = design.take(np.flatnonzero(design.develops))
    alone = addresses(inside)
    assert (
        len({one.digest for one in alone.values()}) == len(alone) == (3 + 3) * 3
    )  # folds x sets of blocks, of one candidate
    more = addresses(design, external=["other"], models=[FAST, "svm"], title="Another")
    assert {key: more[key] for key in alone} == alone
    assert {cohorts for key, (_, cohorts) in told(more).items() if key[0] == "external"} == {("other", "toy")}
    assert {cohorts for key, (_, cohorts) in told(more).items() if key[0] == "nested"} == {("toy",)}


def told(found: dict[tuple[str, ...], FitAddress]) -> dict[tuple[str, ...], tuple[str, tuple[str, ...]]]:
    return {key: (one.digest, one.cohorts) for key, one in found.items()}


def test_names_of_candidates_and_sets_decide_nothing_but_settings_do() -> None:
    design = make_design()
    digests = [
        {one.digest for one in addresses(design, **changes).values()}
        for changes in (
            {},
            {"models": [{**FAST, "name": "mine"}], "blocks": {"again": ["radiomics"]}},
            {"models": [{**FAST, "model": {"kind": "lasso_logistic", "C": [0.4]}}]},
            {"models": [{**FAST, "steps": ["drop_constant", "median", "zscore"]}]},
            {"models": [{**FAST, "fusion": "scaled"}]},
            {"seed": 1},
        )
    ]
    assert digests[0] == digests[1]
    assert all(not digests[0] & other for other in digests[2:])
