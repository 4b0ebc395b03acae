"""ROIs that may not overlap know each other, in DICOM as in files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.core.case import Scan
from features.core.quarantine import Rejected
from features.images.index.index_cohort import index_cohort
from features.images.reading import Reading
from features.images.region import read_region
from features.results.work import check_of
from tests.support.catalog import dicom_images, file_images
from tests.support.scans import save_itk, save_rtstruct, save_series, square


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


def test_regions_in_files_of_their_own_that_share_voxels_are_refused_by_name(tmp_path: Path, catalog: Callable) -> None:
    masks = {"tumour": (2, 7), "node": (6, 11), "liver": (8, 12)}
    save_itk(tmp_path / "data/P1/ct.nii", np.random.default_rng(0).integers(-50, 90, (8, 14, 14)).astype(np.int16))
    for word, (start, stop) in masks.items():
        array = np.zeros((8, 14, 14), np.uint8)
        array[2:7, 2:7, start:stop] = 1
        save_itk(tmp_path / f"data/P1/{word}.nii", array)

    def indexed(overlap: str) -> tuple[Scan, ...]:
        sources = [
            {
                **file_images("{patient}/ct.nii"),
                "mask": {"format": "nifti", "path": f"{{patient}}/{word}.nii", "rois": {word: 1}, "overlap": overlap},
            }
            for word in masks
        ]
        return index_cohort(catalog(*sources), "demo", b"k" * 32).scans

    reading, found = Reading(), {one.roi_name: one for one in indexed("reject")}
    for word, other in (("tumour", "node"), ("node", "(tumour|liver)"), ("liver", "node")):
        with pytest.raises(Rejected, match=f'ROI_OVERLAP: the regions "{word}" and "{other}" overlap'):
            read_region(found[word], reading)
    free = {one.roi_name: one for one in indexed("allow")}
    assert all(read_region(one).mask.any() and not one.apart_masks for one in free.values())
    assert check_of(free["liver"]).address != check_of(found["liver"]).address
