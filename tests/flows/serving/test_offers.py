"""What a form tells of the cohorts of the catalog that is served."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flows.serving.offers import offer_refresh
from tests.support.catalog import catalog_of, cohort_of, file_images


def told(**cohorts: Any) -> str:
    """The description of the field of cohorts."""
    fields = {name: {"description": name} for name in ("cohorts", "recipes", "studies")}
    offer_refresh(SimpleNamespace(properties=fields), catalog_of(Path(), **cohorts))
    return str(fields["cohorts"]["description"])


def test_images_regions_and_time_points_are_told_by_name() -> None:
    mask = {"format": "nifti", "path": "{patient}/seg.nii.gz", "rois": {"tumour": [1, 4], "oedema": 2}}
    named = file_images("{patient}/{image}.nii.gz", image=["t1", "flair"], modality="MR", unit="arbitrary")
    serial = cohort_of(file_images("{patient}/{timepoint}/ct.nii.gz"), timepoints={"week": {"to": 8, "every": 7}})
    found = told(brain=cohort_of({**named, "mask": mask}), serial=serial)
    assert found == "cohorts. brain has t1, flair with tumour, oedema. serial has time points week1 … week8"


def test_of_a_cohort_without_names_nothing_is_told() -> None:
    assert told(plain=cohort_of(file_images())) == "cohorts"
