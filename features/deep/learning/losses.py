"""Losses: what a network is taught to make small, for every kind of outcome. Each knows what was seen of all its cases."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.deep.learning.follow_up import AtRisk, interval_loss_sum

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


class Loss(ABC):
    """What is minimised of n cases. outputs: how many numbers the network tells of a case."""

    @property
    @abstractmethod
    def outputs(self) -> int: ...

    @property
    @abstractmethod
    def strata(self) -> Rows:
        """(n,) codes that every batch holds about its share of."""

    @abstractmethod
    def lost(self, torch: Any, told: Any, rows: Rows) -> Any:
        """The mean over cases, of what is told of them, (k, outputs). rows: (k,) which cases these are."""

    def start(self, rows: Rows) -> Floats:  # noqa: ARG002 (of follow-up nothing is known before)
        """What the network tells of every case at first, (outputs,), so that it need not learn how common they are."""
        return np.zeros(self.outputs)

    def teaches(self, rows: Rows) -> bool:  # noqa: ARG002 (most cases do)
        """Whether anything can be learnt of these cases alone."""
        return True


@dataclass(frozen=True, eq=False)
class Flags(Loss):
    """The cross-entropy of flags or labels. seen: (n, m) 0 or 1, NaN where nothing is known. weights: (n, m)."""

    seen: Floats
    weights: Floats

    @property
    def outputs(self) -> int:
        return int(self.seen.shape[1])

    @property
    def strata(self) -> Rows:
        return np.asarray(np.unique(np.nan_to_num(self.seen, nan=-1.0), axis=0, return_inverse=True)[1].ravel())

    def start(self, rows: Rows) -> Floats:
        known = ~np.isnan(self.seen[rows])
        positive = (np.nan_to_num(self.seen[rows]) * self.weights[rows]).sum(axis=0) + 0.5
        return np.asarray(np.log(positive / ((known * self.weights[rows]).sum(axis=0) + 1.0 - positive)))

    def lost(self, torch: Any, told: Any, rows: Rows) -> Any:
        goal, weight = _known(torch, self.seen[rows], self.weights[rows], told)
        cross = torch.nn.functional.binary_cross_entropy_with_logits
        return cross(told, goal, weight=weight, reduction="sum") / goal.numel()


@dataclass(frozen=True, eq=False)
class SquaredHinge(Loss):
    """Of margins of two classes. positive: (n,). weights: (n,). Tang, arXiv:1306.0239."""

    positive: NDArray[np.bool_]
    weights: Floats
    outputs = 1

    @property
    def strata(self) -> Rows:
        return self.positive.astype(np.intp)

    def lost(self, torch: Any, told: Any, rows: Rows) -> Any:
        goal, weight = _known(torch, self.positive[rows].astype(float) * 2.0 - 1.0, self.weights[rows], told)
        return (weight * torch.clamp(1.0 - goal * told[:, 0], min=0.0).square()).mean()


@dataclass(frozen=True, eq=False)
class Classes(Loss):
    """The cross-entropy of one of several classes. code: (n,). classes: how many. weights: (n,)."""

    code: Rows
    classes: int
    weights: Floats

    @property
    def outputs(self) -> int:
        return self.classes

    @property
    def strata(self) -> Rows:
        return self.code

    def start(self, rows: Rows) -> Floats:
        share = np.bincount(self.code[rows], self.weights[rows], self.classes) + 0.5
        return np.asarray(np.log(share / share.sum()))

    def lost(self, torch: Any, told: Any, rows: Rows) -> Any:
        goal = torch.from_numpy(self.code[rows].astype(np.int64)).to(told.device)
        each = torch.nn.functional.cross_entropy(told, goal, reduction="none")
        return (each * torch.from_numpy(self.weights[rows]).to(told)).mean()


@dataclass(frozen=True, eq=False)
class Ranks(Loss):
    """The cross-entropy of being above each rank but the highest, whose probabilities never rise: see `above`.

    code: (n,) from 0. ranks: how many. weights: (n,).
    """

    code: Rows
    ranks: int
    weights: Floats

    @property
    def outputs(self) -> int:
        return self.ranks - 1

    @property
    def strata(self) -> Rows:
        return self.code

    def start(self, rows: Rows) -> Floats:
        higher = self.code[rows][:, None] > np.arange(self.outputs)
        share = (self.weights[rows][:, None] * higher).sum(axis=0) + 0.5
        odds = np.log(share / (self.weights[rows].sum() + 1.0 - share))
        steps = np.maximum(-np.diff(odds), 1e-3)
        return np.concatenate([odds[:1], np.log(np.expm1(steps))])

    def lost(self, torch: Any, told: Any, rows: Rows) -> Any:
        higher = (self.code[rows][:, None] > np.arange(self.outputs)).astype(np.float64)
        goal, weight = _known(torch, higher, self.weights[rows][:, None], told)
        cross = torch.nn.functional.binary_cross_entropy_with_logits
        return cross(above(torch, told), goal, weight=weight.expand_as(goal), reduction="sum") / len(rows)


def above(torch: Any, told: Any) -> Any:
    """Log odds of being above each rank but the highest, (k, ranks − 1), that never rise: the first is told, then steps down."""
    steps = torch.nn.functional.softplus(told[:, 1:]).cumsum(dim=1)
    return torch.cat([told[:, :1], told[:, :1] - steps], dim=1)


@dataclass(frozen=True, eq=False)
class SquaredError(Loss):
    """Of numbers of spread about 1. seen: (n, m), NaN where nothing is known."""

    seen: Floats

    @property
    def outputs(self) -> int:
        return int(self.seen.shape[1])

    @property
    def strata(self) -> Rows:
        return np.zeros(len(self.seen), np.intp)

    def lost(self, torch: Any, told: Any, rows: Rows) -> Any:
        goal, weight = _known(torch, self.seen[rows], np.ones_like(self.seen[rows]), told)
        return (weight * (told - goal).square()).mean()


@dataclass(frozen=True, eq=False)
class PartialLikelihood(Loss):
    """Cox's, of log hazard ratios; who is at risk is looked for among the cases of a batch. event, days: (n,).

    Katzman et al., BMC Med Res Methodol 2018;18:24.
    """

    event: NDArray[np.bool_]
    days: Floats
    outputs = 1

    @property
    def strata(self) -> Rows:
        return self.event.astype(np.intp)

    def lost(self, torch: Any, told: Any, rows: Rows) -> Any:
        return AtRisk.of(self.event[rows], self.days[rows]).lost(torch, told[:, 0]) / len(rows)

    def teaches(self, rows: Rows) -> bool:
        return bool(self.event[rows].any()) and len(rows) > 1


@dataclass(frozen=True, eq=False)
class IntervalLikelihood(Loss):
    """Of events in intervals of time. code, counted: (n, J), as in interval_loss_sum. usual: (J, causes) log odds of all training
    cases, to which what is told is added. Gensheimer & Narasimhan, PeerJ 2019;7:e6257; Lee et al., AAAI 2018 (causes).
    """

    code: NDArray[np.int64]
    counted: NDArray[np.bool_]
    usual: Floats

    @property
    def outputs(self) -> int:
        return int(self.usual.size)

    @property
    def strata(self) -> Rows:
        return np.asarray(self.code.max(axis=1), np.intp)

    def lost(self, torch: Any, told: Any, rows: Rows) -> Any:
        odds = told.reshape(len(rows), *self.usual.shape) + torch.from_numpy(self.usual).to(told)
        return interval_loss_sum(torch, odds, self.code[rows], self.counted[rows]) / len(rows)


def _known(torch: Any, seen: Floats, weights: Floats, told: Any) -> tuple[Any, Any]:
    """Goals and weights as tensors beside what is told; what is not known weighs nothing."""
    unknown = np.isnan(seen)
    goal = torch.from_numpy(np.where(unknown, 0.0, seen)).to(told)
    return goal, torch.from_numpy(np.where(unknown, 0.0, weights)).to(told)
