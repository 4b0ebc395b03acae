"""Public DICOM sets are cohorts as they were downloaded: packed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from features.images.formats.nifti import read_nifti
from features.images.index.index_cohort import index_cohort
from features.images.region import check_region, read_region
from tests.corpus.outcomes import KEY
from tests.support.catalog import catalog_of, cohort_of, dicom_images

SETS = {
    "ibsi1-ct-phantom/dicom.tar.gz": ("CT", "HU", {"format": "rtstruct", "roi": "GTV-1"}, 125_256),
    "dicomseg-qin-prostate/QIN-PROSTATE-001.tar.gz": ("MR", "arbitrary", {"format": "seg", "roi": "Prostate"}, 15_306),
}


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("archive", SETS)
def test_a_packed_public_set_is_a_cohort(archive: str, public_data: Path, tmp_path: Path) -> None:
    if not (public_data / archive).is_file():
        pytest.skip(f"the public data hold no {archive}; set RADWEAVE_DATA")
    modality, unit, mask, voxels = SETS[archive]
    (tmp_path / "packed").mkdir()
    shutil.copy(public_data / archive, tmp_path / "packed")
    catalog = catalog_of(tmp_path, packed=cohort_of(dicom_images("packed", modality=modality, unit=unit, mask=mask)))
    index = index_cohort(catalog, "packed", KEY)
    assert index.quarantined == ()
    (scan,) = index.scans
    region = read_region(scan)
    assert check_region(region).facts["voxels"] == voxels
    if modality == "CT":
        reference = read_nifti(public_data / "ibsi1-ct-phantom" / "nifti" / "mask.nii.gz")
        np.testing.assert_array_equal(region.mask, reference.array == 1)
