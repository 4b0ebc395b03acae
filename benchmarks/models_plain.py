"""What a user would write who has no radweave: bare loops of torch, and plain loops of the parts of models that no library has."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from benchmarks.models_each import Pair

Floats = NDArray[np.float64]
BOOSTED = {"n_estimators": 100, "learning_rate": 0.05, "max_depth": 2, "max_features": "sqrt", "random_state": 0}
FEW = 20  # columns of a mixed model, which has no penalty


def plain_pairs() -> list[Pair]:
    """Models beside such loops, with the same settings."""
    from sklearn.ensemble import GradientBoostingClassifier, StackingClassifier
    from sklearn.linear_model import LogisticRegression

    members = [("ridge", LogisticRegression(C=0.01)), ("boosted", GradientBoostingClassifier(**BOOSTED))]
    two = [
        {"name": "ridge", "steps": ["median"], "model": {"kind": "ridge_logistic", "C": [0.01]}},
        {"name": "boosted", "steps": ["median"], "model": {"kind": "gradient_boosting", "stop_after": [100]}},
    ]
    last = {"name": "last", "steps": ["median"], "model": {"kind": "ridge_logistic", "C": [1.0]}}
    stacked = StackingClassifier(members, LogisticRegression(), cv=5, stack_method="decision_function")
    found = [
        Pair("residual network", {"kind": "residual_network", "weight_decay": [1.0]}, Residual(), [{}]),
        Pair(
            "polynomial network",
            {"kind": "stacked_polynomial_network", "width": [10], "C": [0.1]},
            PolynomialUnits(),
            [{}],
        ),
        Pair("voting of two", {"kind": "voting", "models": two}, Mean(), [{}]),
        Pair("stacking of two", {"kind": "stacking", "models": two, "final": last}, stacked, [{}]),
        Pair(
            "priority LASSO",
            {"kind": "priority_lasso", "order": ["block_0", "block_1"]},
            Residuals(),
            [{}],
            number=True,
            blocks=2,
        ),
    ]
    if find_spec("statsmodels") is not None:
        found.append(
            Pair("mixed effects", {"kind": "mixed_effects"}, Mixed(), [{}], number=True, visits=2, columns=FEW)
        )
    return found


class Perceptron(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """As a user of torch writes it: one hidden layer, full batches, AdamW with a cosine."""

    def fit(self, X: NDArray[np.float64], y: NDArray[np.bool_]) -> Perceptron:
        import torch

        torch.manual_seed(0)
        torch.set_num_threads(1)
        self.network = torch.nn.Sequential(
            torch.nn.Linear(X.shape[1], 16), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(16, 1)
        )
        inputs, goal = torch.tensor(X, dtype=torch.float32), torch.tensor(y[:, None], dtype=torch.float32)
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=0.01, weight_decay=0.1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 150)
        for _ in range(150):
            optimiser.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(self.network(inputs), goal).backward()
            optimiser.step()
            schedule.step()
        return self

    def decision_function(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        import torch

        self.network.eval()
        with torch.no_grad():
            found: NDArray[np.float64] = self.network(torch.tensor(X, dtype=torch.float32))[:, 0].double().numpy()
        return found


class Residual(Perceptron):
    """The same with four hidden layers of 32 units, each of which but the first adds to what it is given."""

    def fit(self, X: Floats, y: NDArray[np.bool_]) -> Residual:
        import torch

        torch.manual_seed(0)
        torch.set_num_threads(1)
        first, last = torch.nn.Linear(X.shape[1], 32), torch.nn.Linear(32, 1)
        between = [torch.nn.Linear(32, 32) for _ in range(3)]

        class Network(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.parts = torch.nn.ModuleList([first, *between, last])
                self.dropout = torch.nn.Dropout(0.2)

            def forward(self, inputs: Any) -> Any:
                found = self.dropout(torch.relu(first(inputs)))
                for layer in between:
                    found = found + self.dropout(torch.relu(layer(found)))
                return last(found)

        self.network = Network()
        inputs, goal = torch.tensor(X, dtype=torch.float32), torch.tensor(y[:, None], dtype=torch.float32)
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=0.01, weight_decay=1.0)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 150)
        for _ in range(150):
            optimiser.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(self.network(inputs), goal).backward()
            optimiser.step()
            schedule.step()
        return self


class PolynomialUnits(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The units of two networks, then scikit-learn's logistic regression."""

    def fit(self, X: Floats, y: NDArray[np.bool_]) -> PolynomialUnits:
        from sklearn.linear_model import LogisticRegression

        from tasks.modelling.solvers.polynomial_network import fit_polynomials

        wanted, self.networks = y[:, None].astype(float), []
        for _ in range(2):
            self.networks.append(fit_polynomials(X, wanted, degree=2, width=10))
            X = self.networks[-1].apply(X)
        self.last = LogisticRegression(C=0.1).fit(X, y)
        return self

    def decision_function(self, X: Floats) -> Floats:
        for network in self.networks:
            X = network.apply(X)
        return np.asarray(self.last.decision_function(X), np.float64)


class Mean(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Two models of scikit-learn, whose scores are added up in the spread of the training cases."""

    def fit(self, X: Floats, y: NDArray[np.bool_]) -> Mean:
        from sklearn.ensemble import GradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression

        self.members = [LogisticRegression(C=0.01).fit(X, y), GradientBoostingClassifier(**BOOSTED).fit(X, y)]
        told = [one.decision_function(X) for one in self.members]
        self.units = [(float(one.mean()), float(one.std())) for one in told]
        return self

    def decision_function(self, X: Floats) -> Floats:
        parts = zip(self.members, self.units, strict=True)
        return np.sum([(one.decision_function(X) - middle) / spread for one, (middle, spread) in parts], axis=0)


class Residuals(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """LassoCV of scikit-learn for each half of the columns, the second of what the first leaves."""

    def fit(self, X: Floats, y: Floats) -> Residuals:
        from sklearn.linear_model import LassoCV

        self.half, self.models, left = X.shape[1] // 2, [], y
        for part in (X[:, : self.half], X[:, self.half :]):
            one = LassoCV(eps=0.01, alphas=50, cv=5, max_iter=100_000).fit(part, left)
            left = left - one.predict(part)
            self.models.append(one)
        return self

    def predict(self, X: Floats) -> Floats:
        first, second = self.models
        return np.asarray(first.predict(X[:, : self.half]) + second.predict(X[:, self.half :]), np.float64)


class Mixed(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """MixedLM of statsmodels, a random intercept of each two cases in a row."""

    def fit(self, X: Floats, y: Floats) -> Mixed:
        from statsmodels.regression.mixed_linear_model import MixedLM

        A = np.column_stack([np.ones(len(X)), X])
        self.weights = np.asarray(MixedLM(y, A, np.arange(len(X)) // 2).fit(reml=True).fe_params, np.float64)
        return self

    def predict(self, X: Floats) -> Floats:
        return np.asarray(self.weights[0] + X @ self.weights[1:], np.float64)
