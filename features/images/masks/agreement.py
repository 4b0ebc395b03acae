"""agree: how well two masks of one image agree, by overlap, by distance of their surfaces, and by volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import nan

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.column import Column
from features.core.region import Vector

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
PERCENT = 95.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two masks. Distances are NaN where one of them is empty; Dice is 0 then, and NaN where both are.

    dice: twice the voxels that both have, by the voxels of both. hausdorff95_mm: the higher of the two 95th percentiles of
    the distances from one surface to the other. surface_mm: mean of the distances both ways.
    """

    dice: float
    hausdorff95_mm: float
    surface_mm: float
    one_ml: float
    other_ml: float


FIGURES = (
    ("dice", "Dice coefficient", ""),
    ("hausdorff95", "Higher of the two 95th percentiles of the distances between their surfaces", "mm"),
    ("surface", "Mean distance between their surfaces, both ways", "mm"),
)


def agreement_columns(readers: Sequence[str]) -> tuple[Column, ...]:
    """The facts of a consensus of these readers: how they agree, all together and each with each other."""
    columns = [
        Column("readers", "float64", "Number of readers whose masks the consensus is made of", role="fact"),
        Column("dice_mean", "float64", "Mean Dice coefficient of the pairs of readers", role="fact"),
        Column("dice_lowest", "float64", "Lowest Dice coefficient of a pair of readers", role="fact"),
        Column(
            "hausdorff95_highest_mm",
            "float64",
            "Highest 95th percentile of the distances between the surfaces of two readers",
            role="fact",
            unit="mm",
        ),
    ]
    for one in readers:
        what = f"Volume of the mask of the reader {one}, voxels counted"
        columns.append(Column(volume_column(one), "float64", what, role="fact", unit="ml"))
    for one, other in combinations(readers, 2):
        for figure, meaning, unit in FIGURES:
            what = f"{meaning}: of the readers {one} and {other}"
            columns.append(Column(pair_column(figure, one, other), "float64", what, role="fact", unit=unit))
    return tuple(columns)


def pair_column(figure: str, one: str, other: str) -> str:
    """The name of the fact of two readers, in the order in which the catalog names them; figure: one of FIGURES.

    >>> pair_column("surface", "anna", "ben")
    'surface_anna_and_ben_mm'
    """
    return f"{figure}_{one}_and_{other}" + ("" if figure == "dice" else "_mm")


def volume_column(reader: str) -> str:
    """The name of the fact that is the volume of a reader's mask."""
    return f"volume_by_{reader}_ml"


def agreement_facts(masks: Mapping[str, Mask], spacing_mm: Vector) -> dict[str, float | str]:
    """What `agreement_columns` are filled with, of the readers who have masks, in the order of the catalog."""
    pairs = agree_pairs(masks, spacing_mm)
    facts: dict[str, float | str] = {"readers": float(len(masks)), **summary(pairs)}
    for pair in pairs:
        of = pair.one, pair.other
        facts[volume_column(pair.one)], facts[volume_column(pair.other)] = (
            pair.agreement.one_ml,
            pair.agreement.other_ml,
        )
        facts[pair_column("dice", *of)] = pair.agreement.dice
        facts[pair_column("hausdorff95", *of)] = pair.agreement.hausdorff95_mm
        facts[pair_column("surface", *of)] = pair.agreement.surface_mm
    return facts


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Of two readers of one region."""

    one: str
    other: str
    agreement: Agreement


def agree(one: Mask, other: Mask, spacing_mm: Vector) -> Agreement:
    """The agreement of two masks (z, y, x) on one grid; spacing is (x, y, z).

    A surface is the faces between voxels inside and outside, the border of the image among them; each face counts by its
    area and lies at its centre. Along an axis of one voxel there are none, so that contours are measured there.
    (Nikolov et al., J Med Internet Res 2021;23:e26151; percentiles by area. Metrics: Taha & Hanbury, BMC Med Imaging
    2015;15:29.)
    """
    sizes = int(np.count_nonzero(one)), int(np.count_nonzero(other))
    voxel_ml = float(np.prod(spacing_mm)) / 1000.0
    volumes = sizes[0] * voxel_ml, sizes[1] * voxel_ml
    if not all(sizes):
        return Agreement(0.0 if any(sizes) else nan, nan, nan, *volumes)
    box = bounding_box(one | other)
    cut = one[box], other[box]
    flat = tuple(length == 1 < max(one.shape) for length in one.shape)
    common = int(np.count_nonzero(cut[0] & cut[1]))
    to_other, to_one = _distances(*cut, spacing_mm, flat)
    weights = np.concatenate([to_other.area, to_one.area])
    mean = float(np.concatenate([to_other.mm, to_one.mm]) @ weights / weights.sum())
    return Agreement(
        2 * common / sum(sizes), max(to_other.percentile(PERCENT), to_one.percentile(PERCENT)), mean, *volumes
    )


def agree_pairs(masks: Mapping[str, Mask], spacing_mm: Vector) -> tuple[PairAgreement, ...]:
    """The agreement of each pair of readers: word → mask."""
    return tuple(
        PairAgreement(one, other, agree(masks[one], masks[other], spacing_mm)) for one, other in combinations(masks, 2)
    )


def summary(pairs: Sequence[PairAgreement]) -> dict[str, float]:
    """Facts of a consensus: the mean and the lowest Dice, and the highest Hausdorff distance; NaN if no pair has one."""
    dice = [pair.agreement.dice for pair in pairs if not np.isnan(pair.agreement.dice)]
    far = [pair.agreement.hausdorff95_mm for pair in pairs if not np.isnan(pair.agreement.hausdorff95_mm)]
    return {
        "dice_mean": float(np.mean(dice)) if dice else nan,
        "dice_lowest": min(dice, default=nan),
        "hausdorff95_highest_mm": max(far, default=nan),
    }


@dataclass(frozen=True, slots=True)
class _Distances:
    """From the faces of one surface to the other surface: mm and area of each face."""

    mm: Floats
    area: Floats

    def percentile(self, percent: float) -> float:
        """The distance that so many per cent of the surface do not exceed."""
        order = np.argsort(self.mm, kind="stable")
        reached = np.cumsum(self.area[order])
        place = int(np.searchsorted(reached, reached[-1] * (percent / 100) * (1 - 1e-12)))
        return float(self.mm[order[place]])


def _distances(one: Mask, other: Mask, spacing_mm: Vector, flat: Sequence[bool]) -> tuple[_Distances, _Distances]:
    from scipy.spatial import KDTree  # takes a while to import

    surfaces = _faces(one, flat), _faces(other, flat)
    trees = [KDTree(_places(faces, spacing_mm)) for faces in surfaces]
    found = []
    for (faces, others), tree in zip((surfaces, surfaces[::-1]), trees[::-1], strict=True):
        apart = {axis: mask & ~others[axis] for axis, mask in faces.items()}
        areas = {axis: float(np.prod(spacing_mm) / spacing_mm[2 - axis]) for axis in faces}
        shared = {axis: int(np.count_nonzero(faces[axis])) - int(np.count_nonzero(apart[axis])) for axis in faces}
        mm = tree.query(_places(apart, spacing_mm))[0] if any(mask.any() for mask in apart.values()) else np.empty(0)
        area = [np.full(int(np.count_nonzero(mask)), areas[axis]) for axis, mask in apart.items()]
        common = [np.full(count, areas[axis]) for axis, count in shared.items()]
        found.append(_Distances(np.concatenate([mm, np.zeros(sum(shared.values()))]), np.concatenate([*area, *common])))
    return found[0], found[1]


def _faces(mask: Mask, flat: Sequence[bool]) -> dict[int, Mask]:
    """Axis → where a face lies between a voxel and the one before it along that axis."""
    found = {}
    for axis in range(mask.ndim):
        if not flat[axis]:
            wide = np.pad(mask, [(1, 1) if other == axis else (0, 0) for other in range(mask.ndim)])
            found[axis] = np.diff(wide, axis=axis)
    return found


def _places(faces: Mapping[int, Mask], spacing_mm: Vector) -> Floats:
    """Centres of faces in mm (n, 3), from the corner of the first voxel."""
    found = []
    for axis, mask in faces.items():
        index = np.argwhere(mask) + 0.5
        index[:, axis] -= 0.5
        found.append(index * np.array(spacing_mm[::-1]))
    return np.concatenate(found)
