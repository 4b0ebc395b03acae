"""Suppression: which counts may leave a house, so that neither they nor their differences tell of fewer cases than declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OTHERS = "others"  # in the place of parts that are not told, whose names would tell too much as well


@dataclass(frozen=True)
class Counts:
    """parts: name → count; under OTHERS what is left, None where it is not told. total: of all, None where it is not told."""

    parts: Mapping[str, int | None]
    total: int | None


def told_counts(parts: Mapping[str, int], least: int, kept: str = "") -> Counts:
    """What is told of the parts of a whole: none of fewer than `least` cases, nor what would tell one.

    Where there is a part of 1 to `least` − 1 cases, all but `kept` are told as one, and not at all where they are fewer than
    `least` together: then neither is the total. A rule that hid small parts alone would tell them to whoever knows it: four
    cases in two hidden parts of fewer than three are two and two. A part without cases is left out.

    >>> told_counts({"scored": 40, "no image": 9, "no outcome": 2}, 5, kept="scored")
    Counts(parts={'scored': 40, 'others': 11}, total=51)
    >>> told_counts({"scored": 40, "no image": 2}, 5, kept="scored")
    Counts(parts={'scored': 40, 'others': None}, total=None)
    """
    there = {name: n for name, n in parts.items() if n}
    whole = sum(there.values())
    if whole and whole < least:
        return Counts({OTHERS: None}, None)
    if all(n >= least for n in there.values()):
        return Counts(there, whole)
    own = {kept: there[kept]} if there.get(kept, 0) >= least else {}
    rest = whole - sum(own.values())
    return Counts({**own, OTHERS: rest}, whole) if rest >= least else Counts({**own, OTHERS: None}, None)


def told_rows(rows: Mapping[str, Sequence[int]], least: int) -> frozenset[str]:
    """Names of the rows of a table that may be told beside its totals. rows: name → counts of its cells, such as with and without
    the event.

    A row with a cell below `least`, 0 too, is not told: that nobody of a centre had the event says it of each of them. Of those
    that are not told there are none or several, and together they have twice `least` in every cell; else the next row by name
    is not told either. By name, since an order by size would say of those that are not told how large they are.

    >>> sorted(told_rows({"A": (9, 20), "B": (8, 30), "C": (2, 30)}, 5))
    ['B']
    """
    hidden = [name for name, cells in rows.items() if min(cells) < least]
    spare = sorted(name for name in rows if name not in hidden)

    def tells() -> bool:
        sums = [sum(cells) for cells in zip(*(rows[name] for name in hidden), strict=True)]
        return len(hidden) < 2 or min(sums) < 2 * least

    while hidden and tells() and spare:
        hidden.append(spare.pop(0))
    return frozenset(name for name in rows if name not in hidden)
