"""Predictions of many rows, batch by batch on the workers of a pool."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from features.core.errors import MachineError
from features.core.quarantine import Rejected
from tasks.modelling.evaluation.final import Final
from tasks.modelling.prediction import Incidence, Prediction
from tasks.modelling.rows import Rows
from tasks.running.pool import Pool

BATCH = 2_000  # rows: fewer are predicted sooner than a worker is there


def predict_in_batches(final: Final, rows: Rows, pool: Pool | None, size: int = BATCH) -> Prediction:
    """What a model says of rows, in their order. Batches are the same whoever computes them, and so are all bits.

    A model whose predictions depend on who is predicted together is asked once, about all.
    pool: not yet opened: its workers start only where there is more than a batch. None: this process.
    Raises as `Final.predict`; MachineError where a worker does not survive a batch.
    """
    if len(rows) <= size or final.predicts_together:
        return final.predict(rows)
    needed = final.needed(rows)
    batches = [needed.take(slice(start, start + size)) for start in range(0, len(rows), size)]
    if pool is None:
        return joined([final.predict(batch) for batch in batches])
    found: list[Prediction] = []
    with pool:
        for part in pool.map(partial(_predicted, final), batches, "predict"):
            if isinstance(part, Rejected):
                raise MachineError(
                    f"model {final.model}: {part} while predicting; use fewer --workers, or more --memory"
                )
            found.append(part)
    return joined(found)


def joined(parts: Sequence[Prediction]) -> Prediction:
    """Predictions of one model, of the cases of each part in turn."""

    def stacked(name: str) -> np.ndarray | None:
        values = [getattr(part, name) for part in parts]
        return None if any(one is None for one in values) else np.concatenate(values)

    curves = [part.incidence for part in parts if part.incidence is not None]
    incidence = Incidence(curves[0].days, np.concatenate([one.value for one in curves])) if curves else None
    return Prediction(stacked("risk"), stacked("probability"), stacked("value"), incidence)


def _predicted(final: Final, rows: Rows) -> Prediction:
    return final.predict(rows)
