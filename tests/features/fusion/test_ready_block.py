"""Ready-made blocks in a design: joined by patient, time point and lesion; what is known too late, or checked, is so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from features.core.column import Column
from features.core.design import Design
from features.core.errors import RadweaveError, StoreError
from features.core.storage.store import Store
from features.fusion.deltas.change import Change
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.results.manifest import Mart

CLINICAL = "id,death\n" + "".join(f"p{i},{'true' if i % 2 else 'false'}\n" for i in range(4))
VARIABLES = {"death": {"type": "flag", "description": "died", "role": "outcome"}}
A = Column("a", "float64", "first", unit="mm")
VOLUME = Column("v", "float64", "volume", ibsi="RNU0")
GRADE = Column("grade", "string", "grade", levels=("low", "mid", "high"))
REPORT = Column("report", "string", "report", role="fact")
Ask = Callable[..., Design]


@pytest.fixture
def ask(store: Store, make_catalog: Any, make_recipe: Any, build_tables: Any, make_ready: Any) -> Ask:
    """The design of a cohort without images, or with scans, whose block `proteins` has these keys, columns and rows."""

    def fused(
        columns: Sequence[Column],
        rows: Sequence[Sequence[Any]],
        *,
        keys: Sequence[str] = (),
        source: dict[str, Any] | None = None,
        scans: Sequence[tuple[Any, ...]] = (),
        **settings: Any,
    ) -> Design:
        clinical = {"block": "clinical", "path": "demo.csv", "id": "id", "columns": {"death": "death"}}
        table = {"block": "proteins", "path": "x.csv", "id": "id", **{key: key for key in keys}, **(source or {})}
        changes = {"variables": VARIABLES, "tables": [clinical, table]} | ({} if scans else {"images": []})
        endpoints = {"died": {"kind": "binary", "column": "death"}}
        catalog = make_catalog(demo={**changes, "endpoints": endpoints})
        recipes = [make_recipe()] if scans else []
        build_tables(catalog, scans, recipes, CLINICAL, ready={"proteins": make_ready(keys, columns, rows)})
        settings = {"blocks": ("proteins",), "recipes": tuple(recipes), "predict_at": "baseline", **settings}
        return fuse(Mart.open(store), catalog, Question(cohorts=("demo",), endpoint="died", **settings))

    return fused


def _values(design: Design, code: Callable[..., str], column: str) -> dict[str, list[float]]:
    """Patient → values of a column in her rows, sorted."""
    own = {f"demo:{code(f'p{i}')}": f"p{i}" for i in range(4)}
    found: dict[str, list[float]] = {}
    for patient, value in zip(design.patients, design.X[column], strict=True):
        found[own[patient]] = sorted([*found.get(own[patient], []), float(value)])
    return found


def test_columns_join_by_patient_and_who_has_none_is_imputed(ask: Ask, code: Callable[..., str]) -> None:
    rows = [("p0", 1.0, "high", "text"), ("p1", None, None, "text"), ("p2", 3.0, "low", None), ("p9", 9.0, "mid", None)]
    design = ask([A, GRADE, REPORT], rows)
    assert list(design.X.columns) == [f"proteins__{name}" for name in ("a", "grade_low", "grade_mid", "grade_high")]
    assert {*design.blocks.values()} == {"proteins"}
    assert _values(design, code, "proteins__grade_high")["p0"] == [1.0]
    np.testing.assert_equal(
        _values(design, code, "proteins__a"), {"p0": [1.0], "p1": [np.nan], "p2": [3.0], "p3": [np.nan]}
    )
    assert design.missing_block == {"proteins": 2}
    assert [(row.step, row.count_in, row.count_out) for row in design.flow[:2]] == [
        ("demo: patients", 5, 5),
        ("demo: with the endpoint died", 5, 4),
    ]


def test_patients_leave_for_the_block_if_the_study_says_so(ask: Ask) -> None:
    design = ask([A], [("p0", 1.0), ("p1", 2.0), ("p2", None)], missing_block="exclude")
    assert dict(design.flow[-1].reasons) == {"no proteins value": 2}
    assert sorted(design.X["proteins__a"]) == [1.0, 2.0]


def test_rows_of_the_time_point_of_prediction_count(ask: Ask, code: Callable[..., str]) -> None:
    rows = [("p0", "baseline", 1.0), ("p0", "week_6", 2.0), ("p1", "week_6", 3.0), ("p2", "baseline", 4.0)]
    design = ask([A], rows, keys=["timepoint"], predict_at="week_6")
    np.testing.assert_equal(_values(design, code, "proteins__a")["p0"], [2.0])
    delta = Change(since="baseline", until="week_6", blocks=("proteins",))
    design = ask([A], rows, keys=["timepoint"], predict_at="week_6", blocks=("delta",), deltas=(delta,))
    column = "delta__proteins__a__baseline_to_week_6_absolute"
    np.testing.assert_equal(
        _values(design, code, column), {"p0": [1.0], "p1": [np.nan], "p2": [np.nan], "p3": [np.nan]}
    )
    with pytest.raises(
        RadweaveError, match='the block "proteins" has one row for all time points: declare the timepoint'
    ):
        ask([A], [("p0", 1.0)], predict_at="week_6", blocks=("delta",), deltas=(delta,))


def test_what_is_known_too_late_leaves_by_name(ask: Ask) -> None:
    with pytest.raises(RadweaveError, match=r"all proteins columns are known at week_6, after the prediction"):
        ask([A], [("p0", 1.0)], source={"known_at": "week_6"})
    design = ask([A], [("p0", 1.0)], source={"known_at": "week_6"}, blocks=())
    assert design.late == {"proteins__a": "week_6"}
    assert "proteins__a" not in design.X


LESIONS = [("p0", "1", 1.0, 5.0), ("p0", "2", 2.0, 9.0), ("p1", "1", 3.0, 1.0)]


@pytest.mark.parametrize(
    ("lesions", "column", "found"),
    [
        ("each", "a", {"p0": [1.0, 2.0], "p1": [3.0]}),
        ("largest", "a__largest_lesion", {"p0": [2.0], "p1": [3.0]}),
        ("sum", "a__sum_of_lesions", {"p0": [3.0], "p1": [3.0]}),
        ("mean", "a__mean_of_lesions", {"p0": [1.5], "p1": [3.0]}),
    ],
)
def test_lesions_of_a_table_become_rows_or_one_row(
    ask: Ask, code: Callable[..., str], lesions: str, column: str, found: dict[str, list[float]]
) -> None:
    design = ask([A, VOLUME], LESIONS, keys=["lesion"], lesions=lesions)
    np.testing.assert_equal(_values(design, code, f"proteins__{column}"), {**found, "p2": [np.nan], "p3": [np.nan]})


def test_the_largest_lesion_needs_a_volume(ask: Ask) -> None:
    with pytest.raises(RadweaveError, match='none is known of the lesions of "proteins": no column has the IBSI code'):
        ask([A], [row[:3] for row in LESIONS], keys=["lesion"], lesions="largest")


def test_lesions_of_a_table_and_images_without_lesions(ask: Ask, code: Callable[..., str]) -> None:
    scans = [(f"p{i}", "CT", i) for i in range(4)]
    with pytest.raises(RadweaveError, match="has several lesions of a patient, and the images of this study have none"):
        ask([A, VOLUME], LESIONS, keys=["lesion"], scans=scans)
    design = ask([A, VOLUME], LESIONS, keys=["lesion"], scans=scans, lesions="mean")
    assert _values(design, code, "proteins__a__mean_of_lesions")["p0"] == [1.5]


def test_a_block_that_was_declared_anew_needs_a_refresh(ask: Ask) -> None:
    with pytest.raises(
        StoreError, match='the block "proteins" of the mart has other keys than the catalog: run radweave'
    ):
        ask([A], [("p0", 1.0)], source={"lesion": "lesion"})
