"""Which part of a path is the patient, by names alone."""

from __future__ import annotations

import pytest

from tasks.drafting.templates import find_templates
from tasks.drafting.timepoints import plan_visits, visits_by_date, with_timepoints

PEOPLE = [f"P{i:03d}" for i in range(6)]


def texts(names: list[str], known: tuple[str, ...] = ()) -> list[str]:
    templates, _, _ = with_timepoints(find_templates(names, known))
    return sorted(one.text for one in templates)


@pytest.mark.parametrize(
    ("forms", "patients"),
    [
        (["{patient}/ct.nii.gz", "{patient}/gtv.nii.gz"], PEOPLE),
        (["{patient}_ct.nii.gz", "{patient}_mask.nii.gz"], PEOPLE),
        (["images/{patient}.nii.gz", "labels/{patient}.nii.gz"], PEOPLE),
        (["imagesTr/case_{patient}_0000.nii.gz", "labelsTr/case_{patient}.nii.gz"], [f"{i:03d}" for i in range(9)]),
        (
            ["imagesTr/{patient}_0000.nii", "imagesTr/{patient}_0001.nii", "labelsTr/{patient}.nii"],
            [f"B_{i:03d}" for i in range(4)],
        ),
        (["image_{patient}.nrrd", "mask_{patient}.nrrd"], [f"{i:03d}" for i in range(6)]),
        (["B/{patient}/{patient}_seg.nii", "B/{patient}/{patient}_t1.nii", "B/{patient}/{patient}_t2.nii"], PEOPLE),
        (["derivatives/m/{patient}/anat/{patient}_mask.nii", "{patient}/anat/{patient}_T1w.nii"], ["sub-01", "sub-02"]),
        (["{patient}/flair.mha", "{patient}/seg.mha", "{patient}/t1.mha", "{patient}/t2.mha"], ["A", "B"]),
        (["{patient}/{timepoint}/CT.nii", "{patient}/{timepoint}/GTV.nii"], PEOPLE),
    ],
)
def test_the_patient_is_found_in_folders_and_names(forms: list[str], patients: list[str]) -> None:
    times = ("baseline", "week4") if "{timepoint}" in forms[0] else ("",)
    names = [form.format(patient=one, timepoint=time) for form in forms for one in patients for time in times]
    found = texts(sorted(names))
    if "case_" in names[0]:  # the word before the number may belong to the patient
        forms = [form.replace("case_", "") for form in forms]
    assert found == sorted(forms)


def test_ids_of_tables_tell_the_patient_where_names_alone_do_not() -> None:
    names = [f"scan-{one}-{kind}-7.nii" for one in PEOPLE for kind in ("ct", "mask")]
    assert texts(names, tuple(f"scan-{one}" for one in PEOPLE)) == ["{patient}-ct-7.nii", "{patient}-mask-7.nii"]


def test_a_time_point_that_one_patient_has_is_joined_and_a_stray_file_is_left() -> None:
    names = [f"{one}/baseline/CT.nii" for one in PEOPLE] + ["P000/week4/CT.nii", "P000/notes/odd.nii"]
    templates, codes, rest = with_timepoints(find_templates(sorted(names)))
    assert [one.text for one in templates] == ["{patient}/{timepoint}/CT.nii"]
    assert codes == {"baseline": "baseline", "week4": "week4"}
    assert [one.text for one in rest] == ["{patient}/notes/odd.nii"]


def test_paths_without_a_patient_give_no_template() -> None:
    names = [
        f"{7919 * i % 9973:05d}/{kind}_{104729 * i % 99991:05d}.nii" for i in range(400) for kind in ("ct", "mask")
    ]
    assert find_templates(names).templates == ()


def test_centres_of_few_patients_are_no_patients() -> None:
    forms = [
        f"{centre}/{centre}-{i:04d}/{kind}.nii" for centre in "ABCD" for i in (1, 2) for kind in ("ct", "t1", "seg")
    ]
    assert "A/{patient}/ct.nii" in texts(forms) and len(texts(forms)) == 12


@pytest.mark.parametrize(
    ("words", "plan", "codes"),
    [
        (
            ["w1", "w2", "w3", "w6", "plan"],
            {"plan": None, "week": {"to": 6, "every": 7}},
            {"plan": "plan", "w#": "week"},
        ),
        (["V0", "V1", "V2", "V3"], {"visit": {"to": 3, "first": 0}}, {"V#": "visit"}),
        (["T0", "W4"], {"baseline": None, "week4": None}, {"T0": "baseline", "W4": "week4"}),
    ],
)
def test_many_numbers_of_one_word_are_a_numbered_time_point(words: list[str], plan: object, codes: object) -> None:
    found = plan_visits(words)
    assert (found.plan, found.source) == (plan, {"codes": codes})


def test_folders_named_for_dates_are_visits_in_their_order() -> None:
    names = [
        f"{one}/{day}/ct.nii" for i, one in enumerate(PEOPLE) for day in (f"2019-0{i + 1}-04", f"2020-0{i + 1}-09")
    ]
    templates, _, _ = with_timepoints(find_templates(sorted(names)))
    assert [one.text for one in templates] == ["{patient}/{timepoint}/ct.nii"]
    found = visits_by_date(templates)
    assert (found.plan, found.source) == ({"visit": {"to": 2}}, {"date": "%Y-%m-%d"})
