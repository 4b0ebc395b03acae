"""b_value_parts, phase_parts: the volumes that the slices of an acquisition make up, by b-value or in the order of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from features.core.quarantine import Rejected
from features.images.dicom.b_value import b_value
from features.images.dicom.dataset import numbers
from features.images.dicom.frames import Frame, functional_group
from features.images.dicom.injection import private_text
from features.images.dicom.moments import DAY_S, frame_seconds, injection_seconds
from features.images.dicom.spacing import ROUNDING_MM

SAME_B = 1.0  # s/mm²: nearer b-values are one
SCALE = 1e-4  # by so much of themselves factors may differ
Frames = list[Frame]
Order = Callable[[Frame], float]  # NaN: it is not told


class Part(NamedTuple):
    """The slices of one volume, and what it is: its b-value in s/mm², or when it began in s; NaN if nothing tells it."""

    told: float
    frames: Frames


def b_value_parts(frames: Sequence[Frame]) -> list[Part]:
    """The volumes of a diffusion-weighted acquisition, by b-value; of one b-value there may be several.

    Raises Rejected(CALCULATION): a slice tells no b-value, or a b-value has not the same number of slices at each position.
    """
    told = [b_value(frame.dataset, frame.groups) for frame in frames]
    if (untold := told.count(None)) or not told:
        raise Rejected("CALCULATION", "slices do not tell their b-value", slices=len(frames), untold=untold)
    parts: list[Part] = []
    group: Frames = []
    values = [b for b in told if b is not None]
    by_value = sorted(range(len(frames)), key=values.__getitem__)
    for n, place in enumerate(by_value):
        group.append(frames[place])
        last = n + 1 == len(by_value)
        if last or values[by_value[n + 1]] - values[place] > SAME_B:
            b = values[by_value[n + 1 - len(group)]]
            stacks = _stacks(group, (_acquisition, _instance), f"slices of the b-value {b:g}")
            parts += [Part(b, stack) for stack in stacks]
            group = []
    return parts


def phase_parts(frames: Sequence[Frame], clock: Literal["first", "injection"] = "first") -> list[Part]:
    """The phases of a dynamic acquisition, in the order of time.

    Phases are told apart by the first of these that every slice tells and that differs wherever slices lie at one position:
    temporal position, time of acquisition, trigger time, AcquisitionNumber, InstanceNumber. When they began is told by the
    time of acquisition, else, from the first phase on, by the trigger time, if it ascends from phase to phase.
    Raises Rejected(CALCULATION): nothing tells phases apart, or not all positions have the same number of slices.
    """
    orders = (_temporal, frame_seconds, _trigger, _acquisition, _instance)
    stacks = _stacks(frames, orders, "slices of a dynamic series")
    told = _begins(stacks, clock)
    return [Part(begin, stack) for begin, stack in zip(told, stacks, strict=True)]


def check_scale(frames: Sequence[Frame]) -> None:
    """Raises Rejected(CALCULATION) if Philips scaled slices differently, so that their values are of different units.

    What compares is value / (RescaleSlope × scale slope) (Chenevert et al., Transl Oncol 2014;7:65).
    """
    factors = []
    for frame in frames:
        told = private_text(frame.dataset, 0x2005, "Philips MR Imaging DD 001", 0x0E)
        try:
            factors.append(float(told) * (frame.slope or 1.0))
        except ValueError:
            return
    if factors and max(factors) - min(factors) > SCALE * max(map(abs, factors)):
        what = "the scanner scaled the volumes differently (Philips scale slope), so that their signals do not compare"
        raise Rejected("CALCULATION", what, factors=len(set(factors)))


def _stacks(frames: Sequence[Frame], orders: Sequence[Order], what: str) -> list[Frames]:
    """Slices as volumes, each with one slice at every position, in the order of the first of `orders` that tells them apart."""
    places = _places(frames)
    counts = sorted({len(here) for here in places})
    if len(counts) > 1:
        raise Rejected(
            "CALCULATION",
            f"{what} are not as many at every position: volumes lie on different grids, or slices are missing",
            positions=len(places),
            fewest=counts[0],
            most=counts[-1],
        )
    if counts == [1]:
        return [list(frames)]
    for order in orders:
        sorted_places = [sorted(((order(frame), n) for n, frame in enumerate(here))) for here in places]
        keys = np.array([[key for key, _ in here] for here in sorted_places])
        if np.isfinite(keys).all() and (np.diff(keys, axis=1) > 0).all():
            found = [[here[n] for _, n in place] for here, place in zip(places, sorted_places, strict=True)]
            return [list(stack) for stack in zip(*found, strict=True)]
    raise Rejected("CALCULATION", f"nothing tells {what} apart that lie at one position", volumes=counts[0])


def _places(frames: Sequence[Frame]) -> list[Frames]:
    """The slices at each position along the normal of the first."""
    normal = np.cross(frames[0].orientation[:3], frames[0].orientation[3:])
    along = np.array([frame.position_mm for frame in frames]) @ normal
    found: list[Frames] = []
    last = -math.inf
    for n in np.argsort(along, kind="stable").tolist():
        if along[n] - last > ROUNDING_MM:
            found.append([])
        found[-1].append(frames[n])
        last = along[n]
    return found


def _begins(stacks: Sequence[Frames], clock: Literal["first", "injection"]) -> list[float]:
    """When each phase began, in s from the first one or from the injection; NaN if nothing tells it, or not in order."""
    acquired = _ascending([min(map(frame_seconds, stack), key=_nan_first) for stack in stacks])
    if clock == "injection":
        injected = {injection_seconds(frame.dataset) for stack in stacks for frame in stack}
        if len(injected) != 1 or not acquired or not math.isfinite(injection := injected.pop()):
            return [math.nan] * len(stacks)
        first = (acquired[0] - injection + DAY_S / 2) % DAY_S - DAY_S / 2  # the nearest one before or after
        return [first + begin - acquired[0] for begin in acquired]
    found = acquired or _ascending([min(map(_trigger, stack), key=_nan_first) / 1000 for stack in stacks])
    return [begin - found[0] for begin in found] if found else [math.nan] * len(stacks)


def _ascending(begins: list[float]) -> list[float]:
    """The moments, past midnight if they have no date, if they ascend; none if they do not."""
    found: list[float] = []
    for begin in begins:
        if found and begin - found[-1] < -DAY_S / 2:
            begin += DAY_S
        found.append(begin)
    return found if np.isfinite(found).all() and (np.diff(found) > 0).all() else []


def _nan_first(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _number(frame: Frame, keyword: str, group: str = "") -> float:
    place = functional_group(frame.groups, group) if group else frame.dataset
    return (numbers(place, keyword, 1) or (math.nan,))[0]


def _temporal(frame: Frame) -> float:
    if frame.groups:
        return _number(frame, "TemporalPositionIndex", "FrameContentSequence")
    return _number(frame, "TemporalPositionIdentifier")


def _trigger(frame: Frame) -> float:
    return math.nan if frame.groups else _number(frame, "TriggerTime")


def _acquisition(frame: Frame) -> float:
    if frame.groups:
        return _number(frame, "FrameAcquisitionNumber", "FrameContentSequence")
    return _number(frame, "AcquisitionNumber")


def _instance(frame: Frame) -> float:
    return float(frame.index) if frame.groups else _number(frame, "InstanceNumber")
