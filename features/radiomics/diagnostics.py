"""diagnose: what was measured and with what, in the words of pyradiomics where they mean the same."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.region import Region, Volume
from features.core.versions import package_versions
from features.radiomics.pair import Value
from features.radiomics.parameters import Parameters
from features.radiomics.prepare_pair import Steps

PREFIX = "diagnostics_"
PACKAGES = {"Numpy": "numpy", "Numba": "numba", "SimpleITK": "SimpleITK"}


def diagnose(image: Volume, labels: Volume, steps: Steps, parameters: Parameters, label: int) -> dict[str, Value]:
    """`diagnostics_*` of one image and label map: versions, settings, hashes, grids, ROI after each step.

    Hashes are SHA-1 of the voxels, those of masks as 32-bit labels, as in pyradiomics.
    """
    found: dict[str, Value] = {"Versions_Radweave": package_versions()["radweave"]}
    found |= {f"Versions_{name}": version(package) for name, package in PACKAGES.items()}
    found["Versions_Python"] = platform.python_version()
    found["Configuration_Settings"] = str({**parameters.settings, "label": label})
    found["Configuration_EnabledImageTypes"] = str(dict(parameters.image_types))
    found["Image-original_Hash"] = _sha1(image.array)
    found["Image-original_Dimensionality"] = "2D" if image.plane else "3D"
    found |= _of_image(image, "original")
    original = steps.regions["original"]
    found["Mask-original_Hash"] = _sha1(labels.array, np.uint32)
    found |= _of_mask(original, "original")
    for step, region in steps.regions.items():
        if step == "interpolated":
            found |= _of_image(region.volume, step)
        if step != "original":
            found |= _of_mask(region, step) | _of_values(region, step)
    return {PREFIX + name: value for name, value in found.items()}


def _sha1(array: NDArray[Any], dtype: type[np.generic] | None = None) -> str:
    """Slice by slice: a whole copy of another type would be larger than the image."""
    found = hashlib.sha1(usedforsecurity=False)
    for plane in array:
        found.update(np.ascontiguousarray(plane, dtype).data)
    return found.hexdigest()


def _of_image(image: Volume, step: str) -> dict[str, Value]:
    array: NDArray[Any] = image.array
    axes = 2 if image.plane else 3
    return {
        f"Image-{step}_Spacing": tuple(image.spacing_mm[:axes]),
        f"Image-{step}_Size": tuple(array.shape[::-1][:axes]),
        f"Image-{step}_Mean": float(np.mean(array, dtype=np.float64)),
        f"Image-{step}_Minimum": float(np.min(array)),
        f"Image-{step}_Maximum": float(np.max(array)),
    }


def _of_mask(region: Region, step: str) -> dict[str, Value]:
    """The box as (x, y, z, length, length, length), parts (26 neighbours), centre of mass as index and in mm; without z for
    files of two axes."""
    from scipy import ndimage

    box = bounding_box(region.mask, region.within)
    inside = region.mask[box]
    start, length = [axis.start for axis in box[::-1]], [axis.stop - axis.start for axis in box[::-1]]
    centre = np.mean(np.nonzero(inside), axis=1)[::-1] + start
    axes = np.array(region.volume.direction).reshape(3, 3) * np.array(region.volume.spacing_mm)
    place = axes @ centre + np.array(region.volume.origin_mm)
    n = 2 if region.volume.plane else 3
    return {
        f"Mask-{step}_Spacing": tuple(region.volume.spacing_mm[:n]),
        f"Mask-{step}_Size": tuple(region.mask.shape[::-1][:n]),
        f"Mask-{step}_BoundingBox": (*start[:n], *length[:n]),
        f"Mask-{step}_VoxelNum": int(np.count_nonzero(inside)),
        f"Mask-{step}_VolumeNum": int(ndimage.label(inside, np.ones((3, 3, 3)))[1]),
        f"Mask-{step}_CenterOfMassIndex": tuple(map(float, centre[:n])),
        f"Mask-{step}_CenterOfMass": tuple(map(float, place[:n])),
    }


def _of_values(region: Region, step: str) -> dict[str, Value]:
    values = region.values.astype(np.float64)
    return {
        f"Mask-{step}_Mean": float(values.mean()),
        f"Mask-{step}_Minimum": float(values.min()),
        f"Mask-{step}_Maximum": float(values.max()),
    }
