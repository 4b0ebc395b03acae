"""The brain cohort's voxels: parts with equal histograms, labels, a planted motion that is the one that is told."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from features.simulate.brain import ENHANCING, NECROSIS, OEDEMA, Glioma, Head, scan
from features.simulate.fields import Rigid
from features.simulate.kinds.brain import Brain

SITE = Brain.sites[0]
GLIOMA = Glioma(25.0, 35.0, 0.2, 0.15, {"t1c": 3.0})


@pytest.fixture(scope="module")
def head() -> Head:
    return Head(np.random.default_rng(1), GLIOMA, SITE.grid)


def test_labels_have_the_planted_volumes(head: Head) -> None:
    volumes = {label: int((head.still == label).sum()) * SITE.grid.voxel_ml for label in (NECROSIS, OEDEMA, ENHANCING)}
    assert volumes[NECROSIS] + volumes[ENHANCING] == pytest.approx(25, rel=0.02)
    assert volumes[OEDEMA] == pytest.approx(35, rel=0.02)
    assert volumes[NECROSIS] == pytest.approx(5, rel=0.05)


def test_grain_changes_a_part_s_pattern_and_not_its_histogram(head: Head) -> None:
    site = replace(SITE, bias=0.0)
    fine, coarse = (
        scan(head, "t1c", site, replace(GLIOMA, grain_mm={"t1c": grain}), np.random.default_rng(2))[0]
        for grain in (1.3, 6.0)
    )
    part = head.still == ENHANCING
    assert np.abs(np.sort(fine[part]) - np.sort(coarse[part])).max() <= 1
    both = part[:, :, 1:] & part[:, :, :-1]
    steps = [float(np.abs(np.diff(image.astype(float), axis=2))[both].mean()) for image in (fine, coarse)]
    assert steps[0] > 1.5 * steps[1]


def test_a_moved_scan_shows_what_lies_at_the_points_that_the_motion_tells(head: Head) -> None:
    """The middle of the tumour on the moved scan, put through the motion, is its middle on the still one."""
    motion = Rigid.of((3.0, -2.0, 3.5), (4.0, -3.0, 5.0))
    _, labels = scan(head, "flair", SITE, GLIOMA, np.random.default_rng(3), motion)
    z, y, x = SITE.grid.axes()
    middles = []
    for found in (labels, head.still):
        core = (found == ENHANCING) | (found == NECROSIS)
        middles.append(np.array([np.broadcast_to(axis, core.shape)[core].mean() for axis in (x, y, z)]))
    assert np.linalg.norm(motion.matrix @ middles[0] + motion.shift_mm - middles[1]) < 0.5
    assert np.linalg.norm(middles[0] - middles[1]) > 3


@pytest.mark.slow
def test_centre_b_tells_its_motions_and_some_patients_lack_a_sequence_or_necrosis(tmp_path: Path) -> None:
    found = Brain(patients_per_centre=4, seed=2)
    folder = found.write(tmp_path, None).parent
    people = list(csv.DictReader((folder / "truth" / "patients.csv").read_text("utf-8").splitlines()))
    for one in people:
        moved = [float(one[f"flair_shift_{axis}_mm"] or 0) for axis in "xyz"]
        assert any(moved) == (one["centre"] == "B")
        there = {path.name.partition(".")[0] for path in (folder / one["centre"] / one["patient"]).iterdir()}
        assert {"t1", "t1c", "t2", "flair", "adc", "seg"} - there == ({one["lacks"]} if one["lacks"] else set())
        labels = np.asarray(nibabel.load(folder / one["centre"] / one["patient"] / "seg.nii.gz").dataobj)
        assert (NECROSIS in labels) == (float(one["necrosis"]) > 0)
    assert {bool(one["lacks"]) for one in people} == {True, False}
    assert {float(one["necrosis"]) > 0 for one in people} == {True, False}
