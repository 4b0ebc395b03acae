"""find_consensus: the mask on which readers agree, by majority or by STAPLE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.quarantine import Rejected

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
ConsensusKind = Literal["majority", "staple"]
LEAST_READERS = 2
MARGIN = 1  # voxels round the union of the masks, in which STAPLE works: the size of the image decides nothing
CUT = 0.5
_START, _CONVERGED, _MOST_ROUNDS = 0.99999, 1e-12, 20_000


@dataclass(frozen=True, slots=True)
class Performance:
    """How STAPLE judges a reader: the share of the true ROI that was drawn, and of what is not ROI that was left out."""

    sensitivity: float
    specificity: float


def find_consensus(masks: Sequence[Mask], kind: ConsensusKind) -> Mask:
    """The mask (z, y, x) on which the readers' masks of one grid agree; it may be empty.

    Raises Rejected(READERS_FEW) for fewer than two masks, an empty one counted.
    """
    if len(masks) < LEAST_READERS:
        raise Rejected("READERS_FEW", readers=len(masks), needed=LEAST_READERS)
    return majority(masks) if kind == "majority" else staple(masks)[0]


def majority(masks: Sequence[Mask]) -> Mask:
    """Voxels that more than half of the readers drew: of two readers both, of four at least three."""
    found = np.zeros(masks[0].shape, np.bool_)
    union = _union(masks)
    if union.any():
        box = bounding_box(union)
        votes = sum(mask[box].astype(np.uint16) for mask in masks)
        found[box] = 2 * np.asarray(votes) > len(masks)
    return found


def staple(masks: Sequence[Mask]) -> tuple[Mask, tuple[Performance, ...]]:
    """Voxels that are of the ROI with a probability of at least 0.5, and how each reader is judged.

    Warfield et al., IEEE Trans Med Imaging 2004;23:903, without a Markov field: expectation maximisation over the voxels
    of the smallest box round all masks and one voxel more on each side (not along an axis of one voxel), within the image
    or beyond it. Prior of each voxel: the mean share of that box that readers drew, as ITK has it. Both figures of all
    readers begin at 0.99999. Voxels with equal votes are one: the result is the same to the bit, whatever their order.
    """
    found = np.zeros(masks[0].shape, np.bool_)
    union = _union(masks)
    if not union.any():
        return found, tuple(Performance(float("nan"), 1.0) for _ in masks)
    box = bounding_box(union)
    codes = np.zeros(union[box].shape, np.int64)
    for place, mask in enumerate(masks):
        codes |= mask[box].astype(np.int64) << place
    patterns, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    votes = (patterns[:, None] >> np.arange(len(masks))) & 1 == 1
    edges = np.array(codes.shape) + 2 * MARGIN * (np.array(union.shape) > 1)
    beyond = int(edges.prod()) - codes.size
    probability, judged = _maximise(
        np.vstack([votes, np.zeros((1, len(masks)), np.bool_)]), np.append(counts, beyond).astype(np.float64)
    )
    found[box] = (probability[:-1] >= CUT)[inverse].reshape(codes.shape)
    return found, judged


def _union(masks: Sequence[Mask]) -> Mask:
    union = masks[0].copy()
    for mask in masks[1:]:
        union |= mask
    return union


def _maximise(votes: NDArray[np.bool_], counts: Floats) -> tuple[Floats, tuple[Performance, ...]]:
    """Probability of each pattern of votes (patterns, readers), and the readers; counts (patterns): voxels of each."""
    prior = float((counts @ votes).mean() / counts.sum())
    sensitivity = np.full(votes.shape[1], _START)
    specificity = sensitivity.copy()
    weight = np.zeros(len(counts))
    for _ in range(_MOST_ROUNDS):
        inside = prior * np.where(votes, sensitivity, 1 - sensitivity).prod(axis=1)
        outside = (1 - prior) * np.where(votes, 1 - specificity, specificity).prod(axis=1)
        both = inside + outside
        weight = np.divide(inside, both, out=np.full(len(counts), prior), where=both > 0)
        within, without = weight * counts, (1 - weight) * counts
        before = np.concatenate([sensitivity, specificity])
        sensitivity = _share(within @ votes, float(within.sum()), sensitivity)
        specificity = _share(without @ ~votes, float(without.sum()), specificity)
        if np.abs(np.concatenate([sensitivity, specificity]) - before).max() < _CONVERGED:
            break
    return weight, tuple(map(Performance, sensitivity.tolist(), specificity.tolist()))


def _share(part: Floats, whole: float, before: Floats) -> Floats:
    return np.clip(part / whole, 0.0, 1.0) if whole > 0 else before
