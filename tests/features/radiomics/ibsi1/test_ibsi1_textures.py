"""Texture matrices of the IBSI mode against their definitions, written out slowly."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from features.core.region import Region, Volume
from features.radiomics.ibsi1.compute import compute_features
from features.radiomics.ibsi1.glcm import count_pairs
from features.radiomics.ibsi1.glrlm import find_runs
from features.radiomics.ibsi1.matrix import Matrix, average, emphases, merge, tally
from features.radiomics.ibsi1.neighbours import look_around
from features.radiomics.ibsi1.roi import IN_SLICE, IN_SPACE, IbsiRoi
from features.radiomics.ibsi1.settings import IbsiSettings
from features.radiomics.ibsi1.zones import find_zones

LEVELS = IbsiSettings(discretise=None)


@st.composite
def rois(draw: st.DrawFn) -> IbsiRoi:
    """Small ROIs with holes and few levels; the intensity mask may be smaller than the morphological one."""
    shape = draw(st.tuples(*[st.integers(1, 4)] * 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    array = rng.integers(1, 4, shape).astype(np.float64)
    mask = rng.random(shape) < 0.8
    kept = mask & (rng.random(shape) < 0.8)
    kept[0, 0, 0] = mask[0, 0, 0] = True
    return IbsiRoi(Region(Volume(array, (1.0, 1.0, 1.0)), kept, mask), LEVELS)


def _voxels(roi: IbsiRoi) -> dict[tuple[int, int, int], int]:
    """Level of each voxel of the intensity mask by its place in the box."""
    places = [tuple(int(n) for n in place) for place in np.argwhere(roi.kept)]
    return dict(zip(places, (int(level) for level in roi.levels), strict=True))  # type: ignore[arg-type]


def _plus(place: tuple[int, ...], step: tuple[int, ...], times: int = 1) -> tuple[int, int, int]:
    z, y, x = (a + times * b for a, b in zip(place, step, strict=True))
    return z, y, x


@settings(max_examples=30, deadline=None)
@given(rois())
def test_pairs_are_those_one_step_apart(roi: IbsiRoi) -> None:
    voxels, rank = _voxels(roi), np.arange(4, dtype=np.int32)
    for step in IN_SPACE:
        found = count_pairs(roi.level_line, roi.places, roi.step_of(step), rank, 4)
        pairs = Counter((v, voxels[_plus(p, step)]) for p, v in voxels.items() if _plus(p, step) in voxels)
        assert {(int(i), int(j)): int(found[i, j]) for i, j in zip(*np.nonzero(found), strict=True)} == pairs


@settings(max_examples=30, deadline=None)
@given(rois())
def test_runs_cover_every_voxel_once_and_cannot_be_longer(roi: IbsiRoi) -> None:
    voxels = _voxels(roi)
    for step in IN_SPACE:
        levels, lengths = find_runs(roi.level_line, roi.places, roi.step_of(step))
        runs: Counter[tuple[int, int]] = Counter()
        for place, level in voxels.items():
            if voxels.get(_plus(place, step, -1)) != level:
                length = 1
                while voxels.get(_plus(place, step, length)) == level:
                    length += 1
                runs[level, length] += 1
        assert Counter(zip(levels.tolist(), lengths.tolist(), strict=True)) == runs
        assert lengths.sum() == len(voxels)


@settings(max_examples=30, deadline=None)
@given(rois(), st.booleans())
def test_zones_are_connected_and_know_their_distance(roi: IbsiRoi, flat: bool) -> None:
    zones = find_zones(roi, flat=flat)
    structure = np.ones((3, 3, 3), bool)
    if flat:
        structure[[0, 2]] = False
    levels = np.zeros(roi.kept.shape, int)
    levels[roi.kept] = roi.levels
    outside = [tuple(p) for p in np.argwhere(~np.pad(roi.mask, 1)) - 1]
    expected: Counter[tuple[int, int, int, int]] = Counter()
    for level in np.unique(roi.levels):
        labels, count = ndimage.label(levels == level, structure)
        for n in range(1, count + 1):
            places = np.argwhere(labels == n)
            distance = min(
                sum(abs(int(a) - int(b)) for a, b in zip(place, other, strict=True))
                for place in places
                for other in outside
                if not flat or other[0] == place[0]
            )
            expected[int(places[0][0]), int(level), len(places), distance] += 1
    rows = zip(zones.slices - 1, zones.levels, zones.sizes, zones.distances, strict=True)
    assert Counter(tuple(int(n) for n in row) for row in rows) == expected


@settings(max_examples=30, deadline=None)
@given(rois(), st.booleans(), st.integers(0, 1))
def test_neighbours_are_those_in_the_roi(roi: IbsiRoi, flat: bool, coarseness: int) -> None:
    voxels = _voxels(roi)
    means, dependence = look_around(roi.level_line, roi.places, roi.neighbours(flat=flat), coarseness)
    steps = [step for step in product((-1, 0, 1), repeat=3) if any(step) and not (flat and step[0])]
    for (place, level), mean, alike in zip(voxels.items(), means, dependence, strict=True):
        around = [voxels[_plus(place, step)] for step in steps if _plus(place, step) in voxels]
        assert alike == 1 + sum(abs(other - level) <= coarseness for other in around)
        assert mean == pytest.approx(np.mean(around)) if around else np.isnan(mean)


def test_there_are_13_directions_in_space_and_4_in_a_slice() -> None:
    assert (len(IN_SPACE), len(IN_SLICE)) == (13, 4)
    assert not {tuple(-n for n in step) for step in IN_SPACE} & set(IN_SPACE)


@settings(max_examples=20, deadline=None)
@given(rois())
def test_a_single_slice_has_the_same_textures_in_2d_and_2_5d_merged(roi: IbsiRoi) -> None:
    volume = Volume(roi.region.volume.array[:1], (1.0, 1.0, 1.0))
    found = compute_features(
        Region(volume, roi.region.mask[:1], roi.region.shape_mask[:1]),
        LEVELS,
        families=["glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm"],
        aggregations=["2D:mrg", "2.5D:mrg", "2D", "2.5D", "3D"],
    )
    for name, value in found.items():
        if name.endswith(("_2d_mrg", "_2d")):
            assert value == pytest.approx(found[name.replace("_2d", "_2_5d")], rel=1e-12, nan_ok=True)
            if name.endswith("_2d") and not name.startswith("gldzm"):  # in space the whole slice is its edge
                assert value == pytest.approx(found[name.removesuffix("_2d") + "_3d"], rel=1e-12, nan_ok=True)


def test_merging_adds_counts_and_voxels() -> None:
    one = tally(np.array([1, 1, 2]), np.array([3, 3, 1]), 3)
    both = merge([one, tally(np.array([1, 5]), np.array([3, 7]), 2)])
    assert (both.rows.tolist(), both.columns.tolist(), both.counts.tolist()) == ([1, 2, 5], [3, 1, 7], [3, 1, 1])
    assert both.voxels == 5


def test_an_average_leaves_out_what_is_undefined() -> None:
    nan = float("nan")
    assert average([[1.0, nan, nan], [3.0, 5.0, nan]]) == pytest.approx([2.0, 5.0, nan], nan_ok=True)


def test_an_empty_matrix_has_no_features() -> None:
    empty = np.empty(0, np.int64)
    assert np.isnan(emphases(Matrix(empty, empty, np.empty(0), 4))).all()
