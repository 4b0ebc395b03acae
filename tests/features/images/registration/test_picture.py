"""Pictures of registered pairs: what stands where, equal for equal images, nothing where a patient could be told."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from features.core.case import CaseId, DrawnOn, Scan
from features.core.quarantine import Warned
from features.core.region import Volume
from features.core.registration import Registration
from features.core.storage.store import Store
from features.images.reading import Reading
from features.images.registration.picture import EDGES, GAP, ROI, SIDE, draw_pair
from features.images.registration.registered import Registered
from features.images.registration.transform import Transform
from features.results.pair_picture import PAIR_PICTURE, keep_pair_picture, load_pair_picture
from features.results.work import check_of
from tests.support.scans import nifti_files

SHAPE = (40, 50, 60)
Z, Y, X = np.indices(SHAPE) * 2.0
HEAD = np.hypot(np.hypot(X - 60, Y - 50), Z - 40) < 34
LESION = np.hypot(np.hypot(X - 74, Y - 46), Z - 44) < 8
FIXED = Volume((HEAD * 100.0 + LESION * 80.0).astype(np.float32), (2.0, 2.0, 2.0))
MOVING = replace(FIXED, origin_mm=(24.0, 0.0, 0.0))
BACK = Transform(offset_mm=(-24.0, 0.0, 0.0))


def panels(png: bytes) -> list[list[Any]]:
    """The palette indices of the panels, rows of three."""
    found = np.array(Image.open(io.BytesIO(png)))
    step = SIDE + GAP
    return [[found[j * step : j * step + SIDE, i * step : i * step + SIDE] for i in range(3)] for j in range(2)]


def test_edges_of_the_fixed_image_lie_on_the_moving_one_only_after_registration() -> None:
    for fixed, before, after in panels(draw_pair(MOVING, FIXED, LESION, BACK)):
        assert (fixed == ROI).any() and not (fixed == EDGES).any()
        edges = after == EDGES
        np.testing.assert_array_equal(before == EDGES, edges)
        beside = [np.ptp([np.roll(panel, way, 1)[edges] for way in (-3, 3)], axis=0) for panel in (before, after)]
        assert np.median(beside[1]) > np.median(beside[0])  # bright on one side of the edge, dark on the other
        np.testing.assert_array_equal(fixed == ROI, after == ROI)


def test_the_patient_is_seen_from_below_and_from_the_front() -> None:
    axial, coronal = (row[0] for row in panels(draw_pair(FIXED, FIXED, LESION, Transform())))
    for panel, is_above in ((axial, True), (coronal, True)):
        rows, columns = np.nonzero(panel == ROI)
        head_rows, head_columns = np.nonzero(panel > 0)
        assert columns.mean() > head_columns.mean(), "the patient's left is on the right"
        assert (rows.mean() < head_rows.mean()) == is_above


def test_equal_images_give_equal_bytes_whatever_way_their_axes_run() -> None:
    first = draw_pair(MOVING, FIXED, LESION, BACK)
    assert draw_pair(MOVING, FIXED, LESION, BACK) == first
    x, y, z = ((np.array(SHAPE[::-1]) - 1) * 2.0).tolist()
    turned = replace(
        FIXED,
        array=FIXED.array[::-1, ::-1, ::-1].copy(),
        origin_mm=(x, y, z),
        direction=(-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0),
    )
    other = draw_pair(MOVING, turned, LESION[::-1, ::-1, ::-1], BACK)
    same = [
        np.mean(a == b)
        for one, two in zip(panels(first), panels(other), strict=True)
        for a, b in zip(one, two, strict=True)
    ]
    assert min(same) > 0.95


class Known:
    """Registrations that need not be searched."""

    def get(self, *_: object) -> Registered:
        return Registered(Transform(), 1.0, 1.0, 1.0, (60.0, 50.0, 40.0), 0.0, 0.0, (1.0, 1.0, 1.0), 0.0, 1, True)


@pytest.mark.parametrize("code", ["", "PHI_FACE"])
def test_nothing_is_drawn_where_an_image_may_show_who_the_patient_is(
    tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    affine = np.diag([-2.0, -2.0, 2.0, 1.0])
    t1c, mask = (
        nifti_files(tmp_path / f"{name}.nii.gz", array.transpose(2, 1, 0), affine)
        for name, array in (("t1c", FIXED.array), ("seg", LESION.astype(np.uint8)))
    )
    flair = nifti_files(tmp_path / "flair.nii.gz", 2 * FIXED.array.transpose(2, 1, 0), affine)
    drawn = DrawnOn("t1c", t1c, "arbitrary", registration=Registration(to="t1c"))
    scan = Scan(
        CaseId("d", "p"),
        "A",
        "MR",
        "arbitrary",
        flair,
        mask,
        "1",
        image_name="flair",
        roi_name="lesion",
        drawn_on=drawn,
    )
    store, reading = Store(tmp_path / "store"), Reading(Known())
    if code:
        read = Reading.image
        monkeypatch.setattr(Reading, "image", lambda self, one: replace(read(self, one), warnings=(Warned(code),)))
    address = keep_pair_picture(check_of(scan), reading, store, set())
    assert address
    assert bool(load_pair_picture(store, check_of(scan).address)) == (not code)
    keep_pair_picture(check_of(replace(scan, roi="2")), reading, store, {address})
    assert len(store.results().get(PAIR_PICTURE, ())) == (not code), "a pair is drawn once"
    plain = replace(scan, drawn_on=None)
    assert keep_pair_picture(check_of(plain), reading, store, set()) == ""
