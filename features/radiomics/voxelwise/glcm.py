"""Co-occurrence features round every voxel: the formulas of families/glcm.py on the pairs of levels that occur.

Counts are whole numbers, and small: c log2 c of them stands in a table, so that an entropy costs no logarithm.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.dialects.pyradiomics import FEATURES

NAMES = (*(feature.name for feature in FEATURES["glcm"] if feature.name != "MCC"), "MCC")
Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]
# Counts (levels, levels), (cells, 2) row and column of those that have any, counts by row and by column, levels, and
# whether each cell stands for its mirror image too.
Matrix = tuple[Reals, NDArray[np.int32], Reals, Reals, int, bool]
_ROUNDING = float(np.finfo(np.float64).eps)


@njit(cache=True, nogil=True)
def glcm(
    ranks: NDArray[np.uint16],
    levels: NDArray[np.int32],
    known: NDArray[np.int32],
    pairs: NDArray[np.int32],
    begins: Numbers,
    weights: Reals,
    symmetrical: bool,
    top: int,
    coefficient: bool,
) -> Reals:
    """(V, 24): in the order of NAMES, the mean over directions with a pair; NaN without any.

    ranks, levels, known: of Surroundings. pairs: (pairs, 2), places an offset apart, offset by offset from begins[k].
    weights: of offsets whose matrices are merged first; empty: features of each are averaged. symmetrical: pairs count in
    both orders. top: the highest grey level of the ROI. coefficient: whether MCC is wanted; it is NaN if not.
    """
    voxels, size = ranks.shape
    found = np.full((voxels, 24), math.nan)
    most = known.max()
    counts, px, py = np.zeros((most, most)), np.zeros(most), np.zeros(most)
    if symmetrical:
        py = px
    cells, used = np.zeros((most * most, 2), np.int32), 0
    differences, sums = np.zeros(top), np.zeros(2 * top + 1)
    table = np.zeros(2 * size + 1 if weights.size == 0 else 0)  # an offset has fewer pairs than there are places
    for c in range(2, table.size):
        table[c] = c * math.log2(c)
    square, nodes = np.zeros((most, most)), np.zeros(2 * most, np.int64)
    diagonal, beside, spare = np.zeros(most), np.zeros(most), np.zeros(most)
    for v in range(voxels):
        own, present, many = ranks[v], levels[v], known[v]
        one = np.zeros(24)
        directions, total = 0, 0.0
        for k in range(begins.size - 1):
            step = weights[k] if weights.size else 1.0
            last = not weights.size or k == begins.size - 2
            for q in range(begins[k], begins[k + 1]):
                i, j = np.int64(own[pairs[q, 0]]) - 1, np.int64(own[pairs[q, 1]]) - 1
                if i < 0 or j < 0 or step == 0.0:
                    continue
                px[i] += step
                py[j] += step
                if symmetrical and i > j:
                    i, j = j, i
                if counts[i, j] == 0.0:
                    cells[used, 0], cells[used, 1] = i, j
                    used += 1
                counts[i, j] += step
                total += step
            if total == 0.0 or not last:
                continue
            directions += 1
            matrix = counts, cells[:used], px, py, many, symmetrical
            _add_features(matrix, present, total, top, differences, sums, table, one)
            if coefficient:
                one[23] += _coefficient(matrix, square, nodes, diagonal, beside, spare)
            for u in range(used):
                counts[cells[u, 0], cells[u, 1]] = 0.0
            used, total = 0, 0.0
            px[:many] = 0.0
            py[:many] = 0.0
        if directions:
            found[v] = one / directions
            if many == 1:
                found[v, 5] = found[v, 13] = found[v, 14] = found[v, 23] = math.nan
        if not coefficient:
            found[v, 23] = math.nan
    return found


@njit(cache=True)
def _bits(count: float, table: Reals) -> float:
    """c log2 c, by the table if there is one."""
    return table[int(count)] if table.size else count * math.log2(count)


@njit(cache=True)
def _add_features(
    matrix: Matrix,
    present: NDArray[np.int32],
    pairs: float,
    top: int,
    differences: Reals,
    sums: Reals,
    table: Reals,
    one: Reals,
) -> None:
    """Add the features of one matrix, all but MCC. differences and sums: zeros, and are left so."""
    counts, cells, px, py, many, symmetrical = matrix
    fold = 2.0 if symmetrical else 1.0
    total = fold * pairs
    mx = my = x_entropy = y_entropy = 0.0
    x_levels = y_levels = 0
    for i in range(many):
        if px[i] > 0:
            mx += px[i] * present[i]
            x_entropy += _bits(px[i], table)
            x_levels += 1
    mx /= total
    most = math.log2(total)
    hx = most - x_entropy / total
    if symmetrical:
        my, hy, y_levels = mx, hx, x_levels
    else:
        for j in range(many):
            if py[j] > 0:
                my += py[j] * present[j]
                y_entropy += _bits(py[j], table)
                y_levels += 1
        my /= total
        hy = most - y_entropy / total
    vx = vy = 0.0
    for i in range(many):
        vx += px[i] * (present[i] - mx) * (present[i] - mx)
    vx /= total
    if symmetrical:
        vy = vx
    else:
        for j in range(many):
            vy += py[j] * (present[j] - my) * (present[j] - my)
        vy /= total
    auto = covariance = energy = largest = joint = 0.0
    nearest, furthest, lowest, highest = top, -1, 2 * top, 0
    for u in range(cells.shape[0]):
        i, j = cells[u, 0], cells[u, 1]
        a, b = np.float64(present[i]), np.float64(present[j])
        count = counts[i, j]
        both = fold * count
        auto += both * a * b
        covariance += both * (a - mx) * (b - my)
        if symmetrical and i != j:
            energy += 2 * count * count
            joint += 2 * _bits(count, table)
            largest = max(largest, count)
        else:
            energy += both * both
            joint += _bits(both, table)
            largest = max(largest, both)
        d, s = abs(present[i] - present[j]), present[i] + present[j]
        differences[d] += both
        sums[s] += both
        nearest, furthest = min(nearest, d), max(furthest, d)
        lowest, highest = min(lowest, s), max(highest, s)
    tendency = shade = prominence = average = sum_entropy = 0.0
    for s in range(lowest, highest + 1):
        count = sums[s]
        if count == 0.0:
            continue
        sums[s] = 0.0
        far = s - mx - my
        squared = far * far
        tendency += count * squared
        shade += count * squared * far
        prominence += count * squared * squared
        average += count * s
        sum_entropy += _bits(count, table)
    contrast = mean = entropy = idf = idm = idmn = idn = inverse = variance = 0.0
    for d in range(nearest, furthest + 1):
        count = differences[d]
        if count == 0.0:
            continue
        share = np.float64(d) / top
        squared = np.float64(d * d)
        contrast += count * squared
        mean += count * d
        entropy += _bits(count, table)
        idf += count / (1.0 + d)
        idm += count / (1.0 + squared)
        idmn += count / (1.0 + share * share)
        idn += count / (1.0 + share)
        if d > 0:
            inverse += count / squared
    mean /= total
    for d in range(nearest, furthest + 1):
        variance += differences[d] * (d - mean) * (d - mean)
        differences[d] = 0.0
    hxy = most - joint / total
    shared = hx + hy - hxy
    one[0] += auto / total
    one[1] += prominence / total
    one[2] += shade / total
    one[3] += tendency / total
    one[4] += contrast / total
    one[5] += covariance / total / math.sqrt(vx * vy) if x_levels > 1 and y_levels > 1 else 1.0
    one[6] += mean
    one[7] += most - entropy / total
    one[8] += variance / total
    one[9] += idf / total
    one[10] += idm / total
    one[11] += idmn / total
    one[12] += idn / total
    one[13] += -shared / max(hx, hy) if x_levels > 1 or y_levels > 1 else 0.0
    one[14] += math.sqrt(max(0.0, 1 - math.exp(-2 * shared)))
    one[15] += inverse / total
    one[16] += mx
    one[17] += energy / (total * total)
    one[18] += hxy
    one[19] += largest / total
    one[20] += average / total
    one[21] += most - sum_entropy / total
    one[22] += vx


@njit(cache=True)
def _root(nodes: Numbers, a: int) -> int:
    while nodes[a] != a:
        nodes[a] = nodes[nodes[a]]
        a = nodes[a]
    return a


@njit(cache=True)
def _coefficient(matrix: Matrix, square: Reals, nodes: Numbers, diagonal: Reals, beside: Reals, spare: Reals) -> float:
    """Maximal correlation coefficient of one matrix: the second singular value of p(i, j) / √(p(i) p(j)).

    The first one is 1. So is the second one if rows and columns fall into parts that no cell joins.
    """
    counts, cells, px, py, many, symmetrical = matrix
    parts = 0
    for i in range(many):
        nodes[i], nodes[many + i] = i, many + i
        parts += (px[i] > 0) + (py[i] > 0)
    for u in range(cells.shape[0]):
        i, j = cells[u, 0], cells[u, 1]
        a, b = _root(nodes, i), _root(nodes, many + j)
        if a != b:
            nodes[a] = b
            parts -= 1
        if symmetrical and i != j:
            a, b = _root(nodes, j), _root(nodes, many + i)
            if a != b:
                nodes[a] = b
                parts -= 1
    if parts > 1:
        return 1.0
    rows, total = 0, 0.0
    for i in range(many):  # of the rows that occur: their number, and the root of what they count
        if px[i] > 0:
            nodes[i] = rows
            diagonal[rows] = math.sqrt(px[i])
            total += px[i]
            rows += 1
    if rows < 2:
        return 0.0
    for i in range(rows):
        spare[i] = 1 / diagonal[i]
        for j in range(rows):  # take off the first singular value, whose vectors are these roots
            square[i, j] = -diagonal[i] * diagonal[j] / total
    if symmetrical:
        for u in range(cells.shape[0]):
            i, j = nodes[cells[u, 0]], nodes[cells[u, 1]]
            value = counts[cells[u, 0], cells[u, 1]] * spare[i] * spare[j]
            square[i, j] += value
            square[j, i] += value
    else:
        for j in range(many):  # M Mᵀ, a column of M at a time
            if py[j] == 0:
                continue
            for i in range(many):
                one = counts[i, j]
                if one == 0.0:
                    continue
                for other in range(many):
                    if counts[other, j] > 0:
                        value = one * counts[other, j] / py[j]
                        square[nodes[i], nodes[other]] += value * spare[nodes[i]] * spare[nodes[other]]
    _tridiagonal(square[:rows, :rows], diagonal, beside, spare)
    highest: float = _largest(diagonal[:rows], beside, 1.0)
    if not symmetrical:
        return math.sqrt(max(0.0, highest))
    if not _all_below(diagonal[:rows], beside, -1.0, highest):
        highest = _largest(diagonal[:rows], beside, -1.0)
    return highest


@njit(cache=True)
def _tridiagonal(a: Reals, diagonal: Reals, beside: Reals, spare: Reals) -> None:
    """Diagonal (n) and what stands beside it (n - 1, then 0) of a tridiagonal matrix of the eigenvalues of `a`, used up.

    Householder's reflections (Golub and Van Loan, Matrix Computations, 8.3), from the last row upwards: the matrix that is
    left stays the upper left corner.
    """
    size = a.shape[0]
    beside[size - 1] = 0.0
    for k in range(size - 1, 1, -1):
        v = a[k]
        rest = 0.0
        for j in range(k - 1):
            rest += v[j] * v[j]
        diagonal[k] = v[k]
        if rest == 0.0:
            beside[k - 1] = v[k - 1]
            continue
        length = math.copysign(math.sqrt(rest + v[k - 1] * v[k - 1]), v[k - 1])
        beside[k - 1] = -length
        v[k - 1] += length
        half = length * v[k - 1]
        along = 0.0
        for i in range(k):
            total = 0.0
            for j in range(k):
                total += a[i, j] * v[j]
            spare[i] = total / half
            along += spare[i] * v[i]
        along /= 2 * half
        for i in range(k):
            spare[i] -= along * v[i]
        for i in range(k):
            for j in range(k):
                a[i, j] -= v[i] * spare[j] + spare[i] * v[j]
    diagonal[0] = a[0, 0]
    if size > 1:
        diagonal[1] = a[1, 1]
        beside[0] = a[1, 0]


@njit(cache=True)
def _all_below(diagonal: Reals, beside: Reals, sign: float, bound: float) -> bool:
    """Whether all eigenvalues, times the sign, of a tridiagonal matrix are below a bound."""
    ahead = 0.0
    for k in range(diagonal.size):
        pivot = sign * diagonal[k] - bound - ahead
        if pivot >= 0.0:
            return False
        ahead = beside[k] * beside[k] / pivot
    return True


@njit(cache=True)
def _largest(diagonal: Reals, beside: Reals, sign: float) -> float:
    """The largest eigenvalue, times the sign, of a tridiagonal matrix that has none beyond 1.

    Laguerre's steps from 1 downwards stay above it, and all pivots below zero; each step is from the first two derivatives of
    the determinant's logarithm (Parlett, The Symmetric Eigenvalue Problem, 1980; Li and Zeng, SIAM J Matrix Anal 1994;15:1145).
    """
    size, bound = diagonal.size, 1.0
    for _ in range(100):
        first = second = slope = curve = ahead = 0.0
        for k in range(size):
            pivot = sign * diagonal[k] - bound - ahead
            if pivot >= 0.0:  # there, to a rounding
                return bound
            inverse = 1 / pivot
            curve = ahead * (curve - 2 * slope * slope) * inverse
            slope = (ahead * slope - 1) * inverse
            first += slope
            second += slope * slope - curve
            ahead = beside[k] * beside[k] * inverse
        step = size / (first + math.sqrt(max(0.0, (size - 1) * (size * second - first * first))))
        bound -= step
        if step <= 2 * _ROUNDING:
            break
    return bound
