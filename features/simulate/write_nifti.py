"""NIfTI: arrays as gzipped volumes with one geometry in sform and qform."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.simulate.anatomy import Phantom
from features.simulate.grid import Grid


def write_nifti(folder: Path, phantom: Phantom) -> None:
    """Write CT.nii.gz (int16, HU) and GTV.nii.gz (uint8, 1 in the tumour) into a new folder; units mm, axes x, y, z."""
    folder.mkdir(parents=True)
    write_volume(folder / "CT.nii.gz", phantom.hu, phantom.grid)
    write_label_map(folder / "GTV.nii.gz", phantom)


def write_label_map(path: Path, phantom: Phantom) -> None:
    """Write the tumour (uint8, 1 inside) on the phantom's grid."""
    write_volume(path, phantom.tumour.astype(np.uint8), phantom.grid)


def write_volume(path: Path, array: NDArray[Any], grid: Grid) -> None:
    """Write an array (z, y, x) of the grid's shape; its type is the file's. The folder must be there."""
    import nibabel

    flip = np.array([-1.0, -1.0, 1.0])  # DICOM counts towards left and posterior, NIfTI towards right and anterior
    affine = np.eye(4)
    affine[:3, :3] = np.diag(flip * grid.spacing_mm)
    affine[:3, 3] = flip * grid.origin_mm
    build: Any = nibabel.Nifti1Image  # nibabel has no types
    image = build(np.ascontiguousarray(array.transpose(2, 1, 0)), affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=4, mtime=0))
