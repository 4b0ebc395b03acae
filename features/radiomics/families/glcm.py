"""glcm: grey level co-occurrence matrix: how often grey levels lie next to one another.

pyradiomics averages the features of all directions, or has those of their weighted sum, and adds a little against
division by zero. IBSI (LFYI) has several aggregations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.core.portable import power
from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.dialects.roi import IbsiRoi, Roi
from features.radiomics.families.family import Family
from features.radiomics.formulas.entropy import entropy, histogram
from features.radiomics.formulas.slices import Values, aggregate_directions
from features.radiomics.geometry.eigenvalues import second_singular_values
from features.radiomics.voxels.matrix import Matrix
from features.radiomics.voxels.texture import Texture
from features.radiomics.voxels.weights import weights_along

EPS = float(np.spacing(1))


class Glcm(Family):
    """Haralick et al., IEEE Trans Syst Man Cybern 1973;3:610, as pyradiomics defines them.

    Correlation, Imc1, Imc2 and MCC of a single grey level are NaN.
    """

    kind: Literal["glcm"] = "glcm"

    def by_pyradiomics(self, roi: Roi) -> Mapping[str, float]:
        texture, settings = roi.texture, roi.settings
        pairs = _dense(texture.pairs, settings.symmetrical)
        if settings.weighting is not None:
            weights = weights_along(roi.lattice.chosen, roi.spacing_mm, settings.weighting, "glcm")
            pairs = _merged(texture.pairs, weights, settings.symmetrical)
        if not len(pairs):
            return dict.fromkeys(_ALL, math.nan)
        values = dict(zip(_NAMES, _averages(pairs, texture.levels).tolist(), strict=True))
        values["MCC"] = float(_correlation_coefficients(pairs, symmetrical=settings.symmetrical).mean())
        if len(texture.levels) == 1:
            values |= dict.fromkeys(("Correlation", "Imc1", "Imc2", "MCC"), math.nan)
        return {name: values[name] for name in _ALL}

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:
        return aggregate_directions(roi, wanted, _matrices, lambda one: _features_of(one, roi.level_count))


_ALL = [feature.name for feature in FEATURES["glcm"]]
_NAMES = [name for name in _ALL if name != "MCC"]


@njit(cache=True)
def _entropy(p: float) -> float:
    return -p * math.log2(p + EPS) if p > 0 else 0.0


def _merged(counts: NDArray[np.int32], weights: NDArray[np.float64], symmetrical: bool) -> NDArray[np.float64]:
    """(1, K, K): the weighted sum of the directions; (0, K, K) if nothing is counted."""
    both = counts + counts.transpose(1, 0, 2) if symmetrical else counts
    merged = (both * weights).sum(axis=2)[None]
    found: NDArray[np.float64] = merged[merged.sum(axis=(1, 2)) > 0]
    return found


@njit(cache=True)
def _dense(counts: NDArray[np.int32], symmetrical: bool) -> NDArray[np.float64]:
    """(directions, K, K): of counts (K, K, directions) those that count anything; symmetrical: in both orders."""
    many, used = counts.shape[0], 0
    pairs = np.zeros((counts.shape[2], many, many))
    for k in range(counts.shape[2]):
        one, total = pairs[used], np.int64(0)
        for i in range(many):
            for j in range(many):
                count = np.int64(counts[i, j, k])
                total += count
                one[i, j] = count + counts[j, i, k] if symmetrical else count
        if total > 0:
            used += 1
    return pairs[:used]


@njit(cache=True)
def _averages(pairs: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over the directions, in the order of _NAMES."""
    many, size = levels.size, int(levels[-1])
    found = np.zeros((pairs.shape[0], 23))
    for k in range(pairs.shape[0]):
        total = 0.0
        for i in range(many):
            for j in range(many):
                total += pairs[k, i, j]
        px, py = np.zeros(many), np.zeros(many)
        sums, differences = np.zeros(2 * size + 1), np.zeros(size)
        one = found[k]
        hxy, energy, largest, auto = 0.0, 0.0, 0.0, 0.0
        for i in range(many):
            for j in range(many):
                if pairs[k, i, j] == 0:
                    continue
                p = pairs[k, i, j] / total
                px[i] += p
                py[j] += p
                sums[int(levels[i] + levels[j])] += p
                differences[int(abs(levels[i] - levels[j]))] += p
                hxy += _entropy(p)
                energy += p * p
                largest = max(largest, p)
                auto += p * levels[i] * levels[j]
        mx, my, hx, hy = 0.0, 0.0, 0.0, 0.0
        for i in range(many):
            mx += px[i] * levels[i]
            my += py[i] * levels[i]
            hx += _entropy(px[i])
            hy += _entropy(py[i])
        vx, vy, corm, levels_x, levels_y = 0.0, 0.0, 0.0, 0, 0
        for i in range(many):
            vx += px[i] * (levels[i] - mx) * (levels[i] - mx)
            vy += py[i] * (levels[i] - my) * (levels[i] - my)
            levels_x += px[i] > 0
            levels_y += py[i] > 0
        hxy1, hxy2 = 0.0, 0.0
        for i in range(many):
            for j in range(many):
                q = px[i] * py[j]
                if q > 0:
                    bits = math.log2(q + EPS)
                    hxy1 -= pairs[k, i, j] / total * bits
                    hxy2 -= q * bits
                    corm += pairs[k, i, j] / total * (levels[i] - mx) * (levels[j] - my)
        prominence, shade, tendency, average, sum_entropy = 0.0, 0.0, 0.0, 0.0, 0.0
        for s in range(2, 2 * size + 1):
            d = s - mx - my
            tendency += sums[s] * d * d
            shade += sums[s] * d * d * d
            prominence += sums[s] * d * d * d * d
            average += sums[s] * s
            sum_entropy += _entropy(sums[s])
        contrast, mean, entropy, inverse, idf, idm, idmn, idn = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for d in range(size):
            p = differences[d]
            contrast += p * d * d
            mean += p * d
            entropy += _entropy(p)
            idf += p / (1 + d)
            idm += p / (1 + d * d)
            idmn += p / (1 + d / size * (d / size))
            idn += p / (1 + d / size)
            if d:
                inverse += p / (d * d)
        variance = 0.0
        for d in range(size):
            variance += differences[d] * (d - mean) * (d - mean)
        scale = math.sqrt(vx) * math.sqrt(vy) if levels_x > 1 and levels_y > 1 else 0.0
        one[0], one[1], one[2], one[3], one[4] = auto, prominence, shade, tendency, contrast
        one[5] = corm / (scale + EPS) if scale > 0 else 1.0
        one[6], one[7], one[8] = mean, entropy, variance
        one[9], one[10], one[11], one[12] = idf, idm, idmn, idn
        most = max(hx, hy)
        one[13] = (hxy - hxy1) / most if most > 0 else 0.0
        one[14] = math.sqrt(max(0.0, 1 - math.exp(-2 * (hxy2 - hxy))))
        one[15], one[16], one[17], one[18] = inverse, mx, energy, hxy
        one[19], one[20], one[21], one[22] = largest, average, sum_entropy, vx
    means = np.zeros(23)
    for k in range(pairs.shape[0]):
        means += found[k]
    means /= pairs.shape[0]
    return means


def _correlation_coefficients(pairs: NDArray[np.float64], *, symmetrical: bool) -> NDArray[np.float64]:
    """Maximal correlation coefficient of each direction.

    Q is similar to M Mᵀ with M(i, k) = p(i, k) / √(p(i) p(k)): its eigenvalues are the squared singular values of M.
    """
    if pairs.shape[1] < 2:
        return np.full(len(pairs), np.nan)
    p = pairs / pairs.sum(axis=(1, 2), keepdims=True)
    of_row = p.sum(axis=2)
    of_column = of_row if symmetrical else p.sum(axis=1)
    return second_singular_values(p / np.sqrt(of_row[:, :, None] * of_column[:, None, :] + EPS))


def _matrices(texture: Texture) -> list[Matrix]:
    """Of the directions along which there are pairs, in both orders; one that is empty if there are none."""
    present, voxels = texture.found.present, len(texture.found.values)
    found = []
    for pairs in np.moveaxis(texture.pairs, 2, 0):
        rows, columns = np.nonzero(both := pairs + pairs.T)
        if len(rows):
            found.append(Matrix(present[rows], present[columns], both[rows, columns].astype(np.float64), voxels))
    none = np.empty(0, np.int64)
    return found or [Matrix(none, none, np.empty(0), voxels)]


def _features_of(matrix: Matrix, level_count: int) -> list[float]:
    """IBSI's features of a symmetrical matrix; NaN where it is empty."""
    if not len(matrix.counts):
        return [math.nan] * 25
    p = matrix.counts / matrix.counts.sum()
    rows, columns = matrix.rows, matrix.columns
    i, j = rows.astype(np.float64), columns.astype(np.float64)
    difference, total = np.abs(i - j), i + j
    of_level = histogram(rows, p)
    of_difference, of_sum = histogram(np.abs(rows - columns), p), histogram(rows + columns, p)
    mean = float((i * p).sum())
    variance = float(((i - mean) ** 2 * p).sum())
    dissimilarity, contrast = float((difference * p).sum()), float((difference**2 * p).sum())
    apart = difference > 0
    cluster = total - 2 * mean
    joint, single = entropy(p), entropy(of_level)
    shared = max(2 * single - joint, 0.0)  # both entropies of independent i and j are twice that of i: p is symmetrical
    return [
        float(p.max()),
        mean,
        variance,
        joint,
        dissimilarity,
        float(((difference - dissimilarity) ** 2 * p).sum()),
        entropy(of_difference),
        float((total * p).sum()),
        float((cluster**2 * p).sum()),
        entropy(of_sum),
        float((p**2).sum()),
        contrast,
        dissimilarity,
        float((p / (1 + difference)).sum()),
        float((p / (1 + difference / level_count)).sum()),
        float((p / (1 + difference**2)).sum()),
        float((p / (1 + difference**2 / level_count**2)).sum()),
        float((p[apart] / difference[apart] ** 2).sum()),
        float(((i - mean) * (j - mean) * p).sum()) / variance if variance > 0 else math.nan,
        float((i * j * p).sum()),
        float((cluster**2 * p).sum()),
        float((power(cluster, 3) * p).sum()),
        float((power(cluster, 4) * p).sum()),
        -shared / single if single > 0 else math.nan,
        math.sqrt(1 - math.exp(-2 * shared)),
    ]
