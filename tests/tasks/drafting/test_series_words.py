"""DICOM series of a case told apart, and selected by what sets them apart."""

from __future__ import annotations

from features.core.catalog.series_choice import judge
from tasks.drafting.dicom_headers import Series
from tasks.drafting.series_words import name_series

VISIT = (
    {"SeriesDescription": "AX T1 SE", "EchoTime": "9", "RepetitionTime": "500"},
    {"SeriesDescription": "AX T1 SE", "EchoTime": "9", "RepetitionTime": "500", "ContrastBolusAgent": "Gadovist"},
    {"SeriesDescription": "AX T2 FLAIR", "EchoTime": "120", "InversionTime": "2500"},
    {"SeriesDescription": "AX T2 TSE", "EchoTime": "95", "RepetitionTime": "4000"},
    {"SeriesDescription": "3-plane loc", "EchoTime": "5", "RepetitionTime": "20"},
    {"SeriesDescription": "DWI", "ImageType": "DERIVED/PRIMARY/ADC", "EchoTime": "80"},
)


def series(*visits: tuple[dict[str, str], ...]) -> list[Series]:
    return [
        Series(f"p{i}", f"{i}-{j}", "MR", (1.0, 1.0, 1.0), f"p{i}/{j}", {"StudyInstanceUID": f"s{i}", **facts})
        for i, visit in enumerate(visits)
        for j, facts in enumerate(visit)
    ]


def test_series_are_told_apart_by_description_contrast_and_image_type() -> None:
    every = series(VISIT, VISIT, VISIT)
    found = {one.word: one for one in name_series(every)}
    assert set(found) == {"t1", "t1c", "t2", "flair", "adc"}
    assert (
        found["t1c"].select["ContrastBolusAgent"] == "present" and found["t1"].select["ContrastBolusAgent"] == "absent"
    )
    assert all(one.is_sure and not one.doubled for one in found.values())
    for one in found.values():  # what is written takes the series of the word and no others
        taken = [
            each
            for each in every
            if all(judge(choice)(each.facts.get(name, "")) for name, choice in one.select.items())
            and not any(judge(choice)(each.facts.get(name, "")) for name, choice in one.ignore.items())
        ]
        assert taken == list(one.series)


def test_echo_and_repetition_times_tell_weightings_that_no_description_names() -> None:
    bare = tuple({**facts, "SeriesDescription": "Head"} for facts in VISIT[:4])
    found = {one.word: one for one in name_series(series(bare, bare))}
    assert set(found) == {"t1", "t1c", "t2", "flair"} and not any(one.is_sure for one in found.values())
    assert found["t2"].select["EchoTime"] == [86, 105]


def test_no_word_of_a_description_is_written_and_one_series_a_study_needs_no_words() -> None:
    named = tuple({**facts, "SeriesDescription": f"Dr Miller {facts['SeriesDescription']}"} for facts in VISIT)
    assert "iller" not in str([(one.select, one.ignore) for one in name_series(series(named, named))])
    assert name_series(series(VISIT[:1], VISIT[:1])) == []


def test_a_patient_with_two_series_of_a_word_is_counted() -> None:
    twice = (*VISIT, VISIT[3])
    found = {one.word: one.doubled for one in name_series(series(VISIT, twice, VISIT))}
    assert found["t2"] == 1 and found["flair"] == 0


def test_a_projection_of_a_series_is_left_out_by_its_image_type() -> None:
    projection = {**VISIT[1], "ImageType": "DERIVED/SECONDARY/MIP"}
    (after,) = (one for one in name_series(series(VISIT, (*VISIT, projection))) if one.word == "t1c")
    assert (after.doubled, after.derived, after.ignore) == (0, 1, {"ImageType": ".*derived.*"})


def test_derived_series_are_the_images_where_there_are_no_others() -> None:
    derived = tuple({**facts, "ImageType": "DERIVED/PRIMARY"} for facts in VISIT[:4])
    assert {(one.word, one.derived) for one in name_series(series(derived, derived))} == {
        ("t1", 0), ("t1c", 0), ("t2", 0), ("flair", 0),
    }  # fmt: skip


def test_dark_fluid_is_flair() -> None:
    fluid = {"SeriesDescription": "t2_space_dark-fluid_sag", "EchoTime": "390"}
    found = {one.word: one.select for one in name_series(series((VISIT[3], fluid), (VISIT[3], fluid)))}
    assert set(found) == {"t2", "flair"} and found["flair"]["SeriesDescription"] == ".*(flair|dark.?fluid|t2f).*"
