"""laplacian: of a Gaussian, by ITK's recursive filters, in double precision and only as far round the box as it matters."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, cos, exp, sin

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.core.kinds.filter import Source

# Deriche's half kernel of a Gaussian and of its second derivative: a sum of two damped waves, amplitude of the cosine and
# of the sine, of sigma 1; Farnebäck and Westin's constants, which ITK uses.
_WAVES = ((-1.3932, 0.6681), (-1.3732, 2.0787))  # decay, frequency
_SMOOTH = ((1.3530, 1.8151), (-0.3531, 0.0902))
_SECOND = ((-1.3563, 5.2318), (0.3446, -2.2355))

_LANES = 32  # lines that are filtered side by side: wide instructions, and their scratch stays in the cache
_ROW, _2, _3, _4 = (np.uint64(number) for number in (_LANES, 2, 3, 4))


def reach(sigma: float) -> int:
    """Voxels beyond which the kernels of a sigma (in voxels) hold less than 1e-6 of their whole."""
    return ceil(10.7 * sigma) + 1


def laplacian(source: Source, sigmas: list[float]) -> NDArray[np.float64]:
    """Sum of the second derivatives on the source's box, each times sigma² in mm. sigmas: in voxels, (z, y, x)."""
    image, inner = source.crop((0 if source.flat else reach(sigmas[0]), reach(sigmas[1]), reach(sigmas[2])))
    shape = list(image.shape)
    # The axis that the box shortens most goes first: what follows has less to do.
    order = sorted(axes_of(source), key=lambda axis: (inner[axis].stop - inner[axis].start) / shape[axis])
    last = len(order) - 1
    smooth, second = image, image
    for step, axis in enumerate(order):
        part = inner[axis]
        sizes, steps = _lines(shape, axis)
        shape[axis] = part.stop - part.start
        found = np.empty((2 if step < last else 1, *shape))
        _filter(
            smooth.ravel(),
            second.ravel(),
            steps,
            sizes,
            _lines(shape, axis)[1],
            part.start,
            part.stop - part.start,
            *_coefficients(sigmas[axis]),
            step > 0,
            step < last,
            found[0].ravel(),
            found[-1].ravel(),
        )
        smooth, second = found[0], found[-1]
    return second


def axes_of(source: Source) -> tuple[int, ...]:
    """The axes that are filtered (z, y and x as 0, 1, 2)."""
    return (1, 2) if source.flat else (0, 1, 2)


def _lines(shape: list[int], axis: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sizes and steps in memory of the axes of an array: of the blocks, along the line, and across lines of a block."""
    axes = {0: [1, 0, 2], 1: [0, 1, 2], 2: [0, 2, 1]}[axis]
    sizes, steps = np.array(shape), np.array([shape[1] * shape[2], shape[2], 1])
    return sizes[axes], steps[axes]


@lru_cache(maxsize=256)
def _coefficients(sigma: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Feedback (5) and the numerators (2, 4: forward; 2, 5: backward) of smoothing and of the second derivative × sigma²."""
    feedback = np.ones(1)
    for decay, frequency in _WAVES:
        feedback = _times(feedback, _denominator(sigma, decay, frequency))
    smooth, second = _numerator(sigma, _SMOOTH), _numerator(sigma, _SECOND)
    s0, s1, s2 = _moments(feedback)

    def total(numerator: NDArray[np.float64]) -> float:  # of the kernel: both halves share the voxel in the middle
        return float(2 * numerator.sum() / s0 - numerator[0])

    second = second - total(second) / total(smooth) * smooth  # no answer to a constant
    n0, n1, n2 = _moments(second)
    spread = n2 / s0 - n0 * s2 / s0**2 - 2 * n1 * s1 / s0**2 + 2 * n0 * s1**2 / s0**3  # to a parabola: 2
    forward = np.stack([smooth / total(smooth), second * (sigma**2 / spread)])
    backward = np.zeros((2, 5))
    backward[:, 1:4] = forward[:, 1:]
    backward[:, 1:] -= forward[:, :1] * feedback[1:]
    return feedback, forward, backward


def _denominator(sigma: float, decay: float, frequency: float) -> NDArray[np.float64]:
    damping = exp(decay / sigma)
    return np.array([1.0, -2 * damping * cos(frequency / sigma), damping**2])


def _numerator(sigma: float, amplitudes: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    (first, second), found = _WAVES, np.zeros(4)
    for (decay, frequency), other, (cosine, sine) in zip((first, second), (second, first), amplitudes, strict=True):
        angle = frequency / sigma
        wave = np.array([cosine, exp(decay / sigma) * (sine * sin(angle) - cosine * cos(angle))])
        found += _times(wave, _denominator(sigma, *other))
    return found


def _moments(polynomial: NDArray[np.float64]) -> tuple[float, float, float]:
    powers = np.arange(polynomial.size)
    return float(polynomial.sum()), float((powers * polynomial).sum()), float((powers**2 * polynomial).sum())


def _times(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The product of two polynomials; numpy's rounds as the processor's BLAS does."""
    found = np.zeros(first.size + second.size - 1)
    for power, factor in enumerate(second):
        found[power : power + first.size] += factor * first
    return found


@njit(cache=True)
def _filter(
    smooth: NDArray[np.float64],
    second: NDArray[np.float64],
    steps: NDArray[np.int64],
    sizes: NDArray[np.int64],
    steps_out: NDArray[np.int64],
    start: int,
    kept: int,
    feedback: NDArray[np.float64],
    forward: NDArray[np.float64],
    backward: NDArray[np.float64],
    mixed: bool,
    both: bool,
    smooth_out: NDArray[np.float64],
    second_out: NDArray[np.float64],
) -> None:
    """Filters lines in flat arrays: smoothing of `smooth` to `smooth_out` if both are wanted, and to `second_out` the
    second derivative of `smooth`, with the smoothing of `second` added to it if they are mixed.

    sizes: how many blocks of lines, voxels of a line, lines in a block; steps: between these, in elements.
    """
    fields = 2 if mixed else 1
    # Lines stand side by side, with four voxels of history before (forward) and after them (backward).
    ahead, behind = np.empty((fields, (sizes[1] + 4) * _LANES)), np.empty((fields, (sizes[1] + 4) * _LANES))
    result = np.empty(kept * _LANES)
    for block in range(sizes[0]):
        for lane in range(0, sizes[2], _LANES):
            width = min(_LANES, sizes[2] - lane)
            origin = block * steps[0] + lane * steps[2]
            for field in range(fields):
                _load(second if field else smooth, origin, steps, sizes[1], width, ahead[field], behind[field])
                _recurse(ahead[field], behind[field], feedback, sizes[1], start, start + kept)
            target = block * steps_out[0] + lane * steps_out[2]
            for output in range(0 if both else 1, 2):
                for field in range(fields if output else 1):
                    kernel = output - field  # 0 smooths, 1 is the second derivative
                    _combine(
                        ahead[field], behind[field], start, kept, forward[kernel], backward[kernel], field > 0, result
                    )
                _keep(result, target, steps_out, kept, width, second_out if output else smooth_out)


# Below, places are unsigned: numba looks at the sign of others, and then cannot use wide instructions.


@njit(cache=True)
def _load(
    lines: NDArray[np.float64],
    origin: int,
    steps: NDArray[np.int64],
    size: int,
    width: int,
    ahead: NDArray[np.float64],
    behind: NDArray[np.float64],
) -> None:
    along, across, base = np.uint64(steps[1]), np.uint64(steps[2]), np.uint64(origin)
    last_lane = np.uint64(width - 1)
    if width == _LANES and steps[2] == 1:
        for i in range(np.uint64(size)):
            line, row = base + i * along, i * _ROW
            for j in range(_ROW):
                ahead[row + _4 * _ROW + j] = lines[line + j]
                behind[row + j] = lines[line + j]
        return
    # In short stretches of a line: what is fetched of it is used before it is lost from the cache.
    for first in range(np.uint64(0), np.uint64(size), np.uint64(8)):
        last = min(first + np.uint64(8), np.uint64(size))
        for j in range(_ROW):
            lane = j if j < last_lane else last_lane  # lanes that are not there repeat the last one
            line = base + lane * across
            for i in range(first, last):
                value = lines[line + i * along]
                ahead[(i + _4) * _ROW + j] = value
                behind[i * _ROW + j] = value


@njit(cache=True)
def _keep(
    result: NDArray[np.float64],
    target: int,
    steps: NDArray[np.int64],
    kept: int,
    width: int,
    lines: NDArray[np.float64],
) -> None:
    along, across, base, lanes = np.uint64(steps[1]), np.uint64(steps[2]), np.uint64(target), np.uint64(width)
    if steps[2] == 1:
        for i in range(np.uint64(kept)):
            for j in range(lanes):
                lines[base + i * along + j] = result[i * _ROW + j]
        return
    for first in range(np.uint64(0), np.uint64(kept), np.uint64(8)):
        last = min(first + np.uint64(8), np.uint64(kept))
        for j in range(lanes):
            for i in range(first, last):
                lines[base + j * across + i * along] = result[i * _ROW + j]


@njit(cache=True)
def _recurse(
    ahead: NDArray[np.float64],
    behind: NDArray[np.float64],
    feedback: NDArray[np.float64],
    size: int,
    start: int,
    stop: int,
) -> None:
    """In place: forward as far as the box goes, backward down to the voxel behind its first."""
    d1, d2, d3, d4 = feedback[1], feedback[2], feedback[3], feedback[4]
    rest = 1 / (1 + d1 + d2 + d3 + d4)  # beyond its ends a line goes on for ever with its last value
    end = np.uint64(size) * _ROW
    for i in range(_4):
        for j in range(_ROW):
            ahead[i * _ROW + j] = ahead[_4 * _ROW + j] * rest
            behind[end + i * _ROW + j] = behind[end - _ROW + j] * rest
    for i in range(np.uint64(stop)):
        row = i * _ROW
        for j in range(row, row + _ROW):
            ahead[j + _4 * _ROW] -= (
                d1 * ahead[j + _3 * _ROW] + d2 * ahead[j + _2 * _ROW] + d3 * ahead[j + _ROW] + d4 * ahead[j]
            )
    for i in range(np.uint64(size - 1 - start)):
        row = end - _ROW - i * _ROW
        for j in range(row, row + _ROW):
            behind[j] -= (
                d1 * behind[j + _ROW]
                + d2 * behind[j + _2 * _ROW]
                + d3 * behind[j + _3 * _ROW]
                + d4 * behind[j + _4 * _ROW]
            )


@njit(cache=True)
def _combine(
    ahead: NDArray[np.float64],
    behind: NDArray[np.float64],
    start: int,
    kept: int,
    forward: NDArray[np.float64],
    backward: NDArray[np.float64],
    add: bool,
    result: NDArray[np.float64],
) -> None:
    n0, n1, n2, n3 = forward[0], forward[1], forward[2], forward[3]
    m1, m2, m3, m4 = backward[1], backward[2], backward[3], backward[4]
    first = np.uint64(start) * _ROW
    for i in range(np.uint64(kept)):
        row = i * _ROW
        for j in range(row, row + _ROW):
            at = first + j
            value = n0 * ahead[at + _4 * _ROW] + n1 * ahead[at + _3 * _ROW] + n2 * ahead[at + _2 * _ROW]
            value += n3 * ahead[at + _ROW] + m1 * behind[at + _ROW] + m2 * behind[at + _2 * _ROW]
            value += m3 * behind[at + _3 * _ROW] + m4 * behind[at + _4 * _ROW]
            result[j] = result[j] + value if add else value
