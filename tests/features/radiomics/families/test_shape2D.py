"""Shape of one slice: pyradiomics' values and known figures."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.region import Vector
from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.dialects.roi import Roi
from features.radiomics.dialects.settings import Settings
from features.radiomics.families.shape2D import Shape2D

SPACING = (0.7, 1.3, 2.9)  # x, y, z


def _compute(mask: NDArray[np.bool_], spacing: Vector = SPACING, axis: Any = 0) -> dict[str, float]:
    mask = np.ascontiguousarray(mask[bounding_box(mask)])
    return dict(Shape2D().by_pyradiomics(Roi(np.zeros(mask.shape), mask, spacing, Settings(flat=True, flat_axis=axis))))


def test_every_feature_is_given_in_the_order_of_the_registry() -> None:
    assert list(_compute(np.ones((1, 3, 4), bool))) == [feature.name for feature in FEATURES["shape2D"]]


@given(st.integers(1, 12), st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_a_rectangle_has_cut_corners(height: int, width: int) -> None:
    x, y, _ = SPACING
    found = _compute(np.ones((1, height, width), bool))
    assert found["PixelSurface"] == pytest.approx(height * y * width * x)
    assert found["MeshSurface"] == pytest.approx((height * width - 0.5) * x * y)
    assert found["Perimeter"] == pytest.approx(2 * ((height - 1) * y + (width - 1) * x) + 2 * math.hypot(x, y))
    widest = max(math.hypot(height * y, (width - 1) * x), math.hypot((height - 1) * y, width * x))
    assert found["MaximumDiameter"] == pytest.approx(widest)
    lengths = sorted(4 * math.sqrt((n**2 - 1) / 12) * side for n, side in ((height, y), (width, x)))
    assert [found["MinorAxisLength"], found["MajorAxisLength"]] == pytest.approx(lengths)


def test_a_disc_is_round() -> None:
    y, x = np.indices((61, 61)) - 30
    found = _compute((x**2 + y**2 <= 28.2**2)[None], (1.0, 1.0, 1.0))
    assert found["MeshSurface"] == pytest.approx(math.pi * 28.2**2, rel=0.01)
    assert found["Sphericity"] == pytest.approx(1, rel=0.1)
    assert found["Elongation"] == pytest.approx(1)
    assert found["PerimeterSurfaceRatio"] == pytest.approx(found["Perimeter"] / found["MeshSurface"])


def test_a_pixel_has_no_axes() -> None:
    found = _compute(np.ones((1, 1, 1), bool))
    assert {name for name in found if math.isnan(found[name])} == {"Elongation"}


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_several_slices_are_no_slice(axis: int) -> None:
    mask = np.ones(tuple(2 if axis == place else 1 for place in range(3)), bool)
    assert all(math.isnan(value) for value in _compute(mask, axis=axis).values())


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2]))
@settings(max_examples=200, deadline=None)
def test_values_are_pyradiomics_s(seed: int, axis: int) -> None:
    import SimpleITK as sitk

    rng = np.random.default_rng(seed)
    plane = rng.random(rng.integers(1, 12, 2)) < rng.choice([0.05, 0.3, 0.6, 0.95])
    plane[tuple(rng.integers(0, plane.shape))] = True
    mask = np.expand_dims(plane, axis)
    mask = np.ascontiguousarray(mask[bounding_box(mask)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from radiomics.shape2D import RadiomicsShape2D

        label = sitk.GetImageFromArray(mask.astype(np.uint8))
        label.SetSpacing(SPACING)
        judge = RadiomicsShape2D(label, label, label=1, force2D=True, force2Ddimension=axis)
        judge.enableAllFeatures()
        for feature in FEATURES["shape2D"]:  # the deprecated ones too
            judge.enableFeatureByName(feature.name)
        reference = {name: float(np.real(value)) for name, value in judge.execute().items()}
    found = _compute(mask, axis=axis)
    assert set(found) == set(reference)
    for name, value in found.items():  # pyradiomics has the rounding of an eigenvalue that is 0: roots of 1e-16
        slack = 1e-6 if name in ("MinorAxisLength", "Elongation") else 0.0
        assert value == pytest.approx(reference[name], rel=1e-10, abs=slack, nan_ok=True), name
