"""Rows of a study that asks for no image: all patients of the tables, in an order that the key does not decide."""

from __future__ import annotations

from typing import Any

from features.core.column import Column
from features.core.pseudonym import pseudonym
from features.core.storage.store import Store
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.results.manifest import Mart

VARIABLES = {
    "age": {"type": "number", "description": "age", "unit": "years", "allowed": [0, 120]},
    "death": {"type": "flag", "description": "died", "role": "outcome"},
}
CLINICAL = "id,age,death\n" + "".join(f"p{i},{60 + i % 3},{'true' if i % 2 else 'false'}\n" for i in range(12))
KEYS = (b"k" * 64, b"z" * 64)


def test_the_order_of_rows_is_that_of_their_content(
    tmp_path: Any, make_catalog: Any, build_tables: Any, make_ready: Any, store: Store
) -> None:
    table = {"block": "proteins", "path": "x.csv", "id": "id"}
    clinical = {"block": "clinical", "path": "demo.csv", "id": "id", "columns": {"age": "age", "death": "death"}}
    endpoints = {"died": {"kind": "binary", "column": "death"}}
    own = {"variables": VARIABLES, "tables": [clinical, table], "endpoints": endpoints, "images": []}
    catalog, orders = make_catalog(demo=own), []
    rows = [(f"p{i}", float(i)) for i in range(12)]
    for key in KEYS:
        ready = make_ready((), [Column("a", "float64", "a")], rows, secret=key)
        here = Store(tmp_path / f"store{len(orders)}")
        build_tables(catalog, [], [], CLINICAL, ready={"proteins": ready}, secret=key, place=here)
        question = Question(("demo",), "died", "baseline", (), blocks=("proteins",))
        orders.append(fuse(Mart.open(here), catalog, question).X["proteins__a"].tolist())
    assert orders[0] == orders[1]
    assert orders[0] != sorted(orders[0])


def test_patients_without_an_image_stay_and_the_others_leave_with_a_reason(
    make_catalog: Any, make_recipe: Any, build_tables: Any, store: Store
) -> None:
    clinical = "id,age,death\n" + "p1,60,true\np2,61,false\np3,200,true\np4,62,\n"
    tables = [{"block": "clinical", "path": "demo.csv", "id": "id", "columns": {"age": "age", "death": "death"}}]
    endpoints = {"died": {"kind": "binary", "column": "death"}}
    catalog = make_catalog(demo={"variables": VARIABLES, "tables": tables, "endpoints": endpoints})
    build_tables(catalog, [("p1", "CT", 1), ("stranger", "CT", 2)], [make_recipe()], clinical)
    design = fuse(Mart.open(store), catalog, Question(("demo",), "died", "baseline", ()))
    first, second = design.flow
    assert (first.step, first.count_in, first.count_out) == ("demo: patients", 5, 5)
    assert (second.count_in, second.count_out) == (5, 2)
    assert dict(second.reasons) == {"TAB_RANGE": 1, "not in the clinical table": 1, "outcome missing": 1}
    codes = {pseudonym(KEYS[0], "demo", patient) for patient in ("p1", "p2")}
    assert {*design.X.index} == {f"demo:{code}:baseline" for code in codes}
