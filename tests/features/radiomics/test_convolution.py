"""Convolution: what lies beyond a border, right-angle rotations, pooling, names."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from features.core.kinds.filter import Source
from features.radiomics.convolution import Boundary, Patch, number, pool, responses, turns
from features.radiomics.filters.ibsi_mean import IbsiMean

Array = np.ndarray[Any, np.dtype[Any]]
PADS: dict[Boundary, str] = {
    "zero": "constant",
    "nearest": "edge",
    "periodic": "wrap",
    "mirror": "symmetric",
}


def _random(sizes: tuple[int, int, int], seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=sizes)


@pytest.mark.parametrize("boundary", PADS)
@pytest.mark.parametrize("reach", [(1, 2, 3), (9, 0, 14)], ids=["near", "farther than the image is wide"])
def test_a_cut_holds_what_numpy_pads_with(boundary: Boundary, reach: tuple[int, int, int]) -> None:
    image = _random((4, 5, 6)).astype(np.float32)
    box = (slice(1, 3), slice(0, 5), slice(4, 6))
    patch = IbsiMean(boundary=boundary).cut(Source(image, (1, 1, 1), box), reach)
    padded: Array = np.pad(image, [(far, far) for far in reach], PADS[boundary])  # type: ignore[call-overload]
    wanted = padded[tuple(slice(axis.start, axis.stop + 2 * far) for axis, far in zip(box, reach, strict=True))]
    assert patch.array.dtype == np.float64 and patch.array.flags.c_contiguous
    np.testing.assert_array_equal(patch.array, wanted)


def test_a_constant_lies_beyond_the_borders_and_not_within() -> None:
    image = _random((3, 3, 3))
    patch = IbsiMean(boundary="constant", constant=-1000).cut(Source(image, (1, 1, 1), (slice(0, 3),) * 3), (1, 1, 1))
    np.testing.assert_array_equal(patch.array, np.pad(image, 1, constant_values=-1000))


def test_a_constant_needs_the_boundary_of_that_name() -> None:
    with pytest.raises(ValidationError, match="constant: it has no meaning with the boundary"):
        IbsiMean(boundary="mirror", constant=5)


@pytest.mark.parametrize("boundary", PADS)
def test_a_response_map_gets_its_borders_anew(boundary: Boundary) -> None:
    image = _random((5, 6, 7))
    patch = IbsiMean(boundary=boundary).cut(
        Source(image, (1, 1, 1), tuple(map(slice, (0, 0, 0), image.shape))), (2, 2, 2)
    )  # type: ignore[arg-type]
    squared = replace(patch, array=patch.array + 3).renewed().array
    wanted: Array = np.pad(image + 3, 2, PADS[boundary])  # type: ignore[call-overload]
    np.testing.assert_array_equal(squared, wanted)


@pytest.mark.parametrize(("dimensions", "count"), [(2, 4), (3, 24)])
def test_turns_are_the_proper_rotations(dimensions: int, count: int) -> None:
    matrices = []
    for turn in turns(dimensions):
        matrix = np.zeros((dimensions, dimensions))
        for source, place in enumerate(turn.axes):
            matrix[place, source] = -1 if turn.flips[place] else 1
        matrices.append(matrix)
    assert len({matrix.tobytes() for matrix in matrices}) == count
    assert all(np.linalg.det(matrix) == pytest.approx(1) for matrix in matrices)
    assert turns(dimensions)[0].axes == tuple(range(dimensions)) and not any(turns(dimensions)[0].flips)


@pytest.mark.parametrize("kernels", [([1, 2, 5], [0, 3, 1], [4, 1, 1]), ([1, 2, 1], [-1, 0, 1], [-1, 0, 1])])
@pytest.mark.parametrize("pooling", ["average", "max"])
def test_turned_kernels_respond_as_turned_images(kernels: tuple[list[float], ...], pooling: Any) -> None:
    image = _random((5, 5, 5))
    patch = Patch(np.pad(image, 1), (-1, -1, -1), (5, 5, 5), "zero")
    found = pool(responses(patch, [np.array(kernel, float) for kernel in kernels], turns(3)), pooling).array
    cube = np.einsum("i,j,k->kji", *map(np.array, kernels)).astype(float)
    every = []
    for axes, flips in product([(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)], range(8)):
        steps = [-1 if flips >> axis & 1 else 1 for axis in range(3)]
        if np.linalg.det(np.eye(3)[list(axes)]) * np.prod(steps) > 0:
            turned = cube.transpose(axes)[:: steps[0], :: steps[1], :: steps[2]]
            windows = np.lib.stride_tricks.sliding_window_view(patch.array, (3, 3, 3))
            every.append(np.einsum("zyxkji,kji->zyx", windows, turned[::-1, ::-1, ::-1]))
    wanted = np.mean(every, 0) if pooling == "average" else np.max(every, 0)
    assert len(every) == 24
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_nothing_cannot_be_pooled() -> None:
    with pytest.raises(ValueError, match="no responses"):
        pool([], "max")


def test_numbers_in_names_are_letters_digits_and_hyphens() -> None:
    assert [number(value) for value in (3, 1.5, -1000, 22.5, 1e-7)] == ["3", "1-5", "m1000", "22-5", "1em07"]
