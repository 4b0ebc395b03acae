"""Dates move by one distance for a patient, and nothing else moves."""

from __future__ import annotations

import pytest

from features.privacy.dates import is_time, offset_days, shift_date, shift_datetime

KEY = b"k" * 32


def test_the_distance_depends_on_key_cohort_and_patient_alone() -> None:
    assert offset_days(KEY, "a", "p") == offset_days(KEY, "a", "p")
    others = {offset_days(KEY, "a", "q"), offset_days(KEY, "b", "p"), offset_days(b"j" * 32, "a", "p")}
    assert offset_days(KEY, "a", "p") not in others
    assert all(365 <= offset_days(KEY, "a", str(n)) < 4015 for n in range(50))


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("20240301", "20240229"),
        ("00010101", ""),
        ("2024", ""),
        ("20241301", ""),
        ("DOE^JOHN", ""),
        ("", ""),
        ("2024-3-1", ""),
    ],
)
def test_a_date_moves_or_goes(text: str, moved: str) -> None:
    assert shift_date(text, 1) == moved


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("20240301123456.789000+0100", "20240229123456.789000+0100"),
        ("20240301", "20240229"),
        ("202403", ""),
        ("20240301DOE", ""),
    ],
)
def test_a_date_with_time_keeps_its_time(text: str, moved: str) -> None:
    assert shift_datetime(text, 1) == moved


def test_times_are_told_from_other_text() -> None:
    assert [is_time(text) for text in ("1234", "123456.5", "DOE", "", "12:34")] == [True, True, False, False, False]
