"""Cases of several regions, readers or images in files: change what is in memory, then write it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.corpus.study import ORIGIN_MM, SPACING_MM, NiftiPair, Pair, body, nifti_image, nrrd_bytes, roi_mask
from tests.support.scans import save_itk, save_nifti

REGIONS = {"tumour": 1, "node": 2}
READERS = ("anna", "ben", "cora")


def regions_map() -> NDArray[np.uint8]:
    """The ROI as 1, and beside it a smaller one as 2."""
    labels = roi_mask().astype(np.uint8)
    labels[2:6, 6:12, 15:18] = 2
    return labels


def regions_pair(patient: str, seed: int = 0) -> NiftiPair:
    """The CT and a label map of two regions."""
    return NiftiPair(patient, nifti_image(body(seed)), nifti_image(regions_map()))


def layers_pair(patient: str, seed: int = 0) -> Pair:
    """The CT and two regions in layers of their own."""
    return Pair(patient, {"image.nrrd": nrrd_bytes(body(seed)), "mask.nrrd": layers_bytes(regions_map())})


def layers_bytes(labels: NDArray[np.uint8], *, second_from: int = 15) -> bytes:
    """A label map of two regions as NRRD of two layers; the second region begins at that place along x."""
    second = labels == 2
    second[2:6, 6:12, second_from:18] = True
    layers = np.stack([labels == 1, second * 2], axis=-1).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = save_itk(Path(folder) / "mask.nrrd", layers, spacing=SPACING_MM, origin=ORIGIN_MM, vector=True)
        return path.read_bytes()


@dataclass
class Files:
    """Files of a case: name → array (z, y, x), written as NIfTI."""

    patient: str
    arrays: dict[str, NDArray[np.generic]]

    def write(self, folder: Path) -> None:
        """One file for each array."""
        for name, array in self.arrays.items():
            image = nifti_image(array)
            save_nifti(folder / f"{name}.nii.gz", np.asarray(image.dataobj), image.affine, edit=_in_mm)


def readers_case(patient: str, seed: int = 0) -> Files:
    """The CT and the masks of three readers, who agree."""
    mask = roi_mask().astype(np.uint8)
    return Files(patient, {"image": body(seed), **dict.fromkeys(READERS, mask)})


def words_case(patient: str, seed: int = 0) -> Files:
    """Two images and the mask that serves both."""
    images = {"native": body(seed), "venous": body(seed + 1)}
    return Files(patient, {**images, "mask": roi_mask().astype(np.uint8)})


def _in_mm(image: object) -> None:
    image.header.set_xyzt_units("mm")  # type: ignore[attr-defined]
