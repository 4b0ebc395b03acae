"""Copies of images: scans of different patients with the same voxels in their ROI, so that one may be a copy of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.quarantine import Warned

ALIKE = ("voxels", "intensity_min", "intensity_mean", "intensity_max", "intensity_sd")
CLOSE = 1e-6  # of the largest intensity: a copy in another format, or turned round, is summed and rounded otherwise


def find_copies(scans: Iterable[Scan], table: pa.Table, prefix: str) -> Iterator[tuple[Scan, Warned]]:
    """IMAGE_COPY for each scan that has the voxels of another patient's, by their facts in the region block.

    `prefix`: of the columns of one modality. The other patients are not named, because they may be withdrawn: `alike` is the
    same word for all of them.
    """
    words = dict(zip(table["case"].to_pylist(), equal_regions(table.select(_names(prefix)).to_pydict()), strict=True))
    groups: dict[str, list[Scan]] = defaultdict(list)
    for scan in scans:
        if word := words[str(scan.case)]:
            groups[word].append(scan)
    for word, group in groups.items():
        patients = len({scan.case.patient for scan in group})
        if patients > 1:
            told = Warned("IMAGE_COPY", details={"patients": patients, "alike": word})
            yield from ((scan, told) for scan in group)


def equal_regions(facts: Mapping[str, Sequence[float | None]]) -> list[str]:
    """A word for each scan that has an equal one, the same for all that are equal; "" for the others.

    facts: those of ALIKE, in this order, under any names. Equal are the number of voxels, and lowest, mean, highest
    intensity and its standard deviation up to rounding. Flat ROIs are often alike and prove nothing.
    """
    rows = np.array([[np.nan if v is None else v for v in found] for found in facts.values()], dtype=np.float64).T
    words = [""] * len(rows)
    by_size: dict[float, list[int]] = defaultdict(list)
    for i in np.flatnonzero(np.isfinite(rows).all(axis=1) & (rows[:, -1] > 0)).tolist():
        by_size[float(rows[i, 0])].append(i)
    for members in by_size.values():
        for group in _close(rows, members):
            word = digest_json(rows[group[0]].tolist())[:12]
            for i in group:
                words[i] = word
    return words


def _close(rows: NDArray[np.float64], members: list[int]) -> Iterator[list[int]]:
    """Groups of two or more rows of equal facts up to rounding."""
    order = sorted(members, key=lambda i: (rows[i, 2], i))
    group = {i: [i] for i in order}
    for place, i in enumerate(order):
        slack = CLOSE * np.abs(rows[i, 1:4]).max()
        for j in reversed(order[:place]):
            if rows[i, 2] - rows[j, 2] > slack:
                break
            if group[j] is not group[i] and (np.abs(rows[i] - rows[j]) <= slack).all():
                group[j] += group[i]
                for other in group[i]:
                    group[other] = group[j]
    yield from (found for found in {id(found): found for found in group.values()}.values() if len(found) > 1)


def _names(prefix: str) -> list[str]:
    return [prefix + name for name in ALIKE]
