"""The rules of RECIST 1.1, as functions of diameters in mm: response of target lesions, of a time point, and the best one.

Source: Eisenhauer et al., Eur J Cancer 2009;45:228, sections 4.3 and 4.4, tables 1 and 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, isclose

BEST_FIRST = ("CR", "PR", "SD", "PD", "NE")
NORMAL_NODE_MM = 10.0
PARTIAL, PROGRESSION, PROGRESSION_MM = 0.7, 1.2, 5.0


@dataclass(frozen=True, slots=True)
class Visited:
    """A time point: its response, and the change of the sum from baseline in percent, None where not all was measured."""

    name: str
    day: float
    response: str
    change: float | None


def target_response(lesions: Sequence[tuple[float | None, bool]], baseline: float, nadir: float) -> str:
    """Response of the target lesions, each a diameter in mm (None: not measured) and whether it is a node (short axis).

    baseline, nadir: the sum at baseline, and the smallest so far, baseline included. Lesions that are all gone, and nodes
    under 10 mm, are CR whatever their sum.

    >>> target_response([(40.0, False), (9.0, True)], 80.0, 60.0)
    'PR'
    >>> target_response([(0.0, False), (9.0, True)], 80.0, 4.0)
    'CR'
    >>> target_response([(72.0, False), (None, True)], 80.0, 60.0)
    'PD'
    """
    known = [value for value, _ in lesions if value is not None]
    total, is_whole = fsum(known), len(known) == len(lesions)
    if is_whole and not is_there(lesions):
        return "CR"
    if _reaches(total, nadir * PROGRESSION) and _reaches(total - nadir, PROGRESSION_MM):
        return "PD"  # what was not measured can only add to it
    if not is_whole:
        return "NE"
    return "PR" if _reaches(baseline * PARTIAL, total) else "SD"


def is_there(lesions: Sequence[tuple[float | None, bool]]) -> bool:
    """Whether any of the lesions that were measured is there, a node from 10 mm on."""
    return any(value >= NORMAL_NODE_MM if is_node else value > 0 for value, is_node in lesions if value is not None)


def overall(target: str, others: str, new_lesion: bool | None) -> str:
    """Response at a time point (table 1). others: of the non-target lesions, `none` where there are none.

    new_lesion: None where nobody said, which is enough for PD by the others alone.
    """
    if "PD" in (target, others) or new_lesion:
        return "PD"
    if new_lesion is None or target == "NE":
        return "NE"
    return "PR" if target == "CR" and others not in ("CR", "none") else target


def best_response(visits: Sequence[Visited], stable_days: float, confirm_days: float | None) -> str:
    """The best response up to the first progression (table 3). SD counts from `stable_days` on.

    confirm_days: CR and PR have to be seen again, or bettered, at a visit so many days later, before progression; without it
    they count as SD. None: each counts at once.
    """
    first = next((i for i, one in enumerate(visits) if one.response == "PD"), len(visits))
    found = {"PD"} if first < len(visits) else {"NE"}
    for i, one in enumerate(visits[:first]):
        response = one.response
        if response in ("CR", "PR") and confirm_days is not None:
            later = [other for other in visits[i + 1 : first] if _reaches(other.day - one.day, confirm_days)]
            held = [_poorer(response, other.response) for other in later if other.response in ("CR", "PR")]
            response = min(held, key=BEST_FIRST.index, default="SD")
        if response != "SD" or one.day >= stable_days:
            found.add(response)
    return min(found, key=BEST_FIRST.index)


def _poorer(one: str, other: str) -> str:
    return max(one, other, key=BEST_FIRST.index)


def _reaches(value: float, limit: float) -> bool:
    """At least: 0.7 x 90 mm is 63 mm, although its last binary digit says otherwise."""
    return value >= limit or isclose(value, limit, rel_tol=1e-9, abs_tol=1e-9)
