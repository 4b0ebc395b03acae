"""Texture: the counts that all families stand on, against their definitions written out slowly."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from features.radiomics.geometry.border import border_distance
from features.radiomics.voxels.lattice import Lattice
from features.radiomics.voxels.levels import Levels
from features.radiomics.voxels.texture import Texture
from features.radiomics.voxels.zones import least_of_zones

Place = tuple[int, int, int]


@st.composite
def textures(draw: st.DrawFn, distances: st.SearchStrategy[tuple[int, ...]] = st.just((1,))) -> Texture:  # noqa: B008
    """Small ROIs with holes, few levels, and levels that do not occur, in space or within slices."""
    mask = (
        np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random(draw(st.tuples(*[st.integers(1, 4)] * 3))) < 0.7
    )
    mask[0, 0, 0] = True
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.choice([1, 2, 5], int(mask.sum())).astype(np.int32)
    present, counts = np.unique(values, return_counts=True)
    lattice = Lattice(mask, draw(distances), draw(st.sampled_from([None, 0, 2])))
    return Texture(lattice, Levels(values, present.astype(np.int64), counts), draw(st.integers(0, 3)))


def _voxels(texture: Texture) -> dict[Place, int]:
    """Level of each voxel by its place in the box."""
    z, y, x = np.nonzero(texture.lattice.mask)
    return dict(zip(zip(z.tolist(), y.tolist(), x.tolist(), strict=True), texture.found.values.tolist(), strict=True))


def _plus(place: Place, step: Place, times: int = 1) -> Place:
    z, y, x = (a + times * b for a, b in zip(place, step, strict=True))
    return z, y, x


def _around(texture: Texture, place: Place) -> list[int]:
    """Levels of the neighbours of a voxel."""
    lattice, far = texture.lattice, max(texture.lattice.distances)
    steps = product(*(range(1) if axis == lattice.across else range(-far, far + 1) for axis in range(3)))
    voxels = _voxels(texture)
    places = [_plus(place, step) for step in steps if max(map(abs, step)) in lattice.distances]
    return [voxels[place] for place in places if place in voxels]


def _counted(texture: Texture, counts: NDArray[np.integer], first: int) -> dict[tuple[int, int], int]:
    """Counts that are not zero by level and column, of which the first one stands for `first`."""
    rows, columns = np.nonzero(counts)
    levels = texture.found.present[rows].tolist()
    return dict(zip(zip(levels, (columns + first).tolist(), strict=True), counts[rows, columns].tolist(), strict=True))


@settings(max_examples=40, deadline=None)
@given(textures(st.sampled_from([(1,), (2,), (1, 3)])))
def test_pairs_are_those_one_offset_apart(texture: Texture) -> None:
    voxels, present = _voxels(texture), texture.found.present
    for number, offset in enumerate(texture.lattice.chosen):
        found = texture.pairs[:, :, number]
        pairs = Counter((v, voxels[_plus(p, offset)]) for p, v in voxels.items() if _plus(p, offset) in voxels)
        rows, columns = np.nonzero(found)
        assert {
            (present[i], present[j]): found[i, j] for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        } == pairs


@settings(max_examples=40, deadline=None)
@given(textures())
def test_runs_cover_every_voxel_once_and_cannot_be_longer(texture: Texture) -> None:
    voxels, near = _voxels(texture), texture.lattice.near
    for offset, counts in zip(near, texture.runs(np.arange(len(near))), strict=True):
        runs: Counter[tuple[int, int]] = Counter()
        for place, level in voxels.items():
            if voxels.get(_plus(place, offset, -1)) != level:
                length = 1
                while voxels.get(_plus(place, offset, length)) == level:
                    length += 1
                runs[level, length] += 1
        assert _counted(texture, counts, 1) == runs


@settings(max_examples=40, deadline=None)
@given(textures(), st.integers(0, 2**32 - 1))
def test_zones_are_connected_and_know_their_first_voxel_and_their_distance_to_a_border(
    texture: Texture, seed: int
) -> None:
    lattice = texture.lattice
    structure = np.ones((3, 3, 3), bool)
    if lattice.across is not None:
        structure[tuple([0, 2] if axis == lattice.across else slice(None) for axis in range(3))] = False
    outline = lattice.mask | (np.random.default_rng(seed).random(lattice.mask.shape) < 0.5)
    flat = lattice.across == 0
    outside = [tuple(p) for p in np.argwhere(~np.pad(outline, 1)) - 1]
    levels = np.zeros(lattice.mask.shape, int)
    levels[lattice.mask] = texture.found.values
    expected: Counter[tuple[int, int, int, int]] = Counter()
    for level in texture.found.present.tolist():
        labels, count = ndimage.label(levels == level, structure)
        for n in range(1, count + 1):
            places = np.argwhere(labels == n)
            distance = min(
                sum(abs(int(a) - int(b)) for a, b in zip(place, other, strict=True))
                for place in places
                for other in outside
                if not flat or other[0] == place[0]
            )
            expected[int(places[0][0]), level, len(places), distance] += 1
    zones = texture.zones()
    least = least_of_zones(zones, lattice.places, border_distance(np.pad(outline, 1), flat=flat).reshape(-1))
    rows = (lattice.slices_of(zones.start), texture.found.present[zones.rank - 1], zones.size, least)
    assert Counter(zip(*(row.tolist() for row in rows), strict=True)) == expected
    assert (np.diff(zones.start) > 0).all()


@settings(max_examples=40, deadline=None)
@given(textures(st.sampled_from([(1,), (2,), (1, 2)])))
def test_dependence_and_tones_are_those_of_the_neighbours_in_the_roi(texture: Texture) -> None:
    alike, voxels = Counter[tuple[int, int]](), _voxels(texture)
    number, difference = Counter[int](), Counter[int]()
    for place, level in voxels.items():
        around = _around(texture, place)
        alike[level, sum(abs(other - level) <= texture.dependence for other in around)] += 1
        if around:
            number[level] += 1
            difference[level] += abs(level - float(np.mean(around)))  # type: ignore[assignment]
    assert _counted(texture, texture.dependents, 0) == alike
    [(counts, sums)] = texture.tones([texture.lattice.places])
    present = texture.found.present.tolist()
    assert counts.tolist() == [number[level] for level in present]
    assert sums == pytest.approx([difference[level] for level in present], rel=1e-12)
    parts = texture.tones(np.array_split(texture.lattice.places, 2))
    assert sum(part[0] for part in parts).tolist() == counts.tolist()  # type: ignore[union-attr]


def test_there_are_13_directions_in_space_and_4_in_a_slice_whether_or_not_the_box_has_room() -> None:
    row = np.ones((1, 1, 3), bool)
    assert [len(lattice.directions) for lattice in (Lattice(row), Lattice(row, across=0))] == [13, 4]
    assert not {tuple(-n for n in step) for step in Lattice(row).directions} & set(Lattice(row).directions)
    assert Lattice(row).near == ((0, 0, 1),)
