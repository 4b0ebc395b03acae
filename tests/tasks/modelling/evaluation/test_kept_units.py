"""Kept units: what is left of a study is computed, and each fit is the same whatever else is fitted beside it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from features.core.storage.store import FIT, Store
from tasks.modelling.candidate import Candidate, parse_candidate
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.kept_fits import KeptFits
from tasks.modelling.evaluation.kept_units import KeptUnits, run_and_keep
from tasks.modelling.evaluation.unit import Unit, run_unit
from tasks.modelling.fusion.fusion import FUSIONS
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.support.design import FAST, SCREENED, make_design, make_study
from tests.support.fits import assert_same_fit

BLOCKS = {"radiomics": ["radiomics"], "all": ["clinical", "radiomics"]}
ONCE = [{"kind": "nested", "folds": 3, "repeats": 1}]


class Warns(Step):
    """Says something each time that it is fitted."""

    kind: Literal["warns"] = "warns"
    stage: ClassVar[Stage] = "clean"
    takes_missing: ClassVar[bool] = True

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:
        warnings.warn(f"fitted to {len(rows.columns)} columns", UserWarning, stacklevel=1)
        return Untouched()


@dataclass(frozen=True)
class Untouched(FittedStep):
    """Changes nothing."""

    def apply(self, rows: Rows) -> Rows:
        return rows


def candidates(fusion: str) -> list[Candidate]:
    """Two that share their steps, with settings to choose from."""
    parse = parse_candidate({"model": FAST["model"], "steps": SCREENED, "fusion": fusion, "name": "first"})
    other = {"kind": "lasso_logistic", "C": [0.2, 1.0]}
    steps = (Warns(), *parse.steps)
    return [
        parse.model_copy(update={"steps": steps}),
        parse_candidate({"model": other, "steps": steps, "fusion": fusion, "name": "second"}),
    ]


def units_of(**changes: Any) -> list[Unit]:
    """The units of a study of a small design."""
    found: list[Unit] = []

    def note(_: Callable[[Unit], list[Fit]], units: Iterable[Unit]) -> list[list[Fit]]:
        found.extend(units)
        return [run_unit(unit) for unit in found]

    evaluate(make_design(), make_study(blocks=BLOCKS, splits=ONCE, **changes), map_units=note)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS.modules)
def test_a_fit_does_not_depend_on_what_is_fitted_beside_it(fusion: str) -> None:
    """Else a study that was killed would end with other numbers, or other counts of warnings, than one that was not."""
    unit = replace(units_of()[0], wanted=())
    wanted = [(name, one) for name in unit.sets for one in candidates(fusion)]
    together = run_unit(replace(unit, wanted=tuple(wanted)))
    assert any(fit.warnings for fit in together)
    for pair, fit in zip(wanted, together, strict=True):
        (alone,) = run_unit(replace(unit, wanted=(pair,)))
        assert_same_fit(fit, alone)


def test_only_what_is_not_kept_is_computed_and_the_rest_is_the_same(tmp_path: Path) -> None:
    kept, units = KeptFits(Store(tmp_path)), units_of()
    whole = [run_unit(unit) for unit in units]
    found = KeptUnits.of(units, kept)
    wanted = sum(len(unit.wanted) for unit in units)
    assert (found.counts, len(list(found.todo()))) == ((0, wanted), len(units))
    first = [run_and_keep(todo) for todo in found.todo()]
    lost = found.addresses[1][0]
    kept.store.work(FIT, lost.digest).write_bytes(b"PAR1")
    again = KeptUnits.of(units, kept)
    (todo,) = again.todo()
    assert (again.counts, again.spoilt, todo.addresses) == ((wanted - 1, wanted), [kept.place(lost)], (lost,))
    for fits, others, computed in zip(whole, again.with_computed([run_and_keep(todo)]), first, strict=True):
        for fit, other, one in zip(fits, others, computed, strict=True):
            assert_same_fit(fit, other)
            assert_same_fit(fit, one)
