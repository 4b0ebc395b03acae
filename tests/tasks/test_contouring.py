"""Folds of patients, and how contours are compared: what was not found is a failure, and has no distance."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from features.core.case import CaseId, FileSet, Scan
from features.core.errors import DataError
from tasks.contouring.agreed import drawn_case, mean_of
from tasks.contouring.folds import patient_folds

NAMES = ("demo:p:baseline", "p", "A")


def scan(patient: str, image: str = "", timepoint: str = "baseline", centre: str = "A") -> Scan:
    files = FileSet("nifti", (), image or f"image of {patient} {timepoint}")
    return Scan(CaseId("demo", patient, timepoint), centre, "CT", "HU", files, FileSet("nifti", (), patient), "1")


def test_patients_and_copies_stay_together_and_centres_are_spread() -> None:
    scans = [scan(f"p{i}", timepoint=when, centre="AB"[i % 2]) for i in range(10) for when in ("baseline", "week4")]
    scans += [scan("copy", image=scans[0].image.digest)]
    folds = patient_folds(scans, 5, seed=0)
    by_patient: dict[str, set[int]] = {}
    for one, fold in zip(scans, folds, strict=True):
        by_patient.setdefault(one.case.patient, set()).add(fold)
    assert all(len(own) == 1 for own in by_patient.values())
    assert by_patient["copy"] == by_patient["p0"]
    assert sorted(set(folds)) == [0, 1, 2, 3, 4]
    named = [scan(f"other{i}", image=f"image of p{i} {when}", timepoint=when, centre="AB"[i % 2]) for i in range(10)
             for when in ("baseline", "week4")]  # fmt: skip
    assert patient_folds(named, 5, seed=0) == patient_folds(scans[:-1], 5, seed=0), "other pseudonyms"
    with pytest.raises(DataError, match="needs 4 patients with a mask; there are 3"):
        patient_folds([scan(f"p{i}") for i in range(3)], 5, seed=0)
    assert max(patient_folds([scan(f"p{i}") for i in range(5)], 5, seed=0)) == 1


def test_an_empty_contour_has_a_dice_of_0_and_no_distance_and_is_a_failure() -> None:
    given = np.zeros((6, 6, 6), np.bool_)
    given[1:4, 1:4, 1:4] = True
    nothing = drawn_case(NAMES, 1, given, np.zeros_like(given), (2.0, 2.0, 2.0))
    assert (nothing.dice, nothing.failure) == (0.0, "nothing found")
    assert isnan(nothing.hausdorff95_mm)
    same = drawn_case(NAMES, 1, given, given, (2.0, 2.0, 2.0))
    assert (same.dice, same.hausdorff95_mm, same.surface_mm, same.failure) == (1.0, 0.0, 0.0, "")
    assert drawn_case(NAMES, 1, given, np.roll(given, 3, 0), (2.0, 2.0, 2.0)).failure == "elsewhere"
    assert drawn_case(NAMES, 1, given, np.roll(given, 2, 0), (2.0, 2.0, 2.0)).failure == "Dice below 0.5"
    distances = mean_of([nothing, same], lambda one: one.surface_mm, 0)
    assert (distances.value, distances.n) == (0.0, 1)
    dice = mean_of([nothing, same], lambda one: one.dice, 0)
    assert (dice.value, dice.n) == (0.5, 2)
    assert isnan(mean_of([nothing], lambda one: one.surface_mm, 0).value)
