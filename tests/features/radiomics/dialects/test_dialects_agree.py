"""The two dialects beside one another: what carries one IBSI code is one number, and where it is not, the reason stands here.

Codes and definitions: Zwanenburg et al., IBSI reference manual (arXiv:1612.07003). pyradiomics: its documentation of
features, https://pyradiomics.readthedocs.io/en/latest/features.html.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.core.kinds.preparation import FixedBinCount, FixedBinWidth
from features.core.region import Region, Volume
from features.radiomics.dialects import ibsi, pyradiomics
from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.settings import IbsiSettings, Settings
from features.radiomics.engine import compute_features
from features.radiomics.ibsi_features import compute_ibsi_features
from features.radiomics.plan import ImageType, Plan

SPACING = (0.7, 0.9, 2.0)
WIDTH = 12.0
IVH = FixedBinCount(bin_count=10)
CODED = {
    feature.ibsi: f"{family}_{feature.name}"
    for family, features in pyradiomics.FEATURES.items()
    for feature in features
    if feature.ibsi
}
# The aggregations that a way of pyradiomics to treat directions is.
WAYS: Mapping[str, tuple[Mapping[str, object], tuple[Aggregation, ...]]] = {
    "averaged": ({}, ("3D:avg", "3D")),
    "merged": ({"weighting": "no_weighting"}, ("3D:mrg", "3D")),
    "within slices": ({"flat": True}, ("2.5D:avg", "2.5D")),
}
MESH = (
    "where voxels touch at an edge alone IBSI's mesh is closed and keeps them apart; pyradiomics' table of marching cubes "
    "leaves gaps at some of these edges"
)
LONE = "a voxel without a neighbour does not count in IBSI; in pyradiomics it does, with no difference"
LINES = "IBSI averages over all 13 directions; pyradiomics leaves out those along which no line has two voxels"
NO_SPREAD = (
    "of a direction whose pairs are of one level correlations are undefined in IBSI, and left out; in pyradiomics they are 1, "
    "and 0 that of information"
)
# Features of one code whose values part: on what, and why. Everything else agrees everywhere.
PART = {
    "touching": dict.fromkeys(("RNU0", "C0JK", "2PR5", "SKGS", "BQWJ", "KRCK", "QCFX"), MESH),
    "lone voxel": dict.fromkeys(("QCDE", "65HE", "NQ30", "HDEZ", "1X9X"), LONE),
    "one slice": dict.fromkeys(
        (
            *("22OV", "W4KF", "V3SW", "G3QZ", "HTZT", "GD3A", "IVPO", "3KUM"),
            *("R5YN", "OVBL", "W92Y", "IC23", "9ZK5", "8CE5", "SXLW", "HJ9O"),
        ),
        LINES,
    ),
    "two halves": dict.fromkeys(("NI2N", "R8DG"), NO_SPREAD),
}
# Features that mean the same and part for a reason, so that only one of the two has the code: what IBSI's value is.
OTHERWISE = {
    ("firstorder_Kurtosis", "intensity_statistics_excess_kurtosis"): ("less 3", lambda value, n: value - 3),
    **{
        (f"shape_{name}AxisLength", f"morphology_{name.lower()}_axis_length"): (
            "covariance of places by n − 1, not n",
            lambda value, n: value * math.sqrt(n / (n - 1)),
        )
        for name in ("Major", "Minor", "Least")
    },
}


def ours(region: Region, bins: Mapping[str, object], way: Mapping[str, object]) -> dict[str, float]:
    """pyradiomics' dialect: every feature by `family_Feature`, also the deprecated ones."""
    families = {
        kind: tuple(feature.name for feature in features)
        for kind, features in pyradiomics.FEATURES.items()
        if kind != "shape2D"
    }
    plan = Plan(images=(ImageType(None, Settings.model_validate({**bins, **way})),), families=families)
    return {name.removeprefix("original_"): value for name, value in compute_features(region, plan).values.items()}


def compare(region: Region, way: str = "averaged", *, by_width: bool = False) -> dict[str, tuple[float, float]]:
    """Value of each code in pyradiomics' dialect and in IBSI's."""
    options, aggregations = WAYS[way]
    lowest = float(region.values.min())
    if by_width:  # pyradiomics' bins begin at multiples of their width
        found = ours(region, {"bin_width": WIDTH}, options)
        start = (lowest - lowest % WIDTH, None)
        plan = IbsiSettings(discretise=FixedBinWidth(bin_width=WIDTH), ivh=IVH, bin_range=start)
    else:
        found = ours(region, {"bin_width": None, "bin_count": 16}, options)
        plan = IbsiSettings(discretise=FixedBinCount(bin_count=16), ivh=IVH)
    values = compute_ibsi_features(region, plan, aggregations=aggregations)
    theirs = {entry.feature.ibsi: values[entry.name] for entry in ibsi.entries(aggregations=aggregations)}
    return {code: (found[name], theirs[code]) for code, name in CODED.items()}


def parted(pairs: Mapping[str, tuple[float, float]]) -> set[str]:
    """Codes whose values are not one number."""
    return {code for code, (one, other) in pairs.items() if not math.isclose(one, other, rel_tol=1e-10, abs_tol=1e-10)}


def noise(shape: tuple[int, int, int], seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(50, 30, shape)


def region_of(array: NDArray[np.float64], mask: NDArray[np.bool_] | None = None) -> Region:
    return Region(Volume(array, SPACING), np.ones(array.shape, bool) if mask is None else mask)


@st.composite
def solids(draw: st.DrawFn) -> Region:
    """A ball or a box, so that no voxel is alone and none touch across an edge only."""
    sizes = draw(st.tuples(*[st.integers(5, 9)] * 3))
    array = noise(sizes, draw(st.integers(0, 2**32 - 1)))
    grid = np.meshgrid(*(np.linspace(-1, 1, size) for size in sizes), indexing="ij")
    ball = sum(axis**2 for axis in grid) <= 1.3
    return region_of(array.round() if draw(st.booleans()) else array, ball if draw(st.booleans()) else None)


@settings(max_examples=30, deadline=None)
@given(solids(), st.sampled_from(sorted(WAYS)), st.booleans())
def test_features_of_one_code_are_one_number(region: Region, way: str, by_width: bool) -> None:
    assert parted(compare(region, way, by_width=by_width)) == set()


def test_every_feature_of_pyradiomics_with_a_code_is_one_of_ibsi_s() -> None:
    assert set(CODED) <= {feature.ibsi for features in ibsi.FEATURES.values() for feature in features}
    assert {code for parting in PART.values() for code in parting} <= set(CODED)
    assert {name.split("_")[0] for name in CODED.values()} == set(pyradiomics.FEATURES) & set(ibsi.KINDS.values())


def touching() -> Region:
    mask = np.zeros((6, 7, 8), bool)
    mask[1:3, 1:4, 1:5] = mask[3:5, 4:6, 1:5] = True
    return region_of(noise((6, 7, 8)), mask)


def lone_voxel() -> Region:
    mask = np.ones((5, 6, 9), bool)
    mask[:, :, 6:] = False
    mask[2, 2, 8] = True
    return region_of(noise((5, 6, 9)), mask)


def two_halves() -> Region:
    """Pairs along z are all of the lower level: the upper half is one voxel thick."""
    array = np.ones((2, 6, 6))
    array[:, 5] = 100.0
    mask = np.ones(array.shape, bool)
    mask[1, 5] = False
    mask[1, 4] = False
    return region_of(array, mask)


REGIONS = {
    "touching": touching,
    "lone voxel": lone_voxel,
    "one slice": lambda: region_of(noise((1, 8, 9))),
    "two halves": two_halves,
}


@pytest.mark.parametrize("where", PART)
def test_features_of_one_code_part_only_where_a_reason_is_known(where: str) -> None:
    assert parted(compare(REGIONS[where]())) == set(PART[where])


@pytest.mark.parametrize(("names", "how"), OTHERWISE.items(), ids=lambda one: one[0])
def test_features_that_part_by_definition_part_by_so_much(names, how) -> None:  # type: ignore[no-untyped-def]
    region = region_of(noise((5, 6, 7)))
    value = ours(region, {"bin_width": WIDTH}, {})[names[0]]
    theirs = compute_ibsi_features(region, IbsiSettings(discretise=IVH, ivh=IVH))[names[1]]
    assert theirs == pytest.approx(how[1](value, int(region.mask.sum())), rel=1e-12)
    assert names[0] not in CODED.values(), how[0]


def test_of_one_grey_level_ibsi_has_no_texture_and_pyradiomics_has_numbers() -> None:
    pairs = compare(region_of(np.full((4, 5, 6), 7.0)))
    textures = {code: pairs[code] for code, name in CODED.items() if name.startswith("gl")}
    assert all(math.isnan(theirs) for _, theirs in textures.values())
    assert [CODED[code] for code, (value, _) in textures.items() if math.isnan(value)] == [
        "glcm_Correlation",
        "glcm_Imc1",
        "glcm_Imc2",
    ]
