"""mean_intensity: a model that learns of images what their means tell, beside columns; networks would take long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from features.core.kinds.sampling import LEVELS
from tasks.modelling.models.model import MODELS, FittedModel, Model
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Columns, Floats, Rows
from tasks.modelling.target import Target

KIND = "mean_intensity"


class MeanIntensity(Model):
    """Ridge logistic regression on the mean of each view and channel, and on the columns."""

    kind: Literal["mean_intensity"] = "mean_intensity"
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary"})
    of_images: ClassVar[bool] = True

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedModel:
        inner = MODELS.parse({"kind": "ridge_logistic", "C": [1.0]})
        return FittedMeans(inner.fit(with_means(rows), target, seed), rows.X.shape[1])


@dataclass(frozen=True, eq=False)
class FittedMeans(FittedModel):
    inner: FittedModel
    columns: int

    def predict(self, rows: Rows) -> Prediction:
        return self.inner.predict(with_means(rows))

    def importance(self) -> Floats:
        return self.inner.importance()[-self.columns :] if self.columns else np.zeros(0)

    def state(self) -> dict[str, Any]:
        return self.inner.state()


def with_means(rows: Rows) -> Rows:
    """Rows with the means before their columns, in units of about a standard deviation."""
    assert rows.images is not None
    pixels = rows.images.read(np.arange(len(rows))).astype(np.float64) / LEVELS
    means = (pixels.mean(axis=tuple(range(3, pixels.ndim))).reshape(len(rows), -1) - 0.45) / 0.05
    names = np.array([f"mean_{i}" for i in range(means.shape[1])])
    columns = Columns.joined([Columns(names, np.full(len(names), "images")), rows.columns])
    return replace(rows, X=np.hstack([means, rows.X]), columns=columns)
