"""Shape: pyradiomics' values, known bodies, and diameters of all pairs of vertices."""

from __future__ import annotations

import csv
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.region import Vector
from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.dialects.roi import Roi
from features.radiomics.dialects.settings import Settings
from features.radiomics.families.shape import Shape

GOLDEN = Path(__file__).parents[3] / "golden"
SPACING = (0.7, 1.3, 2.9)  # x, y, z


def _compute(mask: NDArray[np.bool_], spacing: Vector = SPACING) -> dict[str, float]:
    mask = np.ascontiguousarray(mask[bounding_box(mask)])
    return dict(Shape().by_pyradiomics(Roi(np.zeros(mask.shape), mask, spacing, Settings())))


def _random(seed: int) -> NDArray[np.bool_]:
    """A mask of up to 8 voxels along an axis, of scattered voxels or dense."""
    rng = np.random.default_rng(seed)
    mask = rng.random(rng.integers(1, 9, 3)) < rng.choice([0.05, 0.3, 0.6, 0.95])
    mask[tuple(rng.integers(0, mask.shape))] = True
    return np.asarray(mask)


def _ball(radius: float) -> NDArray[np.bool_]:
    size = int(radius) + 2
    places = np.indices((2 * size + 1,) * 3) - size
    return np.asarray((places**2).sum(axis=0) <= radius**2)


def _vertices(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Middles between neighbours inside and outside, (n, 3) in voxels."""
    padded = np.pad(mask, 1).astype(int)
    return np.concatenate(
        [np.argwhere(np.diff(padded, axis=axis)) + 0.5 * (np.arange(3) == axis) for axis in range(3)], dtype=float
    )


def test_every_feature_is_given_in_the_order_of_the_registry() -> None:
    assert list(_compute(np.ones((2, 3, 4), bool))) == [feature.name for feature in FEATURES["shape"]]


def test_the_digital_phantom_has_ibsi_s_values() -> None:
    def rows(name: str) -> list[dict[str, str]]:
        lines = (GOLDEN / name).read_text("utf-8").splitlines()
        return list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter=";"))

    mask = np.zeros((4, 4, 5), bool)
    for row in rows("ibsi_digital_phantom_voxels.csv"):
        mask[int(row["z"]), int(row["y"]), int(row["x"])] = row["roi"] == "1"
    found = _compute(mask, (2.0, 2.0, 2.0))
    for axis in ("Major", "Minor", "Least"):  # the reference divides the covariance by n - 1
        found[f"{axis}AxisLength"] *= math.sqrt(74 / 73)
    reference = [row for row in rows("ibsi_digital_phantom.csv") if row["feature"].startswith("shape_")]
    assert len(reference) == 11
    for row in reference:
        value = pytest.approx(float(row["value"]), rel=0, abs=float(row["tolerance"]))
        assert found[row["feature"].removeprefix("shape_")] == value, row["feature"]


def test_one_voxel_is_an_octahedron_without_axes() -> None:
    x, y, z = SPACING
    found = _compute(np.ones((1, 1, 1), bool))
    assert found["MeshVolume"] == pytest.approx(x * y * z / 6)
    assert found["VoxelVolume"] == pytest.approx(x * y * z)
    assert found["SurfaceArea"] == pytest.approx(math.sqrt((x * y) ** 2 + (y * z) ** 2 + (z * x) ** 2))
    assert found["Maximum3DDiameter"] == z
    assert found["Maximum2DDiameterSlice"] == y  # in the slice of the voxel's centre
    assert found["MajorAxisLength"] == found["MinorAxisLength"] == found["LeastAxisLength"] == 0
    assert {name for name in found if math.isnan(found[name])} == {"Elongation", "Flatness"}


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_a_box_has_the_volume_and_the_area_of_one_with_bevelled_edges(depth: int, height: int, width: int) -> None:
    spacing = np.array(SPACING[::-1])
    sides = np.array((depth, height, width))
    found = _compute(np.ones(sides, bool))
    inner = sides - 1  # between the centres of the outer voxels: the mesh is a half voxel farther out
    faces = [inner[1] * inner[2], inner[0] * inner[2], inner[0] * inner[1]]
    volume = inner.prod() + sum(faces) + inner.sum() / 2 + 1 / 6
    assert found["MeshVolume"] == pytest.approx(volume * spacing.prod())
    z, y, x = spacing
    area = 2 * (faces[0] * y * x + faces[1] * z * x + faces[2] * z * y)
    area += 2 * (inner * spacing) @ (math.hypot(y, x), math.hypot(z, x), math.hypot(z, y))
    area += math.sqrt((x * y) ** 2 + (y * z) ** 2 + (z * x) ** 2)
    assert found["SurfaceArea"] == pytest.approx(area)
    lengths = 4 * np.sqrt((sides**2 - 1) / 12) * spacing
    axes = [found[f"{axis}AxisLength"] for axis in ("Least", "Minor", "Major")]
    assert axes == pytest.approx(sorted(lengths), abs=1e-12)


def test_a_ball_is_round() -> None:
    found = _compute(_ball(20.2), (1.0, 1.0, 1.0))
    assert found["MeshVolume"] == pytest.approx(4 / 3 * math.pi * 20.2**3, rel=0.02)
    assert found["SurfaceArea"] == pytest.approx(4 * math.pi * 20.2**2, rel=0.1)  # the mesh has steps
    assert found["Maximum3DDiameter"] == pytest.approx(41, rel=0.02)
    assert found["Elongation"] == pytest.approx(1) and found["Flatness"] == pytest.approx(1)
    assert found["MajorAxisLength"] == pytest.approx(4 * 20.2 / math.sqrt(5), rel=0.01)


@given(st.integers(0, 2**32 - 1), st.sampled_from([SPACING, (1.0, 1.0, 1.0)]))
@settings(max_examples=100, deadline=None)
def test_diameters_are_those_of_all_pairs_of_vertices(seed: int, spacing: Vector) -> None:
    mask = _random(seed)
    vertices = _vertices(mask)
    steps = vertices[:, None] - vertices[None]
    lengths = np.sqrt(((steps * spacing[::-1]) ** 2).sum(axis=2))
    expected = {"Maximum3DDiameter": lengths.max()}
    for axis, name in enumerate(("Slice", "Column", "Row")):
        expected[f"Maximum2DDiameter{name}"] = lengths[steps[:, :, axis] == 0].max()
    found = _compute(mask, spacing)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_axes_are_those_of_the_covariance_of_the_voxels(seed: int) -> None:
    mask = _random(seed)
    covariance = np.atleast_2d(np.cov((np.argwhere(mask) * SPACING[::-1]).T, bias=True))
    expected = 4 * np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0))
    found = _compute(mask)
    axes = [found[f"{axis}AxisLength"] for axis in ("Least", "Minor", "Major")]
    assert axes == pytest.approx(expected, rel=1e-9, abs=1e-6)
    if axes[2]:
        assert [found["Flatness"], found["Elongation"]] == pytest.approx([a / axes[2] for a in axes[:2]])


def test_what_lies_in_one_plane_has_no_thickness_to_the_bit() -> None:
    oblique = np.zeros((12, 12, 5), bool)
    oblique[np.arange(12), np.arange(12)] = True
    found = _compute(oblique)
    assert found["LeastAxisLength"] == found["Flatness"] == 0 < found["Elongation"]
    line = np.zeros((9, 9, 9), bool)
    line[np.arange(9), np.arange(9), np.arange(9)] = True
    found = _compute(line)
    assert found["MinorAxisLength"] == found["Elongation"] == 0 < found["MajorAxisLength"]


@given(st.permutations([0, 1, 2]), st.sampled_from([(), (0,), (1, 2)]))
@settings(max_examples=18, deadline=None)
def test_turning_a_body_with_its_spacing_turns_its_features(order: list[int], flipped: tuple[int, ...]) -> None:
    mask = _ball(5.5)[:, :8, 2:]  # a body without voxels that touch at an edge alone
    spacing = SPACING[::-1]
    there = _compute(mask, (spacing[2], spacing[1], spacing[0]))
    turned = tuple(spacing[axis] for axis in order)
    here = _compute(np.flip(mask.transpose(order), flipped), (turned[2], turned[1], turned[0]))
    planes = [f"Maximum2DDiameter{name}" for name in ("Slice", "Column", "Row")]
    assert [here[name] for name in planes] == pytest.approx([there[planes[axis]] for axis in order])
    same = set(there) - set(planes)
    assert {name: here[name] for name in same} == pytest.approx({name: there[name] for name in same}, rel=1e-2)


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1), st.sampled_from([SPACING, (1.0, 1.0, 1.0)]))
@example(12384, (0.7, 1.3, 2.9))  # its mesh has no volume
@settings(max_examples=300, deadline=None)
def test_values_are_pyradiomics_s(seed: int, spacing: Vector) -> None:
    mask = _random(seed)
    _agree(mask, spacing)


@pytest.mark.slow
@pytest.mark.data
def test_values_are_pyradiomics_s_on_its_own_images(public_data: Path) -> None:
    import SimpleITK as sitk

    for name in ("brain1", "brain2", "breast1"):
        label = sitk.ReadImage(str(public_data / "pyradiomics" / f"{name}_label.nrrd"))
        _agree(sitk.GetArrayFromImage(label) > 0, label.GetSpacing())


BY_VOLUME = (
    "MeshVolume",
    "SurfaceVolumeRatio",
    "Sphericity",
    "SphericalDisproportion",
    "Compactness1",
    "Compactness2",
)


def _agree(mask: NDArray[np.bool_], spacing: Vector) -> None:
    import SimpleITK as sitk

    mask = np.ascontiguousarray(mask[bounding_box(mask)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from radiomics.shape import RadiomicsShape

        label = sitk.GetImageFromArray(mask.astype(np.uint8))
        label.SetSpacing(spacing)
        judge = RadiomicsShape(label, label, label=1)
        judge.enableAllFeatures()
        for feature in FEATURES["shape"]:  # the deprecated ones too
            judge.enableFeatureByName(feature.name)
        reference = {name: float(np.real(value)) for name, value in judge.execute().items()}
    found = _compute(mask, spacing)
    assert set(found) == set(reference)
    flat = abs(reference["MeshVolume"]) < 1e-12  # pyradiomics has the rounding of a volume of 0, and divides by it
    assert not flat or abs(found["MeshVolume"]) < 1e-12
    for name, value in found.items():  # pyradiomics has the rounding of an eigenvalue that is 0: roots of 1e-16
        if flat and name in BY_VOLUME:
            continue
        slack = 1e-6 if "Axis" in name or name in ("Elongation", "Flatness") else 0.0
        assert value == pytest.approx(reference[name], rel=1e-10, abs=slack, nan_ok=True), name
