"""Visits of a simulated course: days of each patient, missed weeks, and one table that tells two in the wrong order."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from features.simulate.kinds.serial import LEAST, WEEKS, Serial, visits_of
from features.simulate.streams import stream

SITES = {site.name: site for site in Serial.sites}


def test_days_rise_differ_between_patients_and_some_weeks_are_missed() -> None:
    people = Serial().draw(stream(1, "people"), SITES["B"], 200)
    days = [[visit.day for visit in visits_of(facts)] for facts in people.to_dict("records")]
    assert all(one[0] == 0 and one == sorted(set(one)) for one in days)
    assert all(LEAST + 1 <= len(one) <= WEEKS + 1 for one in days)
    assert len({tuple(one) for one in days}) > 150


def test_only_the_patient_who_is_told_has_visits_out_of_order_in_the_table(tmp_path: Path) -> None:
    plan = Serial()
    people = plan.draw(stream(1, "people"), SITES["C"], 4)
    people.insert(0, "patient", [f"C-{k:04d}" for k in range(1, 5)])
    plan.write_tables(tmp_path, SITES["C"], people)
    days: dict[str, list[int]] = {}
    for row in csv.DictReader((tmp_path / "C_visits.csv").read_text("utf-8").splitlines()):
        days.setdefault(row["patient"], []).append(int(row["day"]))
    fall = {patient for patient, own in days.items() if own != sorted(own)}
    assert fall == set(people["patient"][people["visits_fall"]]) == {"C-0002"}


def test_a_single_day_of_the_grain_tells_little_and_the_slope_all() -> None:
    people = Serial().draw(stream(1, "people"), SITES["X"], 20_000)
    first = np.log(people["grain_mm"]) - people["grain_slope"]
    assert abs(np.corrcoef(first, people["state"])[0, 1]) < 0.5
    assert np.corrcoef(people["grain_slope"], people["state"])[0, 1] > 0.98
    assert np.corrcoef(people["shrinkage"], people["state"])[0, 1] == pytest.approx(0, abs=0.03)
