"""Copies of images: scans of different patients with the same voxels, in the image or in the ROI, so that one may be a copy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.quarantine import Warned

SIZE = ("size_x", "size_y", "size_z")
IMAGE = (*SIZE, "image_min", "image_mean", "image_max", "image_sd", "image_plane_sd")
ROI = ("voxels", "intensity_min", "intensity_mean", "intensity_max", "intensity_sd")
# What is compared, in words, and by which facts of the region block: sizes, lowest, mean, highest, standard deviation, others.
ALIKE: Mapping[str, tuple[str, ...]] = {"the voxels of an image": IMAGE, "the voxels of an ROI": ROI}
CLOSE = 1e-6  # of the largest intensity: a copy in another format, or turned round, is summed and rounded otherwise
ENDS_CLOSE = 2e-5  # of that, of lowest and highest: half a step of 16 bits, where a copy is scaled to whole numbers
TWO_LEVELS = 1e-6  # an image of two intensities has the largest variance that its ends and its mean allow

Facts = Mapping[str, Sequence[float | None]]


def find_copies(scans: Iterable[Scan], table: pa.Table, prefix: str) -> Iterator[tuple[Scan, Warned]]:
    """IMAGE_COPY for each scan that has the voxels of another patient's, by their facts in the region block.

    `prefix`: of the columns of one modality. The other patients are not named, because they may be withdrawn: `alike` is the
    same word for all of them. Scans that have the whole image in common are not told of their ROIs again.
    """
    scans, cases = list(scans), table["case"].to_pylist()
    told: list[set[Scan]] = []
    for what, names in ALIKE.items():
        facts = table.select([prefix + name for name in names]).rename_columns(names).to_pydict()
        words = dict(zip(cases, equal_scans(facts), strict=True))
        groups: dict[str, list[Scan]] = defaultdict(list)
        for scan in scans:
            if word := words[str(scan.case)]:
                groups[word].append(scan)
        for word, group in groups.items():
            patients = len({scan.case.patient for scan in group})
            if patients > 1 and not any(told_one.issuperset(group) for told_one in told):
                told.append(set(group))
                message = f"{what} are those of another patient: one of them may be a copy"
                said = Warned("IMAGE_COPY", message, {"patients": patients, "alike": word})
                yield from ((scan, said) for scan in group)


def equal_scans(facts: Facts) -> list[str]:
    """A word for each scan that has an equal one, the same for all that are equal; "" for the others.

    facts: those of one of ALIKE, by name, a value per scan. Equal are sizes, whichever way an image lies, and intensities up
    to rounding. Voxels of one intensity, or of two, are often alike and prove nothing.
    """
    columns = {name: np.array([np.nan if v is None else v for v in found], np.float64) for name, found in facts.items()}
    sizes = np.sort([columns.pop(name) for name in (*SIZE, "voxels") if name in columns], axis=0).T
    values = np.stack(list(columns.values()), axis=1)
    lowest, mean, highest, sd = values.T[:4]
    tell = np.isfinite(values).all(axis=1) & np.isfinite(sizes).all(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        tell &= sd**2 < (1 - TWO_LEVELS) * (mean - lowest) * (highest - mean)
    by_size: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for i in np.flatnonzero(tell).tolist():
        by_size[tuple(sizes[i].tolist())].append(i)
    words = [""] * len(values)
    for size, members in by_size.items():
        for group in _close(values[members]):
            word = digest_json([*size, *values[members[group[0]]].tolist()])[:12]
            for i in group:
                words[members[i]] = word
    return words


def _close(values: NDArray[np.float64]) -> Iterator[list[int]]:
    """Groups of two or more rows of equal facts up to rounding. values: lowest, mean, highest, others, (n, facts)."""
    order = np.argsort(values[:, 1], kind="stable")
    values = values[order]
    slack = np.full_like(values, CLOSE)
    slack[:, [0, 2]] = ENDS_CLOSE
    slack *= np.abs(values[:, :3]).max(axis=1, keepdims=True)
    pairs = []
    for i, start in enumerate(np.searchsorted(values[:, 1], values[:, 1] - slack[:, 1]).tolist()):
        near = (np.abs(values[start:i] - values[i]) <= slack[i]).all(axis=1)
        pairs += [(i, start + j) for j in np.flatnonzero(near).tolist()]
    rows, others = np.array(pairs, np.int64).reshape(-1, 2).T
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(rows), np.int8), (rows, others)), shape=(len(values), len(values)))
    groups: dict[int, list[int]] = defaultdict(list)
    for place, label in zip(order.tolist(), connected_components(graph, directed=False)[1].tolist(), strict=True):
        groups[label].append(place)
    yield from (sorted(group) for group in groups.values() if len(group) > 1)
