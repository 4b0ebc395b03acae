"""feature_maps: features of the surroundings of every voxel, as images for a look; pyradiomics' voxel-based mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.errors import RadweaveError, hint_sentence
from features.core.kinds.filter import Source
from features.core.progress import tell
from features.core.quarantine import Rejected
from features.core.region import Box, Region
from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.dialects.roi import Roi
from features.radiomics.dialects.settings import Settings
from features.radiomics.plan import ImageType, Plan
from features.radiomics.voxelwise.compute import KERNELS, Wanted, compute_voxels
from features.radiomics.voxelwise.window import Window

Families = Mapping[str, tuple[str, ...] | None]


@dataclass(frozen=True, eq=False)
class Maps(Mapping[str, NDArray[np.float64]]):
    """Maps by name: float64 (z, y, x) on the grid of `mask`, each made when it is asked for.

    of_voxels: those of the mask's voxels in the order of the array, by name; outside: what all others have.
    """

    mask: NDArray[np.bool_]
    of_voxels: Mapping[str, NDArray[np.float64]]
    outside: float = 0.0

    def within(self, box: Box) -> Maps:
        """The same on the grid of a box that holds the whole ROI."""
        return Maps(self.mask[box], self.of_voxels, self.outside)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        found = np.full(self.mask.shape, self.outside)
        found[self.mask] = self.of_voxels[name]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.of_voxels)

    def __len__(self) -> int:
        return len(self.of_voxels)


def feature_maps(
    region: Region,
    families: Families,
    settings: Settings,
    window: Window | None = None,
    *,
    outside: float = 0.0,
) -> Maps:
    """`family_Feature` → the feature of what lies round each voxel of the ROI, of the region's image.

    families: names of families with the names of their features, or None for all but deprecated ones. Grey levels are those
    of the whole ROI. Values outside the ROI are `outside` (pyradiomics: initValue); NaN where a feature is undefined, as of
    surroundings of one grey level. Memory: eight bytes a voxel of the ROI and feature, and a few grids of the ROI's box.

    Raises RadweaveError if there is no such family or feature, or the family is of the shape; Rejected(TOO_MANY_BINS), and
    NAN_IN_ROI where what is measured is not finite.
    """
    image_type = ImageType(None, settings)
    ((_, maps),) = maps_of(region, image_type, features_of(families), window or Window(), outside=outside)
    return maps


def maps_of(
    region: Region,
    image_type: ImageType,
    wanted: Wanted,
    window: Window,
    *,
    outside: float = 0.0,
    add: Callable[[int], object] = lambda voxels: None,  # noqa: ARG005
) -> Iterator[tuple[str, Maps]]:
    """Names of the images of a type, such as `wavelet-LLH`, each with its maps. Raises Rejected as the filter besides."""
    settings, spacing_mm = image_type.settings, region.volume.spacing_mm
    box = _box(region, window)
    source = Source(region.volume.array, spacing_mm, box, flat=bool(region.volume.plane))
    single = image_type.single(source.image.dtype)
    centres = np.ascontiguousarray(region.mask[box])
    for name, image in image_type.derive(source):
        measured = centres if window.masked else np.ones_like(centres)
        roi = Roi(image, measured, spacing_mm, settings, single=single)
        yield name, Maps(region.mask, compute_voxels(roi, centres, wanted, window, add), outside)


def map_region(
    region: Region, plan: Plan, window: Window, *, outside: float = 0.0
) -> Iterator[tuple[str, Maps | Rejected]]:
    """Names of the images of a plan, each with its maps, or why it has none (FILTER_SIZE, TOO_MANY_BINS, NAN_IN_ROI).

    The region's pixels are as they are to be measured. Families of shape have no maps and are left out. Progress is told
    in voxels, of all images.
    """
    wanted = features_of({kind: names for kind, names in plan.families.items() if kind in KERNELS})
    voxels = int(np.count_nonzero(region.mask))
    images, done = sum(len(one.names()) for one in plan.images), 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        tell("voxels", done, voxels * images)

    for image_type in plan.images:
        left = image_type.names()
        try:
            for name, maps in maps_of(region, image_type, wanted, window, outside=outside, add=add):
                left.remove(name)
                yield name, maps
        except Rejected as rejected:
            for name in left:
                add(voxels)
                yield name, rejected


def names_of_maps(plan: Plan) -> list[str]:
    """What `map_region` gives: `image_family_Feature`, in its order."""
    wanted = features_of({kind: names for kind, names in plan.families.items() if kind in KERNELS})
    images = [name for one in plan.images for name in one.names()]
    return [f"{image}_{kind}_{name}" for image in images for kind, names in wanted.items() for name in names]


def parse_features(asked: Iterable[str]) -> dict[str, tuple[str, ...] | None]:
    """Families and features by their names: `glcm_Contrast`, also as `original_glcm_Contrast`; `glcm`; `all`.

    >>> parse_features(["glcm_Contrast", "ngtdm", "glcm_Id"])
    {'glcm': ('Contrast', 'Id'), 'ngtdm': None}

    Raises RadweaveError if there is no such family or feature.
    """
    found: dict[str, tuple[str, ...] | None] = {}
    for one in asked:
        kind, _, name = one.removeprefix("original_").partition("_")
        if one == "all":
            found |= dict.fromkeys(KERNELS)
        elif not name:
            found[kind] = None
        elif (known := found.setdefault(kind, ())) is not None:
            found[kind] = known if name in known else (*known, name)
    features_of(found)
    return found


def features_of(families: Families) -> Wanted:
    """Names of features by family. Raises RadweaveError if there is no such family or feature."""
    return {kind: _features(kind, wanted) for kind, wanted in families.items()}


def _box(region: Region, window: Window) -> Box:
    """The ROI's box; with the surroundings, where they are measured."""
    box = bounding_box(region.mask, region.within)
    if window.masked:
        return box
    ends = zip(box, region.mask.shape, strict=True)
    z, y, x = (slice(max(at.start - window.radius, 0), min(at.stop + window.radius, size)) for at, size in ends)
    return z, y, x


def _features(kind: str, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    if kind not in KERNELS:
        hint = hint_sentence(kind, list(KERNELS))
        raise RadweaveError(f'there are no maps of "{kind}"; allowed: {", ".join(KERNELS)}. {hint}'.strip())
    features = FEATURES[kind]
    known = [feature.name for feature in features]
    for name in wanted or ():
        if name not in known:
            hint = hint_sentence(name, known)
            raise RadweaveError(f'{kind} has no feature "{name}"; it has {", ".join(known)}. {hint}'.strip())
    return tuple(feature.name for feature in features if not feature.deprecated) if wanted is None else wanted
