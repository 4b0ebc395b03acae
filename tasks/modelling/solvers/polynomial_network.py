"""Deep polynomial networks: layers of products of columns, each of which holds only what those before it do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.solvers.kernels import linear

Floats = NDArray[np.float64]

TIED = 1e-3  # a product of which less than this share is new adds no unit


@dataclass(frozen=True, eq=False)
class Polynomials:
    """first: (units, 1 + p) of a constant and the columns: linear units. products: of each further layer the unit of the layer
    before and the one of the first layer that it multiplies, (units, 2). mixed: of each further layer what is taken away of all
    units before it, (units, before), and what makes of the rest units that share nothing, (units, units)."""

    first: Floats
    products: tuple[NDArray[np.intp], ...]
    mixed: tuple[tuple[Floats, Floats], ...]

    def apply(self, X: Floats) -> Floats:
        """All units of all layers, (n, units), of rows (n, p)."""
        layers = [linear(np.column_stack([np.ones(len(X)), X]), self.first)]
        for pairs, (taken, turned) in zip(self.products, self.mixed, strict=True):
            new = layers[-1][:, pairs[:, 0]] * layers[0][:, pairs[:, 1]]
            layers.append(linear(new - linear(np.hstack(layers), taken), turned))
        return np.hstack(layers)


def fit_polynomials(X: Floats, wanted: Floats, *, degree: int, width: int) -> Polynomials:
    """Units of up to a degree that are orthonormal over the training cases, those of a layer that tell most of what is wanted.

    X: (n, p) of columns of spread about 1. wanted: (n, m) indicators of classes, or numbers. width: units of a layer. The first
    layer holds a constant and columns; each further one multiplies every unit of the layer before by every one of the first. Of
    these a layer takes one by one what explains most of the residual of a least squares fit of all units so far, and leaves out
    what is none of their own. Livni et al., arXiv:1304.7045 (greedy variant).
    """
    n = len(X)
    constant = np.full((n, 1), 1 / np.sqrt(n))
    columns, middle, turned = _told_most(constant, X, wanted, min(width, max(1, n // 4)))
    if not columns:
        raise ValueError("a polynomial network needs a column that varies")
    first = np.zeros((1 + len(columns), 1 + X.shape[1]))
    first[0, 0] = 1.0
    first[1:, [1 + c for c in columns]] = turned
    first[1:, 0] = -turned @ middle[:, 0]
    layers = [linear(np.column_stack([np.ones(n), X]), first)]
    products: list[NDArray[np.intp]] = []
    mixed: list[tuple[Floats, Floats]] = []
    for _ in range(1, degree):
        basis = np.hstack(layers) / np.sqrt(n)
        room = min(width, n // 2 - basis.shape[1])
        if room < 1:
            break
        i, j = (part.ravel() for part in np.indices((layers[-1].shape[1], layers[0].shape[1])))
        found = layers[-1][:, i] * layers[0][:, j]
        chosen, taken, turned = _told_most(basis, found, wanted, room)
        if not chosen:
            break
        products.append(np.column_stack([i[chosen], j[chosen]]))
        mixed.append((taken, turned))
        layers.append(linear(found[:, chosen] - linear(np.hstack(layers), taken), turned))
    return Polynomials(first, tuple(products), tuple(mixed))


def _told_most(basis: Floats, found: Floats, wanted: Floats, room: int) -> tuple[list[int], Floats, Floats]:
    """Which products, (n, k), are taken; what of the basis, (n, b), is in each, (taken, b); and what turns the rest into units."""
    n = len(basis)
    share = basis.T @ found
    new = found - basis @ share
    new -= basis @ (basis.T @ new)  # twice is enough (Kahan)
    left = wanted - wanted.mean(axis=0)
    left = left - basis @ (basis.T @ left)
    whole = np.sqrt((found**2).mean(axis=0))
    rest, chosen = new.copy(), []
    for _ in range(room):
        own = np.sqrt((rest**2).sum(axis=0))
        alive = own > TIED * np.sqrt(n) * np.maximum(whole, 1e-300)
        if not alive.any():
            break
        told = np.where(alive, ((rest.T @ left) ** 2).sum(axis=1) / np.where(alive, own, 1.0) ** 2, -1.0)
        best = int(np.argmax(told))
        chosen.append(best)
        unit = rest[:, best] / own[best]
        rest -= np.outer(unit, unit @ rest)
        left = left - np.outer(unit, unit @ left)
        rest[:, best] = 0.0
    turned = np.linalg.inv(np.linalg.qr(new[:, chosen], mode="r")) * np.sqrt(n)
    return chosen, np.ascontiguousarray(share[:, chosen].T / np.sqrt(n)), np.ascontiguousarray(turned.T)
