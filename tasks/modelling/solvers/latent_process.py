"""LatentProcess: a fitted Gaussian process as arrays, of which means and probabilities of other cases follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# The logistic curve as a sum of error functions: Williams & Barber, IEEE Trans Pattern Anal Mach Intell 1998;20:1342, appendix A.
_WIDTHS = np.array([0.41, 0.4, 0.37, 0.44, 0.39])[:, None]
_PARTS = np.array([-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654])[:, None]


@dataclass(frozen=True, eq=False)
class LatentProcess:
    """X: (n, p) of training cases. height, length: of the RBF kernel. dual: (n,), of which the mean is a weighted sum.

    root, factor: (n,) and (n, n), of Laplace's approximation, of which the variance follows; empty of a number.
    """

    X: Floats
    height: float
    length: float
    dual: Floats
    root: Floats
    factor: Floats

    @classmethod
    def of_number(cls, fitted: Any) -> LatentProcess:
        """Of scikit-learn's GaussianProcessRegressor with a kernel c · RBF + noise, of its scaled values."""
        product = fitted.kernel_.k1
        height, length = float(product.k1.constant_value), float(product.k2.length_scale)
        return cls(fitted.X_train_, height, length, fitted.alpha_.reshape(-1), np.empty(0), np.empty((0, 0)))

    @classmethod
    def of_classes(cls, fitted: Any) -> tuple[LatentProcess, ...]:
        """Of scikit-learn's GaussianProcessClassifier with a kernel c · RBF: one of two classes, else one for each."""
        whole = fitted.base_estimator_
        return tuple(
            cls(
                one.X_train_,
                float(one.kernel_.k1.constant_value),
                float(one.kernel_.k2.length_scale),
                one.y_train_ - one.pi_,
                one.W_sr_,
                one.L_,
            )
            for one in getattr(whole, "estimators_", [whole])
        )

    def mean(self, X: Floats) -> Floats:
        """The latent mean of each case, (m,). X: (m, p)."""
        return np.asarray(self._kernel(X).T @ self.dual, np.float64)

    def probability(self, X: Floats) -> Floats:
        """The probability of each case, (m,): the logistic curve of the latent value, averaged over what is not known of it.

        Rasmussen & Williams, Gaussian Processes for Machine Learning, MIT Press 2006, algorithm 3.2.
        """
        from scipy.linalg import solve_triangular
        from scipy.special import erf

        kernel = self._kernel(X)
        mean = kernel.T @ self.dual
        v = solve_triangular(self.factor, self.root[:, None] * kernel, lower=True)
        alpha = 1 / (2 * (self.height - (v * v).sum(axis=0)))
        inner = erf(_WIDTHS * mean * np.sqrt(alpha / (alpha + _WIDTHS**2)))
        return np.asarray(0.5 * (_PARTS * inner).sum(axis=0) + 0.5 * _PARTS.sum(), np.float64)

    def _kernel(self, X: Floats) -> Floats:
        """(n, m)."""
        from scipy.spatial.distance import cdist

        apart = cdist(self.X / self.length, X / self.length, metric="sqeuclidean")
        return np.asarray(self.height * np.exp(-0.5 * apart), np.float64)
