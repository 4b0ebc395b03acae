"""Catalogs of a cohort or several, with all that a catalog has to hold: say what a test is about, and leave the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from features.core.catalog.catalog import Catalog


def dicom_images(path: str = "dicom", **changes: Any) -> dict[str, Any]:
    """DICOM images of a cohort: CT of centre A with contours of the ROI GTV; changes are keys of the source."""
    mask = {"format": "rtstruct", "roi": "GTV"}
    return {"format": "dicom", "centre": "A", "modality": "CT", "unit": "HU", "path": path, "mask": mask, **changes}


def file_images(
    path: str = "{patient}/image.nii.gz", mask: str = "{patient}/mask.nii.gz", *, form: str = "nifti", **changes: Any
) -> dict[str, Any]:
    """Images of a cohort in files with label maps: CT of centre A in NIfTI; changes are keys of the source."""
    own = {"format": form, "path": mask}
    return {"format": form, "centre": "A", "modality": "CT", "unit": "HU", "path": path, "mask": own, **changes}


def cohort_of(*images: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """A cohort of centre A whose files lie beside the catalog; settings are its further keys, or other values."""
    return {"title": "Demo", "licence": "CC0", "root": ".", "centres": {"A": {}}, "images": list(images), **settings}


def catalog_of(folder: Path, **cohorts: dict[str, Any]) -> Catalog:
    """A catalog of cohorts by name, as if it stood in `folder`."""
    return Catalog.model_validate({"version": 1, "cohorts": cohorts, "folder": folder})


def write_catalog(folder: Path, **cohorts: dict[str, Any]) -> Path:
    """The file `data_catalog.yaml` in `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "data_catalog.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "cohorts": cohorts}, sort_keys=False))
    return path
