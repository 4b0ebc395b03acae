"""question_of: what a study asks of the mart."""

from __future__ import annotations

from collections.abc import Sequence

from features.core.kinds.recipe import Recipe
from features.fusion.question import Question
from features.fusion.shuffled import shuffled_recipes
from tasks.modelling.evaluation.study import Study
from tasks.modelling.study_settings import StudySettings


def question_of(study: Study, recipes: Sequence[Recipe], refreshed_by: str = "") -> Question:
    """The part of a study that decides its design table, without the values of its signatures.

    recipes: those that it names. refreshed_by: as in Question.
    """
    return Question(
        study.cohorts,
        study.endpoint,
        study.predict_at,
        tuple(recipes),
        missing_block=study.missing_block,
        blocks=tuple(sorted(study.used_blocks)),
        lesions=study.lesions,
        segmentation=study.segmentation,
        deltas=study.deltas,
        stable=study.stable,
        leak_checked=study.leak_checked,
        refreshed_by=refreshed_by,
        external=study.external,
        external_columns=study.external_columns,
        given_split=any(split.kind == "given" for split in study.splits),
        visits=study.visits,
        scored_visit=study.scored_visit,
        parts=study.parts,
        shuffled=any(control.reads_shuffled for control in study.controls),
        shows=tuple(sorted({word for name in study.blocks if (word := study.shows(name))})),
    )


def recipes_asked(study: StudySettings, recipes: Sequence[Recipe]) -> tuple[Recipe, ...]:
    """The recipes of a study, and those of shuffled images where a control reads these: what a refresh extracts for it."""
    if not isinstance(study, Study) or not any(control.reads_shuffled for control in study.controls):
        return tuple(recipes)
    return (*recipes, *shuffled_recipes(tuple(recipes)).values())
