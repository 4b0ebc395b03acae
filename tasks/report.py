"""Step 8: the report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.design import Design
from features.core.kinds.recipe import Recipe
from features.results.manifest import Mart
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.signatures.direct import direct_scores
from tasks.modelling.signatures.own_score import own_scores
from tasks.modelling.signatures.values import Signed
from tasks.reports.run_files import end_run, facts_of
from tasks.reports.sections.headline import headline
from tasks.reports.study_report import render_report
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
    facts = replace(
        facts_of(study, recipes, design.once, mart, catalog, provenance),
        signatures=signatures,
        own_scores={
            one.signature.name: own_scores(one.signature, own_runs[one.signature.name])
            for one in signatures
            if one.signature.name in own_runs
        },
        direct=direct_scores(design.once, [one.values for one in signatures]),
        spreads=view_spreads(mart, list(study.all_cohorts), study.recipes, design.once.X.index)
        if "deep" in study.used_blocks
        else (),
    )
    said = headline(study, result, find_winner(study, result)).sentence.striptags()
    cohorts = dict.fromkeys(name for one in signatures for name in one.signature.all_cohorts)
    told = {"signatures": {one.signature.name: one.signature.facts() for one in signatures}} if signatures else {}
    report = render_report(study, result, facts)
    return end_run(folder, report, study, recipes, mart, provenance, said, further=told, cohorts=cohorts)
