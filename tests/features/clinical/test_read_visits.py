"""read_visits: own days of patients from tables, as numbers or as dates of which none is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.clinical.read_visits import read_visits, visit_ids
from features.core.catalog.catalog import Cohort
from features.core.errors import ConfigError
from features.core.pseudonym import pseudonym
from tests.support.catalog import cohort_of, file_images

KEY = b"k" * 64
DAYS = {"timepoint": "visit", "day": "day"}
DATES = {"timepoint": "visit", "date": "on", "date_format": "%d.%m.%Y", "as_of": "2024-01-01"}
Read = Callable[..., dict[str, float]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """`P visit` → day, of tables given as their text and keys."""

    def build(*tables: tuple[str, dict[str, Any]], **settings: Any) -> dict[str, float]:
        sources = []
        for i, (text, keys) in enumerate(tables):
            (tmp_path / f"v{i}.csv").write_text(text)
            sources.append({"path": f"v{i}.csv", "id": "id", **keys})
        own = {"timepoints": {"scan": -10, "week": {"to": 2, "every": 7}}, **settings}
        cohort = Cohort.model_validate(cohort_of(file_images(), visits=sources, **own))
        names = {pseudonym(KEY, "demo", patient): patient for patient in sorted(visit_ids(tmp_path, cohort))}
        found = read_visits(tmp_path, "demo", cohort, KEY)
        return {f"{names[patient]} {word}": day for (patient, word), day in found.days.items()}

    return build


def test_days_are_numbers_of_a_column_and_empty_cells_tell_none(read: Read) -> None:
    text = "id,visit,day\nP1,scan,-12.5\nP1,week1,8\nP1,week2,\nP2,week2,13\n"
    assert read((text, DAYS)) == {"P1 scan": -12.5, "P1 week1": 8.0, "P2 week2": 13.0}


def test_codes_with_a_number_and_a_mapping_in_place_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("id,visit,day\nP1,W02,15\n")
    table = {"path": "v.csv", "id": "id", "timepoint": {"column": "visit", "codes": {"W#": "week"}}, "day": "day"}
    cohort = Cohort.model_validate(cohort_of(file_images(), visits=table, timepoints={"week": {"to": 2, "every": 7}}))
    assert read_visits(tmp_path, "demo", cohort, KEY).days == {(pseudonym(KEY, "demo", "P1"), "week2"): 15.0}


def test_dates_are_days_from_a_column_of_starts(read: Read) -> None:
    text = "id,visit,on,begun\nP1,scan,20.01.2020,31.01.2020\nP1,week1,06.02.2020,31.01.2020\nP2,week1,05.05.2021,\n"
    assert read((text, {**DATES, "start": "begun"})) == {"P1 scan": -11.0, "P1 week1": 6.0}


def test_without_a_start_the_first_visit_is_on_its_planned_day(read: Read) -> None:
    text = "id,visit,on\nP1,week2,14.02.2020\nP1,scan,20.01.2020\nP2,week2,01.01.2020\n"
    assert read((text, DATES)) == {"P1 scan": -10.0, "P1 week2": 15.0, "P2 week2": 14.0}


@pytest.mark.parametrize(
    ("text", "keys", "message"),
    [
        (
            "id,visit,day\nP1,week9,3\n",
            DAYS,
            'column visit: values are no time points; found "week9"; allowed: scan, week1',
        ),
        ("id,visit,day\nP1,week1,soon\n", DAYS, "column day: days are no numbers; found rows 2"),
        ("id,visit,day\nP1,scan,1\nP1,scan,2\n", DAYS, "a patient's time point stands twice; found rows 3"),
        ("id,visit,on\nP1,scan,2020-01-31\n", DATES, "column on: 1 cells are not dates of the declared format"),
        ("id,visit,on\nP1,scan,01.02.2025\n", DATES, "column on: 1 dates cannot be"),
        ("id,visit,date\nP1,scan,1\n", DAYS, 'v0.csv: there is no column "day"'),
        (
            "id,visit,on,begun\nP1,scan,01.02.2020,01.01.2020\nP1,week1,01.02.2020,02.01.2020\n",
            {**DATES, "start": "begun"},
            "column begun: a patient has several days 0; found rows 3",
        ),
    ],
)
def test_what_a_table_cannot_say_is_a_fault(read: Read, text: str, keys: dict, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read((text, keys))
    assert message in str(caught.value)
    assert "P1" not in str(caught.value)


def test_a_visit_that_two_tables_give_is_a_fault(read: Read) -> None:
    text = "id,visit,day\nP1,scan,1\n"
    with pytest.raises(ConfigError, match="v1.csv: a patient's time point stands twice"):
        read((text, DAYS), (text, DAYS))


def test_a_table_of_several_centres_needs_none_unless_ids_begin_with_it(read: Read) -> None:
    text = "id,visit,day\n1,scan,1\n"
    assert read((text, DAYS), centres={"A": {}, "B": {}}) == {"1 scan": 1.0}
    form = {"centres": {"A": {}, "B": {}}, "id_form": {"prefix": True}}
    assert read((text, {**DAYS, "centre": "B"}), **form) == {"B-1 scan": 1.0}
