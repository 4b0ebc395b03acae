"""Tables of patients without any image: what a refresh leaves of them, who is unmatched, what moved, and who is withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from features.core.column import Column
from features.core.pseudonym import pseudonym
from features.core.storage.store import Store
from features.core.storage.table import Schema
from features.images.index.index_cohort import Index
from features.results.cases import cases_of
from features.results.diff import diff_refreshes
from features.results.known_results import KnownResults
from features.results.manifest import Mart
from features.results.patients import Tables, known_tables, torn_patients, without
from features.results.publish import publish
from features.results.published import Published
from features.results.withdraw import withdraw
from features.tables.patient import KEY, PatientTable

P1, P2, P3 = (pseudonym(b"k" * 64, "demo", name) for name in ("p1", "p2", "p3"))
AGE = Column("age", "float64", "age", unit="years")
A = Column("a", "float64", "first protein")
TIME = Column("timepoint", "string", "time point", role="key")
VISITS = ((P1, "baseline", 1.0), (P1, "week_6", 2.0), (P2, "baseline", 3.0))


def table(columns: Sequence[Column], *rows: tuple[object, ...]) -> PatientTable:
    schema = Schema("patients", (*KEY, *columns))
    names = ("patient", *(column.name for column in columns))
    facts = {"cohort": "demo", "centre": "A"}
    return PatientTable(schema.table([facts | dict(zip(names, row, strict=True)) for row in rows]), schema.columns)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def refresh(store: Store, key: str, *visits: tuple[object, ...]) -> Published:
    tables = {"clinical": table([AGE], (P1, 60.0), (P3, 61.0)), "proteins": table([TIME, A], *visits)}
    return publish(store, Index("demo", (), (), {}), (), (), Tables(key, lambda: tables))


def test_a_cohort_without_images_has_its_tables_and_no_scans(store: Store) -> None:
    found = refresh(store, "1", *VISITS)
    assert (found.scans, found.used, dict(found.quarantined), dict(found.files)) == (0, 0, {}, {})
    assert dict(found.rows) == {"region": 0, "clinical": 2, "proteins": 3}
    mart = Mart.open(store)
    assert mart.manifest.patient_blocks("demo") == ["clinical", "proteins"]
    described = {(row["block"], row["name"], row["role"]) for row in mart.read("dictionary", "demo").to_pylist()}
    assert {("proteins", "timepoint", "key"), ("proteins", "a", "predictor")} <= described
    unmatched = {(r["patient"], r["present_in"], r["absent_from"]) for r in mart.read("unmatched", "demo").to_pylist()}
    assert unmatched == {(P2, "proteins", "clinical"), (P3, "clinical", "proteins")}


def test_tables_of_the_newest_refresh_are_known_again(store: Store) -> None:
    refresh(store, "1", *VISITS)
    known = known_tables(KnownResults(store, "demo"))
    assert known is not None
    assert [*known] == ["clinical", "proteins"]
    assert known["proteins"].columns == (*KEY, TIME, A)
    left = without(known, [f"demo:{P1}:baseline", f"demo:{P2}"])["proteins"].table.to_pylist()
    assert [(row["patient"], row["timepoint"]) for row in left] == [(P1, "week_6")]


def test_rows_that_moved_are_told_by_time_point(store: Store) -> None:
    refresh(store, "1", *VISITS)
    refresh(store, "2", (P1, "baseline", 1.5), *VISITS[1:2], (P2, "week_6", 3.0))
    changes = diff_refreshes(Mart.open(store, 1), Mart.open(store)).changes
    assert {(change.case, change.block, change.why) for change in changes} == {
        (f"demo:{P1}:baseline", "proteins", "a"),
        (f"demo:{P2}:baseline", "proteins", "row is gone"),
        (f"demo:{P2}:week_6", "proteins", "new row"),
    }


def test_a_patient_or_a_time_point_without_images_can_be_withdrawn(store: Store) -> None:
    refresh(store, "1", *VISITS)
    assert f"demo:{P1}:week_6" in cases_of(store)
    assert withdraw(store, f"demo:{P1}:week_6", "consent").rows == 2  # and its visit
    assert withdraw(store, f"demo:{P1}", "consent").rows == 3
    mart = Mart.open(store)
    assert mart.read("clinical", "demo")["patient"].to_pylist() == [P3]
    assert mart.read("proteins", "demo")["patient"].to_pylist() == [P2]


def test_a_patient_in_both_parts_of_the_split_is_a_fault_of_the_tables() -> None:
    split = Column("split", "string", "split", role="fact", levels=("train", "test"))
    tables = {
        "clinical": table([split], (P1, "train"), (P2, "test"), (P3, None)),
        "proteins": table([split], (P1, "test"), (P2, "test"), (P3, "train")),
    }
    said = "cohort demo, block proteins: 1 patients are in one part of the split here, and in the other part in the block clinical"
    assert [str(fault) for fault in torn_patients("demo", tables)] == [f"{said}; allowed: one part for each patient"]
