"""register: where the points of one image lie in another of the same patient, or in a template, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.core.registration import TEMPLATE, Registration
from features.images.registration.descent import Descent, descend
from features.images.registration.ready import Ready, centre_of, make_ready, radius_of
from features.images.registration.registered import Registered
from features.images.registration.similarity import Likeness, Similarity
from features.images.registration.transform import Transform

VERSION = "1"  # raise it when the numbers change: every pair is then registered again
SPACING_MM = 2.0  # of the finest images that are looked at; larger voxels stay as they are
LEAST_OVERLAP = 0.25  # of the smaller image that has to lie in the other one
LEAST_PEAK = 0.02  # by which share the metric has to fall 12 mm beside the result, along every axis
LEAST_PEAK_APART = 0.1  # where the files put the images apart, so that nothing but the metric speaks for the result
BESIDE_MM = 12.0
WORSE = 0.98  # of the metric where the files put the images: less is worse
SCALES, SCALES_OF_TEMPLATE = (0.95, 1.05), (0.7, 1.4)  # one body is as large in all of its images
MOST_DEG = 45.0
AGREE_MM = 3.0  # or a voxel of the coarser image
ALIKE = 0.97  # of the best metric: what noise makes of it
Freedom = Literal["rigid", "affine"]
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
# Where the searches that have to end at the same place begin, beside the result: mm, and degrees about an axis.
RESTARTS = (((8.0, -8.0, 6.0), (3.5, 3.5, 3.5)), ((-8.0, 8.0, -6.0), (-3.5, -3.5, -3.5)))


class Level(NamedTuple):
    """One resolution: spacing, longest and shortest step in mm."""

    spacing_mm: float
    step_mm: float
    least_mm: float


LEVELS = (Level(8.0, 4.0, 0.2), Level(4.0, 2.0, 0.05), Level(2.0, 1.0, 0.01))
ITERATIONS, SAMPLES = 100, 60_000  # of a level


def register(moving: Volume, fixed: Volume, settings: Registration) -> Registered:
    """Where points of `moving` lie in `fixed`: a rigid or affine transform that maximises Mattes' mutual information.

    The images may have any contrast, size and place. Searches start where the files put the images and with their contents
    over each other, from coarse voxels to 2 mm; cost hardly grows with the number of voxels. Equal images give equal bits.
    The result is not believed because an optimiser stopped: its metric is computed again, has to fall beside it, and
    a second search from beside it has to come back.
    Raises Rejected: REGISTRATION_FAILED, saying which of these did not hold.
    """
    ready = make_ready(moving, SPACING_MM), make_ready(fixed, SPACING_MM)
    turned = _size(ready[1]) < 0.95 * _size(ready[0])  # places are taken in the smaller image, that most lie in both
    one, other = reversed(ready) if turned else ready
    search = _Search(one, other, settings)
    there = search.finer.at(Transform())
    first = search.best()
    search.judge(first.transform, there)
    found, agreement = search.confirmed(first)
    likeness = search.finer.at(found.transform) if found is first else search.judge(found.transform, there)
    transform = found.transform.inverse() if turned else found.transform
    centre = centre_of(ready[1])
    x, y, z = (float(value) for value in centre)
    return Registered(
        transform=transform,
        metric_before=there.metric,
        metric=likeness.metric,
        overlap=likeness.overlap,
        centre_mm=(x, y, z),
        shift_mm=transform.inverse().shift_at(centre),
        rotation_deg=transform.rotation_deg,
        scales=transform.scales if settings.kind == "affine" else (1.0, 1.0, 1.0),
        agreement_mm=agreement,
        iterations=search.iterations,
        converged=found.settled,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    transform: Transform
    metric: float
    settled: bool


class _Search:
    """Searches of one pair: transforms are from points of `one` to those of `other`."""

    def __init__(self, one: Ready, other: Ready, settings: Registration) -> None:
        self.kind: Freedom = settings.kind
        self.scales = SCALES_OF_TEMPLATE if settings.to == TEMPLATE else SCALES
        self.pyramid = {level: (one.coarser(level.spacing_mm), other.coarser(level.spacing_mm)) for level in LEVELS}
        self.coarser, self.finer = Similarity(*self.pyramid[LEVELS[1]]), Similarity(one, other)
        self.one, self.other = one, other
        self.centre = centre_of(one)
        self.radius = max(10.0, radius_of(one, self.centre))
        self.iterations = 0
        self.agree_mm = max(AGREE_MM, *one.spacing_mm, *other.spacing_mm)

    def best(self) -> _Found:
        """The best end of the searches from all starts, at the finest resolution. Raises Rejected if none has an end."""
        ends = []
        for start in self._starts():
            try:
                ends.append(self._down(start, "rigid", LEVELS[:1]))
            except Rejected as rejected:
                failed = rejected
        if not ends:
            raise failed
        found = max(ends, key=lambda end: self.coarser.at(end.transform).metric)
        return self._whole(found.transform, LEVELS[1:])

    def _starts(self) -> Iterator[Transform]:
        """Where the files put the images; their contents over each other, by their means and by their boxes."""
        middles = [one.places((np.array(one.array.shape[::-1]) - 1)[None] / 2)[0] for one in (self.one, self.other)]
        moves = np.zeros(3), centre_of(self.other) - self.centre, middles[1] - middles[0]
        for i, move in enumerate(moves):
            if all(np.linalg.norm(move - earlier) > LEVELS[0].spacing_mm / 2 for earlier in moves[:i]):
                yield Transform.of(np.eye(3), move)

    def confirmed(self, found: _Found) -> tuple[_Found, float]:
        """Of a result and of searches from beside it two that ended at the same place, the better of them, and how far apart.

        A lonely end with a hardly better metric is noise; with a clearly better one it says that the others were wrong.
        Raises Rejected: REGISTRATION_FAILED, if no two of three end at the same place, or the third is clearly better.
        """
        ends, nearest = [found], float("inf")
        for start in RESTARTS:
            try:
                ends.append(self._again(found.transform, *start))
            except Rejected:
                continue
            for one, other in combinations(sorted(ends, key=lambda end: -end.metric), 2):
                apart = self._distance(one.transform, other.transform)
                nearest = min(nearest, apart)
                if apart <= self.agree_mm and one.metric >= ALIKE * max(end.metric for end in ends):
                    return one, apart
        what = "searches from different starts end at different places: the images have too little in common"
        raise Rejected("REGISTRATION_FAILED", what, **({"apart_mm": round(nearest, 1)} if np.isfinite(nearest) else {}))

    def _again(self, found: Transform, shift: tuple[float, ...], turn: tuple[float, ...]) -> _Found:
        """A search that starts beside a result, without its scales."""
        matrix = found.rotation @ _rotation(np.array(turn))
        start = Transform.of(matrix, found(self.centre) + np.array(shift) - matrix @ self.centre)
        return self._whole(start, LEVELS)

    def _whole(self, start: Transform, levels: tuple[Level, ...]) -> _Found:
        """A rigid search and, where asked for, an affine one from its end: they converge better than an affine one alone."""
        found = self._down(start, "rigid", levels)
        return found if self.kind == "rigid" else self._down(found.transform, self.kind, LEVELS)

    def _down(self, transform: Transform, kind: Freedom, levels: tuple[Level, ...]) -> _Found:
        settled = True
        for level in levels:
            pair = self.pyramid[level]
            how = Descent(kind, self.centre, self.radius, level.step_mm, level.least_mm, ITERATIONS, SAMPLES)
            done = descend(*pair, transform, how)
            transform, settled = done.transform, done.settled
            self.iterations += done.iterations
        return _Found(transform, self.finer.at(transform).metric, settled)

    def _distance(self, one: Transform, other: Transform) -> float:
        """The largest distance, in mm, of the corners of the content between two transforms."""
        corners = self.centre + CORNERS * self.radius / np.sqrt(3)
        return float(np.linalg.norm(one(corners) - other(corners), axis=1).max())

    def judge(self, found: Transform, there: Likeness) -> Likeness:
        """The metric of a result that may be. there: what it is where the files put the images.

        Raises Rejected: REGISTRATION_FAILED, if it cannot be: too little overlap, no peak, turned or scaled too far.
        """
        likeness = self.finer.at(found)
        if likeness.overlap < LEAST_OVERLAP:
            raise _failed("the images hardly overlap", likeness, overlap=likeness.overlap)
        high, _, low = found.scales
        least, most = self.scales
        if found.mirrors or low < least or high > most:
            what = f"a scale outside {least} to {most} is not that of one body in two images"
            if self.scales == SCALES_OF_TEMPLATE:
                what = f"a scale outside {least} to {most} is not that of a body and a template"
            raise _failed(what, likeness, scale_low=low, scale_high=high)
        if found.rotation_deg > MOST_DEG:
            what = f"a turn of over {MOST_DEG:.0f} degrees is not that of one scan beside another"
            raise _failed(what, likeness, rotation_deg=found.rotation_deg)
        if there.overlap >= LEAST_OVERLAP and likeness.metric < WORSE * there.metric:
            raise _failed("the metric is worse than where the files put the images", likeness, before=there.metric)
        least = LEAST_PEAK if there.overlap >= LEAST_OVERLAP else LEAST_PEAK_APART
        peak = 1 - max(self._beside(found)) / likeness.metric if likeness.metric > 0 else 0.0
        if peak < least:
            raise _failed(f"the images fit {BESIDE_MM:.0f} mm beside as well", likeness, peak=peak, least=least)
        return likeness

    def _beside(self, found: Transform) -> Iterator[float]:
        """The metric beside a result, along each axis."""
        for axis in range(3):
            for way in (-BESIDE_MM, BESIDE_MM):
                offset = np.array(found.offset_mm)
                offset[axis] += way
                yield self.finer.at(Transform.of(found.array, offset)).metric


def _failed(what: str, likeness: Likeness, **details: float) -> Rejected:
    numbers = {name: round(value, 4) for name, value in {"metric": likeness.metric, **details}.items()}
    return Rejected("REGISTRATION_FAILED", what, **numbers)


def _rotation(turn_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix of small turns about x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def _size(ready: Ready) -> float:
    """Volume of what is looked at, in mm³."""
    return float(np.prod(np.array(ready.array.shape[::-1]) * np.array(ready.spacing_mm)))
