"""own_scores: how a signature was validated where it comes from, by a kept run of its own study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from features.core.storage.table import read_table
from tasks.modelling.signatures.signature import Signature


@dataclass(frozen=True, slots=True)
class OwnScore:
    """A score of the signature's candidate on its set of blocks, as in Score. run: the folder of the run, by its name."""

    run: str
    split: str
    metric: str
    cohort: str
    value: float | None
    low: float | None
    high: float | None
    n: int


def own_scores(signature: Signature, folder: Path) -> tuple[OwnScore, ...]:
    """All scores over all cases of a run of its own study, by any split. Raises StoreError if they cannot be read."""
    rows = read_table(folder / "scores.parquet").to_pylist()
    wanted = (signature.blocks, signature.candidate.name, "", "")
    return tuple(
        OwnScore(folder.name, *(row[name] for name in ("split", "metric", "cohort", "value", "low", "high", "n")))
        for row in rows
        if tuple(row[name] for name in ("blocks", "model", "centre", "within")) == wanted
    )
