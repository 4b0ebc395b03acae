"""Time points: numbered ones, codes with a number, what a catalog may not say of visits, and which visits stand in time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.core.catalog.catalog import Cohort, load_catalog
from features.core.catalog.visits import in_time
from features.core.errors import ConfigError
from tests.support.catalog import cohort_of, dicom_images, file_images, write_catalog

WEEKS = {"week": {"to": 3, "every": 7}}
BY_VISIT = {"path": "{patient}/{timepoint}.nii", "mask": "{patient}/{timepoint}_mask.nii"}


def _cohort(timepoints: dict[str, Any], timepoint: dict[str, Any] | None = None, **settings: Any) -> Cohort:
    images = file_images(**BY_VISIT, **({"timepoint": timepoint} if timepoint else {}))
    return Cohort.model_validate(cohort_of(images, timepoints=timepoints, **settings))


@pytest.mark.parametrize(
    ("given_", "days", "planned"),
    [
        ({"baseline": 0, "week4": 28}, {"baseline": 0, "week4": 28}, {"baseline": 0, "week4": 28}),
        (WEEKS, {"week1": 7, "week2": 14, "week3": 21}, {"week1": 7, "week2": 14, "week3": 21}),
        (
            {"planning": -10, "week": {"to": 2, "every": 7, "day": 0}},
            {"planning": -10, "week1": 0, "week2": 7},
            {"planning": -10, "week1": 0, "week2": 7},
        ),
        ({"week": {"first": 0, "to": 1, "every": 7}}, {"week0": 0, "week1": 7}, {"week0": 0, "week1": 7}),
        ({"scan": 5, "visit": {"to": 2}}, {"scan": 5, "visit1": 6, "visit2": 7}, {"scan": 5}),
    ],
)
def test_numbered_time_points_share_a_word(given_: dict, days: dict, planned: dict) -> None:
    cohort = _cohort(given_)
    assert (cohort.timepoints, list(cohort.timepoints), cohort.planned) == (days, list(days), planned)


def test_what_does_not_say_when_it_is_known_is_known_at_the_first_time_point() -> None:
    age = {"type": "number", "description": "age"}
    late = {**age, "known_at": "week2"}
    table = {"block": "proteins", "path": "p.csv", "id": "id"}
    cohort = _cohort(WEEKS, variables={"age": age, "weight": late}, tables=[table])
    assert {word: one.known_at for word, one in cohort.variables.items()} == {"age": "week1", "weight": "week2"}
    assert cohort.tables[0].known_at == "week1"  # type: ignore[union-attr]
    usual = _cohort({"scan": -1, "baseline": 0}, variables={"age": age})
    assert usual.variables["age"].known_at == "baseline"


def test_a_code_with_a_number_stands_for_all_of_them_with_zeros_or_without() -> None:
    table = {"path": "v.csv", "id": "id", "timepoint": {"column": "visit", "codes": {"V#": "week"}}, "day": "day"}
    cohort = _cohort({"plan": 0, **WEEKS}, {"codes": {"w#": "week", "p": "plan"}}, visits=table)
    codes = cohort.images[0].codes(cohort.timepoints)  # type: ignore[union-attr]
    assert {codes["w1"], codes["w01"], codes["w001"]} == {"week1"}
    assert (codes["w3"], codes["p"], "w4" in codes) == ("week3", "plan", False)
    assert cohort.visits[0].timepoint.codes["V02"] == "week2"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"timepoints": {"week": {"to": 3, "evry": 7}}}, 'unknown key "cohorts.demo.timepoints.week.evry"'),
        ({"timepoints": {"week": {"to": 2}, "week1": 9}}, 'the time point "week1" stands twice'),
        ({"timepoints": {"week": {"first": 3, "to": 2}}}, "the last number, 2, is below the first, 3"),
        ({"timepoints": {"week": {"to": 3, "day": 1}}}, "day, of the first one, needs every"),
        ({"visits": {"path": "v.csv", "id": "id", "timepoint": "visit"}}, "give either day, a column of numbers, or date"),
        ({"visits": {"path": "v.csv", "id": "id", "timepoint": "visit", "date": "d"}}, "date needs a date_format"),
        (
            {"visits": {"path": "v.csv", "id": "i", "day": "d", "timepoint": {"column": "v", "codes": {"1": "basline"}}}},
            'unknown time point; found "basline"; allowed: baseline; did you mean "baseline"?',
        ),
    ],
)  # fmt: skip
def test_a_fault_of_visits_is_told_at_its_line(tmp_path: Path, settings: dict, message: str) -> None:
    path = write_catalog(tmp_path, demo=cohort_of(file_images(), **settings))
    with pytest.raises(ConfigError) as caught:
        load_catalog(path)
    assert message in str(caught.value)
    assert "data_catalog.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("timepoint", "message"),
    [
        ({"date": "StudyDay"}, 'unknown DICOM keyword; found "StudyDay"; did you mean "StudyDate"?'),
        ({"tag": "StudyID"}, "tag and codes belong together"),
        ({"tag": "StudyID", "codes": {"1": "baseline"}, "within_days": 3}, "within_days is for time points"),
        ({"date": "StudyDate"}, "dates alone cannot tell time points of which some have planned days and others have none"),
    ],
)  # fmt: skip
def test_a_fault_of_dates_is_told(tmp_path: Path, timepoint: dict, message: str) -> None:
    images = dicom_images(timepoint=timepoint)
    path = write_catalog(tmp_path, demo=cohort_of(images, timepoints={"baseline": 0, "end": 60, "visit": {"to": 3}}))
    with pytest.raises(ConfigError) as caught:
        load_catalog(path)
    assert message in str(caught.value)


def test_sources_whose_dates_tell_visits_agree_how_long_a_visit_lasts(tmp_path: Path) -> None:
    images = [dicom_images(f"d{n}", timepoint={"date": "StudyDate", "within_days": n}) for n in (2, 2, 3)]
    path = write_catalog(tmp_path, demo=cohort_of(*images, timepoints={"visit": {"to": 3}}))
    with pytest.raises(ConfigError) as caught:
        load_catalog(path)
    assert "within_days is not that of images.0, whose dates tell visits, too; found 3; allowed: 2" in str(caught.value)


@pytest.mark.parametrize(
    ("days", "out"),
    [
        ([0, 28, 56, 84], []),
        ([0, 300, 28, 56], ["w1"]),  # one is wrong: the others are a run without it
        ([0, 28, 21, 56], ["w1", "w2"]),  # one of two is wrong, nobody knows which
        ([28, 0], ["w0", "w1"]),
        ([0, 0, 5], ["w0", "w1"]),
        ([7], []),
    ],
)
def test_visits_that_contradict_the_others_do_not_stand_in_time(days: list[int], out: list[str]) -> None:
    order = {f"w{i}": i for i in range(len(days))}
    kept, left = in_time({f"w{i}": float(day) for i, day in enumerate(days)}, order)
    assert left == out
    assert sorted(kept + left) == sorted(order)


def test_time_points_of_one_planned_day_follow_each_other_in_any_order() -> None:
    assert in_time({"test": 3.0, "retest": 1.0, "end": 9.0}, {"test": 0, "retest": 0, "end": 7})[1] == []


@given(st.lists(st.integers(0, 9), max_size=8))
def test_what_is_kept_rises(days: list[int]) -> None:
    own = {f"w{i}": float(day) for i, day in enumerate(days)}
    kept, _ = in_time(own, {f"w{i}": i for i in range(len(days))})
    assert all(own[a] < own[b] for a, b in pairwise(kept))
