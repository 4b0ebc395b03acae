"""association: the steps of a study that predicts nothing: fuse, measure, report."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from features.core.catalog.catalog import Catalog
from features.core.kinds.recipe import Recipe
from features.fusion.question import Question
from features.results.manifest import Mart
from flows.serving.engine import run_step
from tasks.associate import measure_associations
from tasks.association_report import write_association_report
from tasks.fuse import fuse_blocks
from tasks.modelling.association.study import AssociationStudy
from tasks.running.pool import Pool
from tasks.running.runner import Runner


@dataclass(frozen=True)
class Run:
    """What the steps of a study need: where it goes, what it reads, what decides it, and who computes it.

    writing: is held while anything is written, and refuses where a case was withdrawn meanwhile. refreshed_by: as in Question.
    """

    folder: Path
    mart: Mart
    declared: Catalog
    catalog: Path
    recipes: tuple[Recipe, ...]
    provenance: Mapping[str, str]
    writing: Callable[[], AbstractContextManager[None]]
    runner: Runner
    refreshed_by: str


def associate_study(plan: AssociationStudy, run: Run) -> None:
    """Fuse the blocks without an outcome, measure every effect, write tables and report."""
    question = Question(
        plan.cohorts,
        "",
        plan.measured_at,
        run.recipes,
        missing_block="keep",
        blocks=blocks_read(plan),
        lesions=plan.lesions,
        segmentation=plan.segmentation,
        deltas=plan.deltas,
        stable=plan.stable,
        refreshed_by=run.refreshed_by,
        visits=plan.visits,
        scored_visit="each" if plan.visits == "each" else None,
    )
    with run.writing():
        design = run_step(fuse_blocks, run.mart, run.catalog, question, run.folder)
    with Pool(run.runner) as pool:
        result = run_step(measure_associations, design, plan, run.mart, run.declared, run.folder, pool, run.writing)
    with run.writing():
        run_step(
            write_association_report,
            plan,
            run.recipes,
            result,
            design,
            run.mart,
            run.catalog,
            run.folder,
            run.provenance,
        )


def blocks_read(plan: AssociationStudy) -> tuple[str, ...]:
    """The blocks whose columns it tests, is adjusted for, or takes for a variable: a column begins with its block's name."""
    words = {word for effect in plan.effects for word in effect.adjusts} | {*plan.variables}
    return tuple(sorted(plan.used_blocks | {word.split("__")[0] for word in words if "__" in word}))
