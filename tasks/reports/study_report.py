"""The report of a study: one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.core.storage.place import write_bytes
from features.core.storage.seal import page_bytes
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.cohort_table import cohort_by_centre
from tasks.reports.copies import MOST, copies_sentence, copy_rows
from tasks.reports.features_table import feature_tables, weights_sentence
from tasks.reports.flow import flow_chains
from tasks.reports.forest import forest
from tasks.reports.headline import headline
from tasks.reports.labels import EXTERNAL, GIVEN, held_out_label, split_label
from tasks.reports.methods import methods, missing_sentence, model_rows, quarantine_rows
from tasks.reports.number_format import share
from tasks.reports.outcome_figures.outcome_figure import OUTCOME_FIGURES
from tasks.reports.page import render_page
from tasks.reports.scores import score_tables
from tasks.reports.singles import single_rows, singles_caption
from tasks.reports.winner import find_winner


@dataclass(frozen=True)
class Facts:
    """What the report shows beside the result.

    cohort_table: index case; columns cohort, centre, patient, timepoint, clinical variables, volume_<modality>_ml.
    missing_block: modality or block → cases that lack it. quarantine: columns cohort, centre, case, modality, stage, code,
    message, details (only their counts are shown). provenance: label → value. variables: column → label with unit.
    held_out: as Design.held_out, a word for each row of cohort_table.
    """

    cohort_table: pd.DataFrame
    missing_block: Mapping[str, int]
    quarantine: pd.DataFrame
    provenance: Mapping[str, str]
    variables: Mapping[str, str]
    held_out: Sequence[str] = ()


def render_report(study: Study, result: StudyResult, facts: Facts) -> str:
    """The page as HTML. Equal inputs give equal text: no date, no random id."""
    winner = find_winner(study, result)
    drawn = [OUTCOME_FIGURES.parse(kind) for kind in result.endpoint.figures]
    curves = [plot for figure in drawn for plot in figure.plots(study, result, winner, facts.variables)]
    return render_page(
        Path(__file__).with_name("study_report.html"),
        study=study,
        result=result,
        facts=facts,
        title=study.title or study.name.replace("_", " ").capitalize(),
        headline=headline(study, result, winner),
        unused_split=_unused_split(study, facts.cohort_table),
        held_out=[
            (held_out_label(EXTERNAL if one.role == EXTERNAL else GIVEN, one.cohort), one) for one in result.held_out
        ],
        combinations=result.tuned.block_sets * result.tuned.models,
        chains=flow_chains(result, study.external),
        cohort=cohort_by_centre(study, result.endpoint, facts.cohort_table, facts.variables, facts.held_out),
        missing=[(name, share(count, len(facts.cohort_table))) for name, count in sorted(facts.missing_block.items())],
        missing_sentence=missing_sentence(study, facts.missing_block),
        copies=copy_rows(result)[:MOST],
        more_copies=max(0, len(result.copies) - MOST),
        copies_sentence=copies_sentence(result),
        score_tables=score_tables(study, result, winner),
        forests=[forest(study, result, metric) for metric in result.endpoint.metrics],
        curves=curves,
        curves_heading=drawn[0].heading,
        feature_tables=feature_tables(study, result, winner, facts.variables),
        weights_sentence=weights_sentence(result.endpoint),
        singles=single_rows(result, facts.variables),
        singles_caption=singles_caption(result),
        shown_split=split_label(winner.split),
        methods=methods(study, result, facts.missing_block),
        models=model_rows(study),
        quarantine=quarantine_rows(facts.quarantine),
        provenance=facts.provenance,
    )


def _unused_split(study: Study, table: pd.DataFrame) -> tuple[str, ...]:
    """A caution where the tables give a split and the study does not hold its test cases out."""
    if "split" not in table or any(split.kind == GIVEN for split in study.splits):
        return ()
    train, test = (int((table["split"] == part).sum()) for part in ("train", "test"))
    return (
        f"The tables give a split ({train} train, {test} test), which this study does not use: all cases count alike.",
    )


def write_report(path: Path, study: Study, result: StudyResult, facts: Facts) -> None:
    """Write the page, whole or not at all. Raises StoreError if it cannot be written."""
    write_bytes(path, page_bytes(render_report(study, result, facts)))
