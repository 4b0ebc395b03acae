"""What every report is made of beside its result, and how a run ends: its page, its figures, then study.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from features.core.catalog.catalog import load_catalog
from features.core.design import Design
from features.core.images import IMAGES
from features.core.kinds.recipe import Recipe
from features.core.storage.place import write_bytes
from features.fusion.shown import shown_in_words
from features.results.manifest import Mart
from features.results.runs import STUDY, run_bytes
from tasks.modelling.study_settings import StudySettings
from tasks.reports.facts import Facts
from tasks.reports.plain_labels import variable_label
from tasks.reports.report_page import PAGE, Report, figure_file, write_report


def facts_of(
    study: StudySettings,
    recipes: Sequence[Recipe],
    design: Design,
    mart: Mart,
    catalog: Path,
    provenance: Mapping[str, str],
) -> Facts:
    """What a report shows beside the result. design: with the rows that count."""
    cohorts = {name: load_catalog(catalog).cohort(name) for name in study.all_cohorts}
    variables = {
        column: variable_label(column, variable.unit)
        for cohort in cohorts.values()
        for column, variable in cohort.variables.items()
    }
    quarantine = pd.concat([mart.read("quarantine", name).to_pandas() for name in cohorts], ignore_index=True)
    extractors = [one for recipe in recipes for one in recipe.extractors if one.study_block in study.used_blocks]
    networks = tuple(dict.fromkeys(one.said for one in extractors if one.said and not one.gives))
    shown = shown_in_words(recipes) if IMAGES in study.used_blocks else ()
    held_out = design.held_out.tolist()
    lacking = design.missing_block
    return Facts(design.cohort_table, lacking, quarantine, provenance, variables, held_out, networks, shown=shown)


def end_run(
    folder: Path,
    report: Report,
    study: StudySettings,
    recipes: Sequence[Recipe],
    mart: Mart,
    provenance: Mapping[str, str],
    headline: str,
    *,
    further: Mapping[str, object] = MappingProxyType({}),
    cohorts: Iterable[str] = (),
) -> Path:
    """The page and its figures; study.json last, which says that the run is whole. Returns the page.

    Where sections have bugs, the page is written without them and says so, study.json is not written, and the errors are
    raised: nobody takes the run for whole, and nothing that was computed is lost. further: what study.json says besides.
    cohorts: others that the run is of.
    """
    write_report(folder, report)
    if report.errors:
        names = ", ".join(report.errors)
        raise ExceptionGroup(f"{folder / PAGE}: written without the sections {names}", [*report.errors.values()])
    summary = {
        "study": study.model_dump(mode="json"),
        "recipes": {recipe.name: recipe.settings for recipe in recipes},
        **further,
        "provenance": dict(provenance),
        "refreshes": {
            name: mart.manifest.cohorts[name].refreshed for name in dict.fromkeys([*study.all_cohorts, *cohorts])
        },
        "figures": [
            {"section": kind, "id": plot.id, "title": plot.title, "file": figure_file(plot)}
            for kind, plots in report.figures.items()
            for plot in plots
        ],
        "headline": headline,
    }
    write_bytes(folder / STUDY, run_bytes(folder, summary))
    return folder / PAGE
