"""Convolution as IBSI-2 has it: boundary conditions, kernels along axes, and pooling over right-angle rotations.

Depeursinge et al., Standardised convolutional filters for radiomics (arXiv:2006.05470).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, permutations, product
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from features.core.kinds.filter import Filter, Source

Array = NDArray[np.float64]
Places = Sequence[NDArray[np.intp]]
Boundary = Literal["zero", "constant", "nearest", "periodic", "mirror"]
Pooling = Literal["average", "max"]
Voxel = tuple[int, int, int]


class Convolution(Filter):
    """A filter that reads voxels beyond the borders of the image.

    boundary: what lies there: 0 (`zero`), `constant` intensities, the `nearest` voxel, the image again (`periodic`), or the
    image mirrored at its outer faces (`mirror`).
    """

    boundary: Boundary = Field("mirror", description="what continues the image beyond its border")
    constant: float = Field(0.0, description="the value beyond the border, with `boundary: constant`")

    @model_validator(mode="after")
    def check_constant(self) -> Self:
        if self.constant and self.boundary != "constant":
            raise ValueError(f'constant: it has no meaning with the boundary "{self.boundary}"')
        return self

    @property
    def border(self) -> str:
        """The boundary as a part of a name: `mirror`, `constant-m1000`."""
        return f"constant-{number(self.constant)}" if self.boundary == "constant" else self.boundary

    def cut(self, source: Source, reach: Sequence[int]) -> Patch:
        """The source's box and `reach` (z, y, x) voxels on either side of it, also beyond the image."""
        z, y, x = source.image.shape
        starts = [axis.start - far for axis, far in zip(source.box, reach, strict=True)]
        stops = [axis.stop + far for axis, far in zip(source.box, reach, strict=True)]
        # Of whichever dtype: a part of it is float64.
        whole = Patch(cast(Array, source.image), (0, 0, 0), (z, y, x), self.boundary, self.constant)
        return whole.part([np.arange(start, stop) for start, stop in zip(starts, stops, strict=True)])


@dataclass(frozen=True, eq=False)
class Patch:
    """A part of an image, which may reach beyond its borders. starts: (z, y, x) of its first voxel; shape: the image's."""

    array: Array
    starts: Voxel
    shape: Voxel
    boundary: Boundary
    constant: float = 0.0

    def part(self, places: Places) -> Patch:
        """The voxels at consecutive places (z, y, x; counted in the image), those beyond its borders by the boundary."""
        found = self.array
        for axis, (outer, size, start) in enumerate(zip(places, self.shape, self.starts, strict=True)):
            inner = self._within(outer, size) - start
            straight = inner[-1] - inner[0] == inner.size - 1 and bool((np.diff(inner) == 1).all())
            found = found[_at(axis, slice(int(inner[0]), int(inner[-1]) + 1) if straight else inner)]
        array = np.array(found, np.float64, order="C")
        if self.boundary in ("zero", "constant"):
            for axis, (outer, size) in enumerate(zip(places, self.shape, strict=True)):
                array[_at(axis, (outer < 0) | (outer >= size))] = self.constant
        starts = [int(outer[0]) for outer in places]
        return replace(self, array=array, starts=(starts[0], starts[1], starts[2]))

    def renewed(self) -> Patch:
        """The same with the voxels beyond the borders made anew of those within: a response map is an image again.

        Not if the image is periodic, as its response is; nor with a constant, which is an intensity, not a response.
        """
        if self.boundary in ("periodic", "constant"):
            return self
        return self.part(
            [np.arange(start, start + size) for start, size in zip(self.starts, self.array.shape, strict=True)]
        )

    def averaged(self, half: int, axes: Iterable[int]) -> Patch:
        """Means of boxes of 2 × half + 1 voxels along each of the axes."""
        patch = self
        for axis in axes:
            patch = patch.convolved(np.full(2 * half + 1, 1 / (2 * half + 1)), axis)
        return patch

    def convolved(self, kernel: Array, axis: int) -> Patch:
        """Convolution with a kernel of an odd size, about its middle; the patch loses half a kernel at either end."""
        from scipy.ndimage import convolve1d

        half = kernel.size // 2
        inner = slice(half, self.array.shape[axis] - half)
        array = convolve1d(self.array, kernel, axis, mode="constant")[_at(axis, inner)]
        z, y, x = (start + half * (place == axis) for place, start in enumerate(self.starts))
        return replace(self, array=np.ascontiguousarray(array), starts=(z, y, x))

    def _within(self, places: NDArray[np.intp], size: int) -> NDArray[np.intp]:
        if self.boundary == "periodic":
            return places % size
        if self.boundary == "mirror":
            turned = places % (2 * size)
            return np.minimum(turned, 2 * size - 1 - turned)
        return np.clip(places, 0, size - 1)


def _at(axis: int, index: Any) -> tuple[Any, ...]:
    """An index along one axis, all of the axes before and behind it."""
    return (*(slice(None),) * axis, index)


@dataclass(frozen=True)
class Turn:
    """A right-angle rotation. axes[i]: where the kernel of axis i goes; flips[i]: whether axis i is reversed after that."""

    axes: tuple[int, ...]
    flips: tuple[bool, ...]


def turns(dimensions: int) -> list[Turn]:
    """The 4 rotations of a square or the 24 of a cube, without mirror images."""
    found = []
    for axes in permutations(range(dimensions)):
        swaps = sum(axes[i] > axes[j] for j in range(dimensions) for i in range(j))
        flips = product((False, True), repeat=dimensions)
        found += [Turn(axes, flip) for flip in flips if (sum(flip) + swaps) % 2 == 0]
    return found


def responses(patch: Patch, kernels: Sequence[Array], directions: Iterable[Turn]) -> Iterator[tuple[float, Patch]]:
    """Responses to separable kernels of one size (x, y, z; two for slices) in all directions, each with its weight.

    Directions with the same response are counted in one weight, below zero if it is the response with its sign turned.
    """
    jobs: Counter[tuple[float, tuple[bytes, ...]]] = Counter()
    for turn in directions:
        sign, placed = 1.0, dict.fromkeys(range(len(kernels)), b"")
        for kernel, axis in zip(kernels, turn.axes, strict=True):
            flipped = kernel[::-1] if turn.flips[axis] else kernel
            if np.array_equal(flipped, -kernel):
                sign, flipped = -sign, kernel
            placed[axis] = flipped.tobytes()
        jobs[sign, tuple(placed[axis] for axis in reversed(range(len(kernels))))] += 1
    ordered = sorted((placed, sign * count) for (sign, placed), count in jobs.items())
    yield from _branches(patch, ordered, 3 - len(kernels))


def _branches(patch: Patch, jobs: list[tuple[tuple[bytes, ...], float]], axis: int) -> Iterator[tuple[float, Patch]]:
    # Directions with one kernel along the first axes share the work on these.
    if axis == 3:
        yield from ((weight, patch) for _, weight in jobs)
        return
    for kernel, group in groupby(jobs, key=lambda job: job[0][0]):
        rest = [(placed[1:], weight) for placed, weight in group]
        yield from _branches(patch.convolved(np.frombuffer(kernel), axis), rest, axis + 1)


def pool(weighted: Iterable[tuple[float, Patch]], pooling: Pooling) -> Patch:
    """Weighted average, or the largest value, of responses; a weight below zero turns the sign of its response."""
    total, found, patch = 0.0, np.empty(0), None
    for weight, patch in weighted:
        value = patch.array * (weight if pooling == "average" else np.sign(weight))
        if not total:
            found = value
        elif pooling == "average":
            found += value
        else:
            np.maximum(found, value, out=found)
        total += abs(weight)
    if patch is None:
        raise ValueError("there are no responses to pool")
    return replace(patch, array=found / total if pooling == "average" else found)


def number(value: float) -> str:
    """A number as a part of a name: letters, digits and hyphens, 1.5 as `1-5`, -1000 as `m1000`."""
    return f"{value:.10g}".replace("-", "m").replace("+", "").replace(".", "-")
