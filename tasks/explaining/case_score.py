"""CaseScore: the score of one case as a function of its columns, all else as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.errors import RadweaveError, hint_sentence
from tasks.modelling.evaluation.final import Final
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows


@dataclass(frozen=True, eq=False)
class CaseScore:
    """rows: one row with the columns of the model. what: which number of a prediction is its score. level: position of the class,
    rank or label whose probability it is, where it is one. said: the score in words.
    """

    final: Final
    rows: Rows
    what: Literal["risk", "value", "probability"]
    level: int
    said: str

    @property
    def value(self) -> float:
        """The score of the case as it is."""
        return float(self.of(self.rows.X)[0])

    def of(self, X: Floats) -> Floats:
        """(m,): the score with other values of the columns, (m, p)."""
        own = self.rows.take(np.zeros(len(X), np.intp)).with_values(np.ascontiguousarray(X))
        return self.number(self.final.predict(own))

    def number(self, found: Prediction) -> Floats:
        """(m,): the score of predictions of m cases."""
        if self.what == "probability":
            assert found.probability is not None
            return np.asarray(found.probability[:, self.level], np.float64)
        number = found.risk if self.what == "risk" else found.value
        assert number is not None
        return np.asarray(number, np.float64)

    def with_columns(self, at: NDArray[np.intp], values: Floats) -> Floats:
        """(m,): with the values (m, k) in the columns at k positions, of which those below 0 are in no column."""
        X = np.repeat(self.rows.X, len(values), axis=0)
        X[:, at[at >= 0]] = values[:, at >= 0]
        return self.of(X)


def case_score(final: Final, rows: Rows, of: str = "") -> CaseScore:
    """The risk where a model gives one, the number that it predicts, else the probability of a class, rank or label.

    rows: one row. of: its word; "" takes the likeliest of the case. Raises RadweaveError for a word that the model does not have.
    """
    needed = final.needed(rows)
    found = final.predict(needed)
    if of and (found.probability is None or not final.levels):
        raise RadweaveError(f"--of {of}: {final.model} predicts no classes; leave it out")
    if found.risk is not None and not of:
        return CaseScore(final, needed, "risk", 0, "risk")
    if found.value is not None and not of:
        return CaseScore(final, needed, "value", 0, "predicted value")
    if found.probability is None:
        raise RadweaveError(f"{final.model} gives no number that maps could explain")
    if of and of not in final.levels:
        raise RadweaveError(
            f"--of {of}: the model knows {', '.join(final.levels)}. {hint_sentence(of, list(final.levels))}"
        )
    level = final.levels.index(of) if of else int(np.argmax(found.probability[0]))
    word = final.levels[level] if final.levels else str(level)
    return CaseScore(final, needed, "probability", level, f"probability of {word}")
