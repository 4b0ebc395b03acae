"""One image under two patients, on the user's way: told by the refresh, one group in the folds, named by the report."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.images.dicom.series import read_dicom_series
from features.images.masks.rtstruct import read_rtstruct_mask
from features.results.manifest import Mart

pytestmark = pytest.mark.slow
STUDY = """\
title: Response by radiomics
catalog: {catalog}
cohorts: [builtin]
endpoint: response
recipes: [ct_lung]
blocks: {{radiomics: [radiomics]}}
models: [lasso_logistic]
splits: [centre_out]
"""


def write_turned(path: Path, array: np.ndarray, spacing_mm: tuple[float, ...]) -> None:
    """NIfTI of an image (z, y, x) whose axes are exchanged and flipped, in a place of its own."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing_mm)
    sitk.WriteImage(sitk.Flip(sitk.PermuteAxes(image, (2, 0, 1)), (True, False, True)), str(path))


def test_two_readers_of_one_image_under_two_patients_and_in_two_formats(demo, inside, tmp_path: Path) -> None:
    """DICOM with RTSTRUCT in one centre; in another one NIfTI, turned, in doubles, with a wider contour."""
    catalog, store = demo.copy_cohort(tmp_path), demo.copy(tmp_path)
    first = min((catalog.parent / "A" / "dicom").iterdir()) / "baseline"
    image = read_dicom_series(sorted((first / "CT").iterdir()), unit="HU")
    mask, _ = read_rtstruct_mask(first / "RTSTRUCT.dcm", image, "GTV.*")
    second = min(path for path in (catalog.parent / "C").iterdir() if path.is_dir()) / "baseline"
    write_turned(second / "CT.nii.gz", image.array.astype(np.float64), image.spacing_mm)
    write_turned(second / "GTV.nii.gz", ndimage.binary_dilation(mask, iterations=2).astype(np.uint8), image.spacing_mm)
    study = tmp_path / "readers.yaml"
    study.write_text(STUDY.format(catalog=catalog))
    inside("refresh", "--all", "--catalog", catalog, "--store", store)
    inside("study", study, "--catalog", catalog, "--store", store)

    mart = Mart.open(Store(store))
    told = [row for row in mart.read("warnings", "builtin").to_pylist() if row["code"] == "IMAGE_COPY"]
    assert sorted(row["centre"] for row in told) == ["A", "C"]
    assert {row["message"] for row in told} == {
        "the voxels of an image are those of another patient: one of them may be a copy"
    }
    region = mart.read("region", "builtin").to_pandas().set_index("case").loc[[row["case"] for row in told]]
    assert region["region__ct__voxels"].nunique() == 2  # the contours differ, and the axes
    assert region["region__ct__size_x"].nunique() == 2
    assert region["region__ct__image_mean"].nunique() == 1
    run = next((store / "studies" / "readers").iterdir())
    copies = read_table(run / "copies.parquet").to_pydict()
    assert set(copies["case"]) == {":".join(row["case"].split(":")[:2]) for row in told}
    assert (set(copies["alike"]), set(copies["joined"])) == ({"the voxels of an image (CT)"}, {True})
    group = read_table(run / "design.parquet").to_pandas().set_index("case")["group"]
    assert group[[row["case"] for row in told]].nunique() == 1 == len(group) - group.nunique()
    assert "the voxels of an image (CT)" in (run / "report.html").read_text()
