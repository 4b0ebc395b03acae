"""Codebook: principal axes and a mixture of Gaussians, and the Fisher vector of a bag of descriptors."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from features.core.errors import FitError
from tasks.modelling.rows import Floats

MOST = 20_000  # descriptors that a codebook is fitted to, drawn by the seed
FLOOR = 1e-6  # of a variance, as a share of the mean variance along the axes
_ROUNDS = 200
_FLAT = 1e-10  # variance along an axis, as a share of the first, below which it is rounding


@dataclass(frozen=True, eq=False)
class Codebook:
    """centre: (D,); axes: (D, d) orthonormal; weights: (K,); means and variances: (K, d), along the axes.

    converged: whether the mixture settled within its rounds.
    """

    centre: Floats
    axes: Floats
    weights: Floats
    means: Floats
    variances: Floats
    converged: bool

    @property
    def size(self) -> int:
        """Length of a Fisher vector: 2 K d."""
        return 2 * self.means.size

    def encode(self, descriptors: Floats) -> Floats:
        """The improved Fisher vector of one bag of descriptors, (T, D) → (2 K d,): gradients by the means, then by the
        standard deviations, component by component.

        Signed roots of the gradients, then the length is one; a bag that is just as the mixture says is zero. It does not
        depend on the order of the descriptors. Perronnin, Sánchez & Mensink, ECCV 2010; Sánchez et al., IJCV 2013;105:222.
        """
        x = (descriptors - self.centre) @ self.axes
        deviation = (x[:, None, :] - self.means) / np.sqrt(self.variances)
        logs = np.log(self.weights) - 0.5 * (np.log(2 * np.pi * self.variances) + deviation**2).sum(axis=2)
        share = np.exp(logs - logs.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        root = np.sqrt(self.weights)[:, None]
        by_mean = np.einsum("tk,tkd->kd", share, deviation) / (len(x) * root)
        by_deviation = np.einsum("tk,tkd->kd", share, deviation**2 - 1.0) / (len(x) * root * np.sqrt(2.0))
        gradient = np.concatenate([by_mean.ravel(), by_deviation.ravel()])
        vector = np.sign(gradient) * np.sqrt(np.abs(gradient))
        length = float(np.sqrt((vector**2).sum()))
        return np.asarray(vector / length if length > 0 else vector, dtype=np.float64)


def principal_axes(descriptors: Floats, most: int) -> tuple[Floats, Floats]:
    """Centre and at most so many axes along which descriptors (n, D) vary, the widest first, each with its largest weight
    positive. Raises FitError if they do not vary.
    """
    centre = descriptors.mean(axis=0)
    moved = descriptors - centre
    variance, axes = np.linalg.eigh(moved.T @ moved / len(moved))
    order = np.argsort(-variance, kind="stable")
    order = order[variance[order] > _FLAT * max(float(variance[order[0]]), np.finfo(float).tiny)][:most]
    if not len(order):
        raise FitError("descriptors do not vary within the training cases")
    axes = axes[:, order]
    largest = np.abs(axes).argmax(axis=0)
    return centre, np.ascontiguousarray(axes * np.sign(axes[largest, np.arange(len(order))]))


def fit_codebook(descriptors: Floats, centre: Floats, axes: Floats, components: int, seed: int) -> Codebook:
    """A mixture with diagonal covariances, by expectation and maximisation from k-means.

    descriptors: (n, D) of training cases. Raises FitError if they are fewer than ten a component.
    """
    if len(descriptors) < 10 * components:
        raise FitError(
            f"{len(descriptors)} descriptors of training cases are too few for {components} components: ten for each are needed"
        )
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture  # it takes a while, and studies are read without it

    rng = np.random.default_rng(seed)
    if len(descriptors) > MOST:
        descriptors = descriptors[np.sort(rng.choice(len(descriptors), MOST, replace=False))]
    x = (descriptors - centre) @ axes
    mixture = GaussianMixture(
        components,
        covariance_type="diag",
        reg_covar=FLOOR * float(x.var(axis=0).mean()),
        max_iter=_ROUNDS,
        random_state=int(rng.integers(2**31)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told by `converged`
        mixture.fit(x)
    return Codebook(centre, axes, mixture.weights_, mixture.means_, mixture.covariances_, bool(mixture.converged_))
