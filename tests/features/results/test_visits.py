"""Own days of patients from tables and images, and visits that are out of order: left out, counted and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from features.core.catalog.catalog import Cohort
from features.core.column import Column
from features.core.digest import digest_json
from features.core.storage.store import Store
from features.core.storage.table import Schema
from features.images.index.index_cohort import Index
from features.results.manifest import Mart
from features.results.patients import Tables
from features.results.publish import publish
from features.results.visits import Visits, find_visits, without_disorder
from features.results.work import plan_scans
from features.tables.patient import KEY, PatientTable
from features.tables.visit_days import TableDays
from tests.support.catalog import cohort_of, file_images

TIMEPOINTS = {"baseline": 0, "week4": 28, "week8": 56}


def _tables(*visits: tuple[str, str]) -> Tables:
    """A block of visits, (patient, time point) each."""
    columns = (*KEY, Column("timepoint", "string", "time point", role="key"), Column("a", "float64", "a protein"))
    rows = [{"patient": p, "cohort": "demo", "centre": "A", "timepoint": word, "a": 1.0} for p, word in visits]
    table = PatientTable(Schema("proteins", columns).table(rows), columns)
    return Tables(digest_json([*visits]), lambda: {"proteins": table})


def _visits(
    table: dict[str, float] | None = None, dicom: dict[str, int] | None = None, tolerance: int = 0, **changes: Any
) -> Visits:
    cohort = Cohort.model_validate(cohort_of(file_images(), **{"timepoints": TIMEPOINTS, **changes}))
    days = TableDays({("p1", word): day for word, day in (table or {}).items()}, {"p1": "A"}, tolerance)
    return find_visits(cohort, {("p1", word): day for word, day in (dicom or {}).items()}, days)


def _found(visits: Visits) -> dict[str, tuple[float, str]]:
    return {word: (day, visits.sources[p, word]) for (p, word), day in visits.days.items()}


def test_a_day_of_a_table_counts_before_one_of_images_which_are_moved_to_its_day_0() -> None:
    found = _visits({"baseline": -3, "week4": 25}, {"baseline": 0, "week4": 28, "week8": 60})
    assert _found(found) == {"baseline": (-3, "table"), "week4": (25, "table"), "week8": (57, "dicom")}
    assert not found.out


def test_a_table_and_images_that_differ_by_more_than_the_tolerance_are_told() -> None:
    days = {"baseline": 0, "week4": 28, "week8": 56}, {"baseline": 0, "week4": 31, "week8": 56}
    found = _visits(*days)
    assert {word: why.message for (_, word), why in found.out.items()} == {
        "week4": "week4 is on day 28 by the table, on day 31 by its images; allowed: 0 days between them (tolerance_days)"
    }
    assert not _visits(*days, tolerance=3).out
    assert {word for _, word in _visits({"baseline": 0, "week4": 28}, {"baseline": 0, "week4": 31}).out} == {
        "baseline",
        "week4",
    }  # nobody knows which is wrong


def test_visits_out_of_order_say_what_they_contradict() -> None:
    found = _visits({"baseline": 0, "week4": 28, "week8": 21})
    assert {word: (why.message, why.details) for (_, word), why in found.out.items()} == {
        "week4": ("week4 is on day 28, week8 on day 21; allowed: a day of week8 after that of week4", {"day": 28}),
        "week8": ("week8 is on day 21, week4 on day 28; allowed: a day of week8 after that of week4", {"day": 21}),
    }


def _published(store: Store, scans: list, tables: Tables, visits: Visits) -> dict[str, list[dict[str, Any]]]:
    index = Index("demo", tuple(scans), (), {"used": 2 * len(scans), "quarantined": 0})
    index, tables = without_disorder(index, tables, visits)
    publish(store, index, plan_scans(index.scans, ()), (), tables, visits=visits)
    found = {
        name: Mart.open(store).read(name, "demo").to_pylist() for name in ("visits", "quarantine", "scans", "proteins")
    }
    assert sum(index.files.values()) == 2 * len(scans)
    assert len(index.scans) + len(index.quarantined) == len(scans)  # in = out
    return found


def test_scans_and_rows_of_visits_out_of_order_are_left_out_and_counted(store: Store, make_scan: Callable) -> None:
    visits = _visits({"baseline": 0, "week4": 28, "week8": 21})
    scans = [make_scan("p1", timepoint=word) for word in ("baseline", "week4")] + [make_scan("p2")]
    found = _published(store, scans, _tables(("p1", "baseline"), ("p1", "week8")), visits)
    assert {
        (row["patient"], row["timepoint"]): (row["day"], row["source"], row["state"]) for row in found["visits"]
    } == {
        ("p1", "baseline"): (0.0, "table", "used"),
        ("p1", "week4"): (28.0, "table", "VISIT_ORDER"),
        ("p1", "week8"): (21.0, "table", "VISIT_ORDER"),
        ("p2", "baseline"): (0.0, "planned", "used"),
    }
    rows = [row for row in found["quarantine"] if row["code"] == "VISIT_ORDER"]  # the others were not measured
    told = {(row["case"], row["stage"], row["files"]) for row in rows}
    assert told == {("demo:p1:week4", "index", 2), ("demo:p1:week8", "tables", 0)}
    assert [row["timepoint"] for row in found["proteins"]] == ["baseline"]


def test_a_planned_day_stands_in_only_where_it_fits_between_the_own_days(store: Store, make_scan: Callable) -> None:
    scans = [make_scan("p1", timepoint=word) for word in TIMEPOINTS]
    late = _published(store, scans, _tables(), _visits({"baseline": 0, "week8": 60}))["visits"]
    assert [(row["day"], row["source"]) for row in late] == [(0, "table"), (28, "planned"), (60, "table")]
    early = _published(store, scans, _tables(), _visits({"baseline": 0, "week8": 27}))["visits"]
    assert [(row["day"], row["source"]) for row in early] == [(0, "table"), (None, ""), (27, "table")]


def test_time_points_without_a_planned_day_have_a_day_only_where_it_is_told(store: Store, make_scan: Callable) -> None:
    visits = _visits({"visit1": 5}, timepoints={"visit": {"to": 3}})
    scans = [make_scan("p1", timepoint=word) for word in ("visit1", "visit2")]
    rows = _published(store, scans, _tables(), visits)["visits"]
    assert [(row["timepoint"], row["day"], row["source"]) for row in rows] == [
        ("visit1", 5, "table"),
        ("visit2", None, ""),
    ]


@pytest.mark.parametrize("again", [False, True])
def test_days_that_change_make_a_new_refresh_and_days_that_stay_do_not(
    store: Store, make_scan: Callable, again: bool
) -> None:
    scans, tables = [make_scan("p1"), make_scan("p1", timepoint="week4")], _tables()
    for day in (28, 28 + (not again)):
        visits = _visits({"baseline": 0, "week4": day})
        index = Index("demo", tuple(scans), (), {"used": 4})
        published = publish(store, index, plan_scans(scans, ()), (), tables, visits=visits)
    assert published.changed is not again
