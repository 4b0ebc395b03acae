"""Step 8: the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.catalog.catalog import load_catalog
from features.core.design import Design
from features.core.kinds.recipe import Recipe
from features.core.storage.place import write_bytes
from features.results.manifest import Mart
from features.results.runs import STUDY, run_bytes
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.signatures.direct import direct_scores
from tasks.modelling.signatures.own_score import own_scores
from tasks.modelling.signatures.values import Signed
from tasks.reports.labels import variable_label
from tasks.reports.section import Facts
from tasks.reports.sections.headline import headline
from tasks.reports.study_report import PAGE, figure_file, render_report, write_report
from tasks.reports.view_spread import view_spreads
from tasks.reports.winner import find_winner


@task(name="report", cache_policy=NO_CACHE, persist_result=False)
def write_study_report(
    study: Study,
    recipes: Sequence[Recipe],
    result: StudyResult,
    design: Design,
    mart: Mart,
    catalog: Path,
    folder: Path,
    provenance: Mapping[str, str],
    signatures: Sequence[Signed] = (),
    own_runs: Mapping[str, Path] = MappingProxyType({}),
) -> Path:
    """The HTML page and its figures; study.json is written last and says that the study is complete.

    Where sections have bugs, the page is written without them and says so, study.json is not written, and the errors are
    raised: nobody takes the run for whole, and nothing that was computed is lost. own_runs: signature → a current run of its study.
    """
    cohorts = {name: load_catalog(catalog).cohort(name) for name in study.all_cohorts}
    variables = {
        column: variable_label(column, variable.unit)
        for cohort in cohorts.values()
        for column, variable in cohort.variables.items()
    }
    quarantine = pd.concat([mart.read("quarantine", name).to_pandas() for name in cohorts], ignore_index=True)
    design = design.once
    held_out = design.held_out.tolist()
    blocks = study.used_blocks
    extractors = [one for recipe in recipes for one in recipe.extractors if one.block in blocks]
    networks = tuple(dict.fromkeys(one.said for one in extractors if one.said))
    facts = Facts(
        design.cohort_table,
        design.missing_block,
        quarantine,
        provenance,
        variables,
        held_out,
        networks,
        signatures,
        {
            one.signature.name: own_scores(one.signature, own_runs[one.signature.name])
            for one in signatures
            if one.signature.name in own_runs
        },
        direct_scores(design, [one.values for one in signatures]),
        view_spreads(mart, list(cohorts), study.recipes, design.X.index) if "deep" in blocks else (),
    )
    report = render_report(study, result, facts)
    write_report(folder, report)
    if report.errors:
        names = ", ".join(report.errors)
        raise ExceptionGroup(f"{folder / PAGE}: written without the sections {names}", [*report.errors.values()])
    asked = dict.fromkeys([*cohorts, *(name for one in signatures for name in one.signature.all_cohorts)])
    refreshes = {name: mart.manifest.cohorts[name].refreshed for name in asked}
    summary = {
        "study": study.model_dump(mode="json"),
        "recipes": {recipe.name: recipe.settings for recipe in recipes},
        **({"signatures": {one.signature.name: one.signature.facts() for one in signatures}} if signatures else {}),
        "provenance": dict(provenance),
        "refreshes": refreshes,
        "figures": [
            {"section": kind, "id": plot.id, "title": plot.title, "file": figure_file(plot)}
            for kind, plots in report.figures.items()
            for plot in plots
        ],
        "headline": headline(study, result, find_winner(study, result)).sentence.striptags(),
    }
    write_bytes(folder / STUDY, run_bytes(folder, summary))
    return folder / PAGE
