"""Repeated rows: each visit of a patient up to the prediction is a row, and one of them is scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.catalog.catalog import Catalog
from features.core.column import Column
from features.core.design import Design
from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.fusion.repeated import scored_rows
from features.results.manifest import Mart

HEADER = "id,age,weight_loss,death\n"
TIMEPOINTS = {"baseline": 0, "week_2": 14, "week_4": 28, "week_6": 42}
SCANS = [
    ("p1", "CT", 1), ("p1", "CT", 3, "week_2"), ("p1", "CT", 4, "week_4"), ("p1", "CT", 9, "week_6"),
    ("p2", "CT", 2), ("p2", "CT", 7, "week_2"), ("p3", "CT", 5, "week_4"),
]  # fmt: skip
DIED = {"died": {"kind": "binary", "column": "death"}}
CLINICAL = {
    "block": "clinical",
    "path": "demo.csv",
    "id": "id",
    "columns": {c: c for c in ("age", "weight_loss", "death")},
}
Fuse = Callable[..., Design]


@pytest.fixture
def fused(
    store: Store,
    make_catalog: Callable[..., Catalog],
    make_recipe: Callable[..., Recipe],
    build_tables: Callable[..., None],
) -> Fuse:
    """The design of these scans, each visit a row, under settings of the question."""

    def build(
        scans: Sequence[tuple[Any, ...]] = SCANS, *, tables: dict[str, Any] | None = None, **settings: Any
    ) -> Design:
        recipe = make_recipe()
        known = {
            "variables": _known(settings.pop("late", "baseline")),
            "endpoints": DIED,
            **settings.pop("catalog", {}),
        }
        catalog = make_catalog(demo={"timepoints": TIMEPOINTS, **known})
        patients = sorted({scan[0] for scan in scans} or {"p1", "p2", "p3"})
        rows = [f"{p},{60 + i},5,{str(bool(i % 2)).lower()}\n" for i, p in enumerate(patients)]
        build_tables(
            catalog, scans, [recipe], HEADER + "".join(rows), days=settings.pop("days", {}), ready=tables or {}
        )
        asked = {"cohorts": ("demo",), "endpoint": "died", "predict_at": "week_4", "recipes": (recipe,)}
        asked |= {"visits": "each", "scored_visit": "last"}
        return fuse(Mart.open(store), catalog, Question(**{**asked, **settings}))

    return build


def _known(at: str) -> dict[str, Any]:
    return {
        "age": {"type": "number", "description": "age", "unit": "years"},
        "weight_loss": {"type": "number", "description": "weight loss", "known_at": at},
        "death": {"type": "flag", "description": "died", "role": "outcome"},
    }


def _rows(design: Design, code: Callable[..., str], *columns: str) -> dict[str, tuple[Any, ...]]:
    """`p1 week_2` → values of columns, day and whether the row is scored."""
    names = {code(patient): patient for patient in ("p1", "p2", "p3")}
    assert design.days is not None
    found = {}
    for i, case in enumerate(design.X.index):
        _, patient, word, *_ = str(case).split(":")
        values = (design.X[column].iloc[i] for column in columns)
        found[f"{names[patient]} {word}"] = (*values, design.days[i], bool(design.scored[i]))
    return found


def test_each_visit_up_to_the_prediction_is_a_row_with_its_day(fused: Fuse, code: Callable[..., str]) -> None:
    design = fused(days={"p1 week_2": 10.0})
    assert _rows(design, code, "fake__ct__a", "clinical__age") == {
        "p1 baseline": (1, 60, 0, False),
        "p1 week_2": (3, 60, 10, False),
        "p1 week_4": (4, 60, 28, True),
        "p2 baseline": (2, 61, 0, False),
        "p2 week_2": (7, 61, 14, True),
        "p3 week_4": (5, 62, 28, True),
    }
    assert len({*design.patients}) == len({*design.groups}) == 3
    assert sorted(design.once.patients) == sorted({*design.patients})
    (step,) = [row for row in design.flow if "visits" in row.step]
    assert (step.step, step.count_in, step.count_out) == ("demo: 6 visits, scored at the last one", 3, 3)


def test_patients_without_the_visit_of_the_prediction_leave_where_that_is_scored(
    fused: Fuse, code: Callable[..., str]
) -> None:
    design = fused(scored_visit="predict_at")
    assert {key: scored for key, (*_, scored) in _rows(design, code).items()} == {
        "p1 baseline": False, "p1 week_2": False, "p1 week_4": True, "p3 week_4": True
    }  # fmt: skip
    assert design.flow[-1].reasons == {"no visit at week_4": 1}
    assert (design.flow[-1].count_in, design.flow[-1].count_out) == (3, 2)


def test_a_row_holds_what_was_known_at_its_visit(fused: Fuse, code: Callable[..., str]) -> None:
    found = _rows(fused(late="week_2"), code, "clinical__weight_loss")
    known = {key: values[0] for key, values in found.items()}
    assert known == pytest.approx(
        {"p1 baseline": np.nan, "p1 week_2": 5, "p1 week_4": 5, "p2 baseline": np.nan, "p2 week_2": 5, "p3 week_4": 5},
        nan_ok=True,
    )
    assert "clinical__weight_loss" not in fused(late="week_6").X


def test_nothing_after_the_prediction_is_in_any_row(fused: Fuse) -> None:
    one = fused([scan for scan in SCANS if scan[3:] != ("week_6",)])
    other = fused([*SCANS, ("p2", "CT", 1e6, "week_6")])
    assert one.X.equals(other.X)
    assert np.array_equal(one.scored, other.scored)


def test_a_visit_on_a_later_day_than_that_of_the_prediction_is_no_row(fused: Fuse, code: Callable[..., str]) -> None:
    """Test and retest share a planned day; a patient had the retest after the test at which the prediction is made."""
    timepoints = {"baseline": 0, "test": 10, "retest": 10, "week_6": 42}
    scans = [(p, "CT", i, *word) for p in ("p1", "p2") for i, word in enumerate(((), ("test",), ("retest",)))]
    own = {"p1 test": 10.0, "p1 retest": 12.0, "p2 test": 10.0, "p2 retest": 4.0}
    design = fused(scans, days=own, catalog={"timepoints": timepoints}, predict_at="test")
    assert {*_rows(design, code)} == {"p1 baseline", "p1 test", "p2 baseline", "p2 test", "p2 retest"}
    assert _rows(design, code)["p2 test"][-1]


def test_tables_of_visits_make_rows_without_any_image(
    fused: Fuse, code: Callable[..., str], make_ready: Callable
) -> None:
    block = {"block": "markers", "path": "-", "id": "id", "timepoint": "visit"}
    visits = [("p1", "baseline", 1.0), ("p1", "week_2", 2.0), ("p2", "week_4", 3.0), ("p2", "week_6", 9.0)]
    table = make_ready(["timepoint"], [Column("crp", "float64", "CRP")], visits)
    design = fused(
        [], recipes=(), blocks=("markers",), tables={"markers": table}, catalog={"tables": [CLINICAL, block]}
    )
    assert _rows(design, code, "markers__crp") == {
        "p1 baseline": (1, 0, False), "p1 week_2": (2, 14, True), "p2 week_4": (3, 28, True)
    }  # fmt: skip


def test_of_visits_of_one_planned_day_the_later_by_its_own_day_is_scored() -> None:
    cases = pd.DataFrame({"patient": ["a", "a", "b", "b"], "timepoint": ["test", "retest"] * 2})
    days = np.array([3.0, 1.0, 1.0, 3.0])
    found = scored_rows(cases["patient"].to_numpy(str), cases, ["test", "retest"], days, "last", "retest")
    assert found.tolist() == [True, False, False, True]
