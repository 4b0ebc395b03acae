"""Which features models chose, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from features.core.kinds.endpoint import Endpoint
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.labels import blocks_label
from tasks.reports.number_format import decimal
from tasks.reports.plain_labels import feature_label, model_label, split_label
from tasks.reports.section import Findings, Section
from tasks.reports.singles import single_rows, singles_caption
from tasks.reports.winner import Winner

MOST = 15
_COEFFICIENTS = {
    "classes": "coefficients are means of their sizes over classes, so they have no sign",
    "labels": "coefficients are means of their sizes over labels, so they have no sign",
    "ranks": "coefficients are means over the steps from rank to rank and have a sign",
}


class Features(Section):
    """The best single columns, and what the models chose."""

    kind: Literal["features"] = "features"
    order: ClassVar[int] = 60

    def heading(self, found: Findings) -> str:  # noqa: ARG002
        return "Selected features"

    def content(self, found: Findings) -> Mapping[str, object]:
        study, result, variables = found.study, found.result, found.facts.variables
        return {
            "singles": single_rows(result, variables),
            "singles_caption": singles_caption(result),
            "shown_split": split_label(found.winner.split),
            "weights_sentence": weights_sentence(result.endpoint),
            "stacked_sentence": stacked_sentence(study, found.winner),
            "feature_tables": feature_tables(study, result, found.winner, variables),
        }


def weights_sentence(endpoint: Endpoint) -> str:
    """What the weights are, for all kinds of models."""
    return f"{_COEFFICIENTS.get(endpoint.predicted, 'coefficients have a sign')}, importances of forests have none."


def stacked_sentence(study: Study, winner: Winner) -> str:
    """What the weights are of sets whose blocks are stacked; "" where no such set is shown."""
    stacked = {one.name for one in study.models if one.fusion.kind == "stacked"}
    shown = any(len(blocks) > 1 and winner.models.get(name) in stacked for name, blocks in study.blocks.items())
    return " Where blocks are stacked, a weight is the column’s part of the sizes of all weights." if shown else ""


@dataclass(frozen=True)
class FeatureRow:
    """name: the column, where the label differs from it. percent: share of the fitted folds."""

    label: str
    name: str
    chosen: int
    folds: int
    percent: int
    weight: str


@dataclass(frozen=True)
class FeatureTable:
    """The features of one combination. more: how many others were chosen at least once."""

    id: str
    title: str
    rows: tuple[FeatureRow, ...]
    more: int
    main: bool


def feature_tables(
    study: Study, result: StudyResult, winner: Winner, variables: Mapping[str, str]
) -> tuple[FeatureTable, ...]:
    """A table per set of blocks with the model of the winner, the best first; sets of a single column are left out."""
    best = winner.best.blocks if winner.best else next(iter(study.blocks))
    names = sorted((n for n, columns in result.blocks.items() if len(columns) > 1), key=lambda name: name != best)
    tables: list[FeatureTable] = []
    for name in names:
        key = winner.split, name, winner.models[name]
        chosen = [one for one in result.selected if (one.split, one.blocks, one.model) == key]
        if not chosen:
            continue
        rows = tuple(
            FeatureRow(
                label=(label := feature_label(one.feature, variables)),
                name=one.feature if label != one.feature else "",
                chosen=one.chosen,
                folds=one.folds,
                percent=round(100 * one.chosen / one.folds),
                weight=decimal(one.mean_weight, 3),
            )
            for one in chosen[:MOST]
        )
        title = f"{blocks_label(study, name)}, {model_label(winner.models[name])}"
        tables.append(FeatureTable(f"table-features-{name}", title, rows, len(chosen) - len(rows), main=not tables))
    return tuple(tables)
