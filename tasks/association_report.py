"""Step 8 of a study that predicts nothing: the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.design import Design
from features.core.kinds.recipe import Recipe
from features.results.manifest import Mart
from tasks.modelling.association.result import AssociationResult
from tasks.modelling.association.study import AssociationStudy
from tasks.reports.association_report import render_association_report
from tasks.reports.association_section import AssociationFindings
from tasks.reports.association_sections.headline import association_headline
from tasks.reports.run_files import end_run, facts_of


@task(name="association report", cache_policy=NO_CACHE, persist_result=False)
def write_association_report(
    study: AssociationStudy,
    recipes: Sequence[Recipe],
    result: AssociationResult,
    design: Design,
    mart: Mart,
    catalog: Path,
    folder: Path,
    provenance: Mapping[str, str],
) -> Path:
    """The HTML page and its figures; study.json is written last and says that the study is complete. Bugs as in `end_run`."""
    facts = facts_of(study, recipes, design, mart, catalog, provenance)
    said = association_headline(AssociationFindings(study, result, facts))
    return end_run(folder, render_association_report(study, result, facts), study, recipes, mart, provenance, said)
