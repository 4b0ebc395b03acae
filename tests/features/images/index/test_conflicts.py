"""ROIs of one mask that may not overlap know each other, in DICOM as in files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.core.quarantine import Rejected
from features.images.index.index_cohort import index_cohort
from features.images.region import read_region
from tests.support.catalog import dicom_images
from tests.support.scans import save_rtstruct, save_series, square


def test_contours_that_share_voxels_are_refused_by_name(tmp_path: Path, catalog: Callable) -> None:
    folder = tmp_path / "data" / "dicom"
    images = save_series(folder, np.random.default_rng(0).integers(-50, 90, (8, 16, 16)))[1]
    boxes = {"tumour": (-6.4, 0.6), "node": (-0.4, 6.6), "liver": (2.6, 6.6)}
    contours = {name: [square(x0, -6.4, x1, 0.6, 2.5 * k) for k in range(1, 6)] for name, (x0, x1) in boxes.items()}
    save_rtstruct(folder, images, list(contours.items()))
    words = {"tumour": "tumour", "node": "node", "liver": "liver"}
    mask = {"format": "rtstruct", "rois": words, "overlap": "reject"}
    found = index_cohort(catalog(dicom_images(mask=mask)), "demo", b"k" * 32)
    assert {one.roi_name: [word for word, _ in one.apart] for one in found.scans} == {
        "liver": ["tumour", "node"],
        "node": ["tumour", "liver"],
        "tumour": ["node", "liver"],
    }
    for one in found.scans:
        with pytest.raises(Rejected, match='ROI_OVERLAP: the regions .*"node".* overlap, and the catalog says'):
            read_region(one)
    allowed = index_cohort(catalog(dicom_images(mask={**mask, "overlap": "allow"})), "demo", b"k" * 32)
    assert [int(read_region(one).mask.sum()) > 0 for one in allowed.scans] == [True] * 3
