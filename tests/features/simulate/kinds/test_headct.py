"""The head CT cohort: equal histograms whatever the grain, foci where they are said to be, reports that say what is planted."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.simulate.headct import FOCUS, HEAD, PLACES, SKULL, Planted, scan
from features.simulate.kinds.headct import Headct
from features.simulate.reports import BLOOD, READERS, Read, write_report
from features.simulate.streams import stream

SITE = Headct.sites[1]
PLANTED = Planted("intraparenchymal", 20.0, 3.0, 3.0)


def own(word: str) -> np.random.Generator:
    return stream(4, word)


def test_grain_changes_the_pattern_of_focus_and_skull_and_not_their_histograms() -> None:
    fine, coarse = (
        scan(replace(PLANTED, focus_grain_mm=grain, bone_grain_mm=grain), SITE, own) for grain in (1.3, 7.0)
    )
    assert np.array_equal(fine[1], coarse[1])
    for label in (FOCUS, SKULL):
        part = fine[1] == label
        assert np.abs(np.sort(fine[0][part]).astype(int) - np.sort(coarse[0][part])).max() <= 1
        both = part[:, :, 1:] & part[:, :, :-1]
        steps = [float(np.abs(np.diff(hu.astype(float), axis=2))[both].mean()) for hu, _ in (fine, coarse)]
        assert steps[0] > 1.4 * steps[1]


@pytest.mark.parametrize("place", PLACES)
def test_a_focus_of_every_place_lies_within_the_skull_and_has_its_volume(place: str) -> None:
    hu, labels = scan(replace(PLANTED, place=place, volume_ml=14.0), SITE, own)
    volume = float((labels == FOCUS).sum()) * SITE.grid.voxel_ml
    assert volume == pytest.approx(14.0, rel=0.35 if place in ("intraventricular", "subarachnoid") else 0.1)
    assert {FOCUS, SKULL, HEAD, 0} == set(np.unique(labels).tolist())
    assert hu[labels == SKULL].mean() > 500 > 100 > hu[labels == FOCUS].mean() > 40


def test_reports_differ_name_blood_in_positives_and_carry_names_and_numbers() -> None:
    texts = {
        blood: [
            write_report(stream(1, "r", k, blood), Read(f"A-{k:04d}", blood, "subdural", 2019), SITE) for k in range(40)
        ]
        for blood in (True, False)
    }
    assert all(len(set(own)) == 40 for own in texts.values())
    assert sum(any(word in text.lower() for word in BLOOD) for text in texts[True]) > 36  # but for typing errors
    assert sum(any(word in text.lower() for word in BLOOD) for text in texts[False]) > 30  # negated, mostly
    assert all("A-0007" in own[7] or "2019" in own[7] for own in texts.values())
    assert sum(any(reader in text for reader in READERS) for text in texts[True]) > 30


def test_a_part_of_development_is_labelled_by_hand_and_every_patient_has_a_report(tmp_path: Path) -> None:
    plan = Headct(patients_per_centre=30, seed=2)
    for site, people in zip(plan.sites, plan.people(), strict=True):
        plan.write_tables(tmp_path, site, people)
        rows = _rows(tmp_path / f"{site.name}_clinical.csv")
        known = [row["haemorrhage"] for row in rows if row["haemorrhage"]]
        assert (len(known) == 30) == (site.cohort == "external")
        assert len(known) > 5
        assert all(bool(row["haemorrhage"]) == bool(row["bleeding"]) for row in rows)
        reports = _rows(tmp_path / f"{site.name}_reports.csv")
        assert [row["patient"] for row in reports] == [row["patient"] for row in rows]
        assert all(len(row["report"]) > 80 for row in reports)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
