"""Pairs of patients: what each patient adds to a share of concordant pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.modelling.pairs import Pairs

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PatientPairs:
    """Pairs of patients, fold by fold. Rows of a patient are added up: what depends on each other is one.

    folds: `rows` are positions of patients, each once in a fold. repeats: the repeat of each fold. patients: how many there are.
    """

    folds: tuple[Pairs, ...]
    repeats: tuple[int, ...]
    patients: int

    @classmethod
    def of(cls, folds: Sequence[Pairs], repeats: Sequence[int], groups: NDArray[np.str_]) -> PatientPairs:
        """folds: pairs of rows; groups: (n,) what stays together, of all rows that `folds` point to."""
        position, count = patients_of([fold.rows for fold in folds], groups)
        return cls(tuple(_added(fold, position[fold.rows]) for fold in folds), tuple(repeats), count)

    @cached_property
    def comparable(self) -> Floats:
        """(2, patients): weight of the pairs in which a patient stands first, and second."""
        return self._sums("comparable")

    @cached_property
    def concordant(self) -> Floats:
        """(2, patients): of these, what is concordant."""
        return self._sums("concordant")

    @property
    def total(self) -> float:
        return float(self.comparable[0].sum())

    @property
    def value(self) -> float:
        """The share of concordant pairs."""
        return float(self.concordant[0].sum()) / self.total

    @cached_property
    def influence(self) -> Floats:
        """(2, patients): how much a patient, standing first and second, moves the value; each adds up to 0."""
        return (self.concordant - self.value * self.comparable) / self.total

    @property
    def tied(self) -> bool:
        """Whether all compared scores are equal."""
        return all(bool((fold.concordant == fold.comparable / 2).all()) for fold in self.folds)

    @property
    def one_patient(self) -> bool:
        """Whether one patient is in all pairs."""
        return bool(((self.comparable > 0).sum(axis=1) < 2).any())

    def _sums(self, name: str) -> Floats:
        found = np.zeros((2, self.patients))
        for fold in self.folds:
            weight: Floats = getattr(fold, name)
            found[0, fold.rows] += weight.sum(axis=1)
            found[1, fold.rows] += weight.sum(axis=0)
        return found


def patients_of(rows: Sequence[NDArray[np.intp]], groups: NDArray[np.str_]) -> tuple[NDArray[np.intp], int]:
    """(n,) the position of each row's patient among those of `rows`, by first row; -1 elsewhere. And how many they are."""
    used = np.unique(np.concatenate(rows))
    label, names = pd.factorize(groups[used])
    position = np.full(len(groups), -1, np.intp)
    position[used] = label
    return position, len(names)


def _added(fold: Pairs, patient: NDArray[np.intp]) -> Pairs:
    own, place = np.unique(patient, return_inverse=True)
    if len(own) == len(patient):
        return Pairs(patient, fold.comparable, fold.concordant)
    cells = place[:, None], place[None, :]
    added = np.zeros((2, len(own), len(own)))
    np.add.at(added[0], cells, fold.comparable)  # no product of matrices: its sums differ between processors
    np.add.at(added[1], cells, fold.concordant)
    return Pairs(own, added[0], added[1])
