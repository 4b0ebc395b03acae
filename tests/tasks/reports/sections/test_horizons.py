"""Calibration over follow-up: a row for each split and day, and a panel for each day."""

from __future__ import annotations

from typing import Any

from tasks.reports.number_format import decimal
from tests.support.page import Page


def test_without_days_of_the_study_the_horizon_is_told(survival: Any) -> None:
    page = Page(survival.html)
    rows = page.tables["table-horizons"].rows
    assert rows[0][:4] == ["Day", "Events by then", "Followed until then", "Time-dependent AUC right is 1"]
    assert [row[0] for row in rows[1:]] == [
        "Nested cross-validation n = 45",
        "1095",
        "Leave-one-centre-out n = 45",
        "1095",
    ]
    score = next(
        s for s in survival.result.by_horizon if (s.split, s.blocks, s.metric) == ("nested", "all", "time_auc")
    )
    assert rows[2][1:4] == [
        str(score.events),
        str(score.followed),
        f"{decimal(score.value)} ({decimal(score.low)}–{decimal(score.high)})",
    ]
    assert "By day 1095, the horizon of the endpoint (horizons in the study names others)" in page.text
    assert "figure-horizons-all" in page.ids


def test_competing_events_and_days_of_events(of_kind: Any) -> None:
    reported = of_kind("competing_risks")
    page = Page(reported.html)
    first, second = dict.fromkeys(score.day for score in reported.result.by_horizon)
    assert f"By day {first:g} and {second:g}, by which one and two thirds of the events were seen" in page.text
    assert "cases of like predicted incidence of relapse" in page.text


def test_endpoints_without_follow_up_have_no_such_section(binary: Any) -> None:
    assert "table-horizons" not in Page(binary.html).tables
