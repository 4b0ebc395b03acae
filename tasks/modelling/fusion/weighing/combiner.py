"""Combiner: weights of blocks, learnt on out-of-fold predictions, and the one prediction that they make of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint, Predicted
from features.core.outcome import Outcome
from tasks.modelling.fusion.weighing.residuals import centred, residuals
from tasks.modelling.fusion.weighing.weights import block_weights
from tasks.modelling.prediction import Incidence, Prediction

Floats = NDArray[np.float64]
Names = NDArray[np.str_]

NOBODY = "no block predicted the outcome of the inner folds"
_FLAT = 1e-9  # spread of predictions, beside their size, that is rounding


@dataclass(frozen=True, eq=False)
class Combiner:
    """Learnt of B blocks whose predictions have m columns: one risk or number, or a probability of each class or label.

    weights: (B,) for predictions of spread 1, none below 0: a risk then is about the log odds or the log hazard. spread: (B,) root
    mean square of the blocks' out-of-fold predictions within folds and centres; inf of a block that predicts the same for all.
    centre: (B, m) their mean. level: (1,) the mean of a number, else 0. told: whether any block told the outcome; where none
    did, risks and probabilities weigh alike, and a number is predicted as its mean.
    """

    predicted: Predicted
    blocks: tuple[str, ...]
    weights: Floats
    spread: Floats
    centre: Floats
    level: Floats
    told: bool

    @property
    def shares(self) -> dict[str, float]:
        """Block → its weight × the spread of its out-of-fold predictions, summing to 1; all 0 where all predictions are equal."""
        total = float(self.weights.sum())
        return {name: float(w) / total if total > 0 else 0.0 for name, w in zip(self.blocks, self.weights, strict=True)}

    @property
    def used(self) -> tuple[str, ...]:
        """The blocks that move the prediction; all where none does."""
        found = tuple(name for name, factor in self.factors.items() if factor > 0)
        return found or self.blocks

    @property
    def factors(self) -> dict[str, float]:
        """Block → what its predictions are multiplied by; of probabilities these sum to 1."""
        return dict(zip(self.blocks, self._factors().tolist(), strict=True))

    def combine(self, predictions: Mapping[str, Prediction]) -> Prediction:
        """One prediction of those of all blocks, of the same cases. Blocks without weight may be left out.

        Curves of incidence are averaged by the shares of the blocks, as probabilities are; there are none if a block has none.
        """
        used = [(i, f) for i, f in enumerate(self._factors()) if f > 0]
        parts = [(f, columns(predictions[self.blocks[i]], self.predicted), self.centre[i]) for i, f in used]
        if self.predicted in ("risk", "value"):
            n = len(next(iter(predictions.values())))
            curves = self._curves([(predictions[self.blocks[i]], float(self.weights[i])) for i, _ in used])
            found = self.level + sum((f * (part - centre) for f, part, centre in parts), np.zeros((n, 1)))
            if not used:  # predictions of every block are the same for all
                curves = self._curves([(one, 1.0) for one in predictions.values()])
            value = found[:, 0] if self.predicted == "value" else None
            return Prediction(risk=found[:, 0], value=value, incidence=curves)
        several = [(f, predictions[self.blocks[i]].probability) for i, f in used]
        probability = np.sum([f * part for f, part in several if part is not None], axis=0)
        ranked = self.predicted == "ranks"
        return Prediction(
            risk=probability @ np.arange(probability.shape[1], dtype=np.float64) if ranked else None,
            probability=probability,
        )

    @staticmethod
    def _curves(parts: Sequence[tuple[Prediction, float]]) -> Incidence | None:
        known = [(one.incidence, weight) for one, weight in parts if one.incidence is not None]
        if not known or len(known) < len(parts):
            return None
        return Incidence.mean([curves for curves, _ in known], [weight for _, weight in known])

    def state(self) -> dict[str, Any]:
        """All that was learnt, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _factors(self) -> Floats:
        found: Floats = self.weights / self.spread
        if self.predicted in ("risk", "value"):
            return found
        total = float(found.sum())
        return found / total if total > 0 else np.full(len(found), 1 / len(found))


def fit_combiner(
    out_of_fold: Mapping[str, Sequence[Prediction]],
    seen: Sequence[Outcome],
    endpoint: Endpoint,
    centres: Sequence[Names],
) -> Combiner:
    """Weights of blocks that go along with what was seen in the inner folds, each beside the other blocks.

    out_of_fold: of each block a prediction of the test rows of every inner fold. seen, centres: the outcomes and the centres of
    these rows, of each fold. The models of the inner folds have fewer cases than the one that predicts in the end, and centres
    differ in their outcomes: so only order and spread within folds and centres count (see `centred`). Raises ValueError if
    there is no block.
    """
    outcome, where = (
        Outcome.concat(seen),
        (np.repeat(range(len(seen)), [len(one) for one in seen]), np.concatenate(centres)),
    )
    found, within = _even(out_of_fold, outcome, where, endpoint)
    residual = centred(residuals(outcome, endpoint), *where)
    weights = block_weights(within / found.spread[:, None, None], residual)
    variance = float((residual**2).mean())
    weights[weights <= _FLAT * np.sqrt(variance)] = 0.0
    if (
        endpoint.predicted == "risk" and variance > 0
    ):  # from the slope of a probability to that of log odds, at no effect
        weights /= variance
    if weights.any():
        return replace(found, weights=weights, told=True)
    return replace(found, told=False, weights=weights if endpoint.predicted == "value" else found.weights)


def even_combiner(
    predictions: Mapping[str, Prediction], outcome: Outcome, endpoint: Endpoint, centres: Names
) -> Combiner:
    """All blocks weigh alike, where nothing tells how much each weighs. predictions: of the training rows, by each block."""
    return _even({block: [one] for block, one in predictions.items()}, outcome, (centres,), endpoint)[0]


def _even(
    predictions: Mapping[str, Sequence[Prediction]],
    outcome: Outcome,
    groups: tuple[NDArray[Any], ...],
    endpoint: Endpoint,
) -> tuple[Combiner, Floats]:
    """Alike: risks of equal spread are added up, numbers and probabilities are averaged. Beside it the centred predictions."""
    if not predictions:
        raise ValueError("no block to combine")
    raw = _stacked(predictions, endpoint.predicted)
    within = np.stack([centred(block, *groups) for block in raw])
    size = np.sqrt((within**2).mean(axis=(1, 2)))
    flat = size <= _FLAT * np.sqrt((raw**2).mean(axis=(1, 2)))
    level = np.zeros(1) if outcome.value is None else np.array([outcome.value.mean()])
    weights = np.where(flat, 0.0, 1.0 if endpoint.predicted == "risk" else size / len(raw))
    spread = np.where(flat, np.inf, size)
    return Combiner(endpoint.predicted, tuple(predictions), weights, spread, raw.mean(axis=1), level, told=True), within


def _stacked(predictions: Mapping[str, Sequence[Prediction]], predicted: Predicted) -> Floats:
    """Of every block the predictions of all folds, one below the other, (B, n, m)."""
    return np.stack([np.concatenate([columns(one, predicted) for one in parts]) for parts in predictions.values()])


def columns(prediction: Prediction, predicted: Predicted) -> Floats:
    """What a prediction says of each question of the endpoint, (n, m), in the order of `residuals`; of ranks the expected one."""
    found = prediction.probability if predicted in ("classes", "labels") else prediction.risk
    assert found is not None
    return found.reshape(len(found), -1)
