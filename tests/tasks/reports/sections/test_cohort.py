"""The cohort table of a paper."""

from __future__ import annotations

from typing import Any

import pandas as pd

from features.endpoints.binary import Binary
from features.endpoints.survival import Survival
from tasks.modelling.evaluation.study import Study
from tasks.reports.by_centre import variable_rows
from tasks.reports.cohort_table import cohort_by_centre


def test_columns_are_all_and_the_centres(binary: Any, survival: Any) -> None:
    assert _table(binary).heads == ("All", "alpha", "beta", "gamma")
    assert _table(survival).heads == ("All", "first:north", "second:south")


def test_counts_add_up_over_centres(binary: Any) -> None:
    cases = _rows(binary)["Cases"]
    assert int(cases[0]) == sum(map(int, cases[1:])) == 90


def test_outcome_is_events_and_no_variable(survival: Any) -> None:
    rows = _rows(survival)
    assert rows["Events"][0].startswith(f"{survival.result.events} (")
    assert not any("os_" in label for label in rows)


def test_medians_carry_quartiles_and_missing_values_are_counted(binary: Any) -> None:
    rows = _rows(binary)
    age = binary.facts.cohort_table["age"]
    label = next(label for label in rows if label.startswith("Age (years)"))
    low, median, high = age.quantile([0.25, 0.5, 0.75])
    assert rows[label][0] == f"{median:.0f} [{low:.0f}–{high:.0f}]"
    assert rows["missing"][0] == "4"


def test_follow_up_is_the_reverse_kaplan_meier_median(survival: Any) -> None:
    """Without events, half of the cases are censored at the median time."""
    table = pd.DataFrame(
        {
            "cohort": "c",
            "centre": "a",
            "patient": list("wxyz"),
            "timepoint": "baseline",
            "t": [100.0, 304.375, 500, 600],
        }
    ).assign(e=False)
    study = survival.study.model_copy(update={"cohorts": ("c",)})
    rows = cohort_by_centre(study, Survival(time="t", event="e"), table, {}).rows
    assert {row.label: row.cells[0] for row in rows}["Follow-up, months (median, reverse Kaplan–Meier)"] == "10.0"


def test_many_levels_are_gathered(binary: Any) -> None:
    table = binary.facts.cohort_table.assign(code=[f"L{i % 20:02d}" for i in range(90)])
    rows = cohort_by_centre(binary.study, binary.result.endpoint, table, {}).rows
    assert next(row for row in rows if row.label == "8 others").level


def test_levels_stand_in_their_declared_order_and_a_flag_may_hold_none() -> None:
    grade = pd.Categorical(["high", "low", "mid", "low"], ["low", "mid", "high", "never"], ordered=True)
    parts = {"All": pd.DataFrame({"grade": grade})}
    assert [row.label for row in variable_rows("Grade", "grade", parts)] == ["Grade, n (%)", "low", "mid", "high"]
    table = pd.DataFrame(
        {"cohort": "c", "centre": "a", "patient": list("wxyz"), "seen": pd.array([True, None, False, True], object)}
    )
    study = Study(name="s", cohorts=("c",), endpoint="e", blocks={"b": ("clinical",)}, models=("svm",))
    rows = cohort_by_centre(study, Binary(column="seen"), table, {}).rows
    assert rows[1].cells == ("2 (50 %)", "2 (50 %)")


def _table(reported: Any) -> Any:
    facts = reported.facts
    return cohort_by_centre(reported.study, reported.result.endpoint, facts.cohort_table, facts.variables)


def _rows(reported: Any) -> dict[str, tuple[str, ...]]:
    return {row.label: row.cells for row in _table(reported).rows}
