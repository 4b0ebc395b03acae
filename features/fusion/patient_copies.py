"""Copies: patients of a study that have one image, or one row of numbers, so that they may be the same person twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.case import target_of
from features.core.design import Copies
from features.results.image_copies import ALIKE, equal_scans
from features.results.manifest import Mart
from features.results.prefixes import region_prefix

EQUAL = 20  # continuous columns in which two rows are equal by no chance
SHARE = 0.9  # of the columns of a block that both rows have
FEW = 6  # patients who have a value that nobody else has: as many ids as one person may have
FLOOR = 3  # times as often as the column's other values, its lowest or highest was cut off there
LEVELS = 10  # whole numbers with fewer values are levels, calls or flags: equal in many patients
TOLD, TOLD_AMONG_OTHERS = 5, 10  # columns from which on equal rows are reported
_CHUNK = 1024
_ROWS = 64
MEASURED = "radiomics"  # the block of handcrafted features

Counts = NDArray[np.float32]  # (rows, rows), whole numbers
Cells = tuple[
    NDArray[np.int32], NDArray[np.int32]
]  # row, and value, of each cell of a part whose value several rows have


def image_copies(scans: pd.DataFrame) -> list[Copies]:
    """Patients with one image: equal voxels in all of it or in the ROI, or equal files.

    scans: `patient`, `image`, `roi`, `image_digest` and the facts by which `equal_scans` knows an image, a row per scan of any
    time point.
    """
    found = []
    for (image, _), rows in scans.groupby(["image", "roi"], sort=True):
        alike_by = {what: equal_scans({name: rows[name].tolist() for name in names}) for what, names in ALIKE.items()}
        alike_by["the files of an image"] = rows["image_digest"].tolist()
        seen: set[tuple[str, ...]] = set()
        for what, alike in alike_by.items():
            groups: dict[str, dict[str, None]] = defaultdict(dict)
            for patient, word in zip(rows["patient"], alike, strict=True):
                groups[word][patient] = None
            several = {tuple(group) for word, group in groups.items() if word and len(group) > 1} - seen
            here = [Copies(group, f"{what} ({image})") for group in sorted(several)]
            found += [one for one in here if one not in found]
            seen |= several
    return found


def scans_of(mart: Mart, cohort: str, region: pd.DataFrame) -> pd.DataFrame:
    """What `image_copies` needs of a cohort. region: its table, index case."""
    names = ["case", "modality", "image", "roi", "image_digest"]
    every: pd.DataFrame = mart.read("scans", cohort, names).to_pandas()
    scans = every[every["case"].isin(region.index)].reset_index(drop=True)
    scans["patient"] = cohort + ":" + region["patient"].reindex(scans["case"]).to_numpy(str)
    for fact in {name: None for names in ALIKE.values() for name in names}:
        scans[fact] = np.nan
        for (image, roi, modality), rows in scans.groupby(["image", "roi", "modality"]):
            column = f"{region_prefix(target_of(str(image), str(roi), str(modality)))}{fact}"
            if column in region:
                scans.loc[rows.index, fact] = region[column].reindex(rows["case"]).to_numpy(float)
    return scans


def row_copies(X: pd.DataFrame, blocks: Mapping[str, str], patients: NDArray[np.str_]) -> list[Copies]:
    """Patients with equal rows of predictors.

    Values are compared in single precision, so that a table in doubles is known again in floats. Only continuous columns
    count: they vary, and are no whole numbers with fewer than 10 values; of double columns one counts, and of handcrafted features
    a value counts once in a row: the shape of a ROI is the same in every image that it is measured in. A value that more
    than half of the rows have is no evidence either way, and neither is a cell that one of the rows lacks, an exact 0, or the
    lowest or highest value of a column if it is three times as frequent as others: floors, as of a network's activations.
    Two rows of different patients are copies if they are equal in 20 columns or more, and
    - these are 90 % of a block's columns that both have (a copy may have been edited), or
    - 20 of them hold values that six patients have at the most, beyond three times what each of the two shares so with most others
      (rounded values are equal by chance), whatever the other columns say, or
    - they are three times as many as either row shares with the sixth of the patients who are most like it: a copy has fewer.
    Rows that are equal in fewer columns are reported and not joined.
    """
    names = list(dict.fromkeys(blocks[column] for column in X.columns))
    if not names:
        return []
    others = patients[:, None] != patients[None, :]
    equal: dict[str, Counts] = {}
    cells: list[Cells] = []
    joined, told = np.zeros_like(others), np.zeros_like(others)
    for name in names:
        own = X.iloc[:, [i for i, column in enumerate(X.columns) if blocks[column] == name]]
        equal[name], both, found = _equal_cells(own, _again(own) if name == MEASURED else None)
        cells += found
        whole = others & (equal[name] >= SHARE * both)
        joined |= whole & (equal[name] >= EQUAL)
        told |= whole & (equal[name] >= TOLD)
    known = [*zip(*np.nonzero(joined), strict=True), *_same(patients)]
    units = _hang_together(len(X), known)
    shared = _rarely_equal(cells, units)
    usual = np.median(shared, axis=1)
    shared -= 3 * np.maximum(usual[:, None], usual[None, :])
    joined |= others & (shared >= EQUAL)
    told |= others & (shared >= TOLD_AMONG_OTHERS)
    every = np.sum([*equal.values()], axis=0) if len(equal) > 1 else equal[names[0]]
    chance = _sixth(np.where(units[:, None] == units[None, :], 0, every))
    joined |= others & (every >= np.maximum(EQUAL, 3 * np.maximum(chance[:, None], chance[None, :])))
    return [
        *_components(joined, patients, equal, joined=True),
        *_components(told & ~joined, patients, equal, joined=False),
    ]


def _sixth(counts: Counts) -> Counts:
    """Of each row the sixth highest count, (n,); 0 where there are fewer rows."""
    if len(counts) <= FEW:
        return np.zeros(len(counts), np.float32)
    found: Counts = np.partition(counts, -FEW, axis=1)[:, -FEW]
    return found


def _same(patients: NDArray[np.str_]) -> Iterable[tuple[int, int]]:
    """Each row with the first one of its patient."""
    first: dict[str, int] = {}
    return [(i, first.setdefault(patient, i)) for i, patient in enumerate(patients.tolist())]


def _hang_together(n: int, pairs: Sequence[tuple[int, int]]) -> NDArray[np.int32]:
    """The component of each row, (n,), from 0."""
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    if np.array_equal(rows, columns):
        return np.arange(n, dtype=np.int32)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    graph = csr_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(n, n))
    label: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return label


def _components(
    pairs: NDArray[np.bool_], patients: NDArray[np.str_], equal: Mapping[str, Counts], *, joined: bool
) -> Iterable[Copies]:
    """The rows that hang together by pairs, and in how many columns of each block those are equal at least."""
    label = _hang_together(len(pairs), list(zip(*np.nonzero(pairs), strict=True)))
    rows: dict[int, list[int]] = defaultdict(list)
    for i in np.flatnonzero(pairs.any(axis=1)):
        rows[int(label[i])].append(int(i))
    for members in rows.values():
        here = np.ix_(members, members)
        least = {name: int(found[here][pairs[here]].min()) for name, found in equal.items()}
        words = [f"{columns} columns of {name}" for name, columns in least.items() if columns >= TOLD]
        total = int(np.sum([found[here] for found in equal.values()], axis=0)[pairs[here]].min())
        alike = " and ".join(words) or f"{total} columns"
        yield Copies(tuple(dict.fromkeys(patients[members].tolist())), alike, joined)


def _equal_cells(values: pd.DataFrame, again: NDArray[np.bool_] | None = None) -> tuple[Counts, Counts, list[Cells]]:
    """In how many continuous columns each two rows are equal, and how many could tell, both (n, n); and the equal cells.

    again: (n, p) cells that do not count; None: all count.
    """
    n = len(values)
    equal, both = np.zeros((n, n), np.float32), np.zeros((n, n), np.float32)
    every: list[Cells] = []
    seen: set[bytes] = set()
    for start in range(0, values.shape[1], _CHUNK):
        part = values.iloc[:, start : start + _CHUNK].to_numpy(np.float64)
        if again is not None:
            part = np.where(again[:, start : start + _CHUNK], np.nan, part)
        part = _continuous(part, seen)
        if not part.shape[1]:
            continue
        known = np.isfinite(part)
        order = np.argsort(part, axis=0, kind="stable")  # missing values last
        sorted_ = np.take_along_axis(part, order, axis=0)
        middle = np.take_along_axis(sorted_, known.sum(axis=0)[None, :] // 2, axis=0)
        most = part == middle
        most &= 2 * most.sum(axis=0) > known.sum(axis=0)
        # who both have no value of the majority, or one of them: two majority values say nothing
        both += part.shape[1] if known.all() else known.astype(np.float32) @ known.T.astype(np.float32)
        if most.any():
            both -= most.astype(np.float32) @ most.T.astype(np.float32)
        fresh = np.ones(part.shape, bool)
        fresh[1:] = sorted_[1:] != sorted_[:-1]
        value = np.empty(part.shape, np.int64)
        np.put_along_axis(value, order, np.cumsum(fresh.T.ravel()).reshape(fresh.T.shape).T - 1, axis=0)
        there = known & ~most
        several = np.bincount(value[there], minlength=1) > 1
        there &= several[np.where(there, value, 0)]
        rows, columns = np.nonzero(there)
        found = rows.astype(np.int32), (np.cumsum(several, dtype=np.int32) - 1)[value[rows, columns]]
        every.append(found)
        equal += _counts(n, *found)
    return equal, both, every


def _rarely_equal(cells: Sequence[Cells], units: NDArray[np.int32]) -> Counts:
    """In how many columns each two rows have a value that two to six units have, (n, n). units: (n,) who each row is."""
    shared = np.zeros((len(units), len(units)), np.float32)
    several = int(units.max()) + 1
    is_shared = np.bincount(units)[units] > 1  # units of several rows
    for rows, values in cells:
        once = ~is_shared[rows]
        pairs = np.unique(values[~once].astype(np.int64) * several + units[rows[~once]])
        held = np.bincount(np.concatenate([values[once], pairs // several]), minlength=1)[values]
        kept = (held > 1) & (held <= FEW)
        shared += _counts(len(units), rows[kept], values[kept])
    return shared


def _counts(n: int, rows: NDArray[np.int32], values: NDArray[np.int32]) -> Counts | float:
    """How many of the values each two rows share, (n, n); 0 if there are none."""
    if not len(values):
        return 0.0
    from scipy.sparse import csr_array

    ones = csr_array((np.ones(len(values), np.float32), (rows, values)), shape=(n, int(values.max()) + 1))
    found: Counts = (ones @ ones.T).toarray()
    return found


def _again(values: pd.DataFrame) -> NDArray[np.bool_]:
    """Cells whose value stands in an earlier cell of their row, (n, p), in single precision."""
    found = np.zeros(values.shape, np.bool_)
    for start in range(0, len(values), _ROWS):
        rows = values.iloc[start : start + _ROWS].to_numpy(np.float32)
        order = np.lexsort((np.broadcast_to(np.arange(rows.shape[1]), rows.shape), rows))
        there = np.take_along_axis(rows, order, axis=1)
        np.put_along_axis(found[start : start + _ROWS], order[:, 1:], there[:, 1:] == there[:, :-1], axis=1)
    return found


def _continuous(values: NDArray[np.float64], seen: set[bytes]) -> NDArray[np.float32]:
    """The columns that can tell rows apart, in single precision; those in `seen` are left out, and are put there."""
    with np.errstate(over="ignore"):
        single = (values + 0.0).astype(np.float32)
    single[~np.isfinite(single)] = np.nan
    ordered = np.sort(single, axis=0)
    distinct = (ordered[1:] != ordered[:-1]) & np.isfinite(ordered[1:])
    count = distinct.sum(axis=0) + np.isfinite(ordered[:1]).sum(axis=0)
    is_whole = (np.isnan(single) | (single == np.round(single))).all(axis=0)
    good = (count > 1) & ~(is_whole & (count < LEVELS))
    usual = np.isfinite(single).sum(axis=0) / np.maximum(count, 1)
    single[single == 0] = np.nan
    for end in (np.fmin, np.fmax):
        floor = single == end.reduce(single, axis=0)
        single[floor & (floor.sum(axis=0) >= FLOOR * usual)] = np.nan
    kept: list[int] = []
    for j in np.flatnonzero(good):
        key = sha256(single[:, j].tobytes()).digest()
        if key not in seen:
            seen.add(key)
            kept.append(int(j))
    return np.asarray(single[:, kept], dtype=np.float32)


def of_patients(copies: Sequence[Copies], patients: Iterable[str]) -> tuple[Copies, ...]:
    """The copies among these patients; who stands in no other row is left out."""
    there = set(patients)
    found = (Copies(tuple(p for p in one.patients if p in there), one.alike, one.joined) for one in copies)
    return tuple(one for one in found if len(one.patients) > 1)
