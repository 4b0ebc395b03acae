"""OutcomeFigure: what a report draws of predictions and what was seen, for endpoints that name it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from features.core.kinds.registry import Kind, Registry
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.figures import Plot
from tasks.reports.labels import blocks_label
from tasks.reports.plain_labels import BOOTSTRAP, held_out_label, model_label, split_label
from tasks.reports.winner import Winner, held_out_cohorts


class OutcomeFigure(Kind):
    """heading: of its section in the report."""

    heading: ClassVar[str]

    @abstractmethod
    def plots(self, study: Study, result: StudyResult, winner: Winner, variables: Mapping[str, str]) -> list[Plot]:
        """The figures, for the combinations that the winner names; none where nothing was predicted.

        variables: column of the tables → label with unit.
        """


@dataclass(frozen=True, slots=True)
class Shown:
    """A combination under a split; cohort: of held-out cases, else ""."""

    split: str
    blocks: str
    model: str
    cohort: str = ""

    @property
    def id(self) -> str:
        """For the figure's id: unique among those that one report shows."""
        return f"{self.blocks}-{self.cohort}" if self.cohort else self.blocks

    def name(self, study: Study) -> str:
        """In words, without the split; held-out cases with their cohort."""
        of_cohort = f", {held_out_label(self.split, self.cohort)}" if self.cohort else ""
        return f"{blocks_label(study, self.blocks)}, {model_label(self.model)}{of_cohort}"

    @property
    def under(self) -> str:
        """The split in words, and that only its first repeat, or draw, is shown."""
        first = ", cases that the first draw left out" if self.split == BOOTSTRAP else ", first repeat"
        return split_label(self.split) + ("" if self.cohort else first)

    def rows(self, table: pd.DataFrame, *, first: bool = True) -> pd.DataFrame:
        """Its rows of the predictions, of the first repeat, where every case stands once, or of all."""
        own = (table["split"] == self.split) & (table["blocks"] == self.blocks) & (table["model"] == self.model)
        if self.cohort:
            own &= table["cohort"] == self.cohort
        return table[own & (table["repeat"] == 0)] if first else table[own]


def best_and_clinical(study: Study, result: StudyResult, winner: Winner) -> list[Shown]:
    """The best combination and the clinical baseline, each with the winner's model; then the best by held-out cohort."""
    best = winner.best.blocks if winner.best else next((n for n in study.blocks if n != "clinical"), "clinical")
    wanted = dict.fromkeys(name for name in (best, "clinical") if name in result.blocks)
    by_cohort = held_out_cohorts(result)
    own = [pair for pair in by_cohort if pair[0] == winner.split] or [(winner.split, "")]
    found = [
        Shown(split, name, winner.models[name], cohort)
        for name in wanted
        for split, cohort in dict.fromkeys([*own, *(by_cohort if name == best else [])])
    ]
    return sorted((one for one in found if len(one.rows(result.predictions))), key=lambda one: one.cohort != "")


OUTCOME_FIGURES: Registry[OutcomeFigure] = Registry(OutcomeFigure, "tasks.reports.outcome_figures")
