"""recipe_faults: what is wrong with the recipes that a study names, and with what it makes of its visits."""

from pathlib import Path
from typing import TYPE_CHECKING

from features.core.catalog.catalog import Catalog, Cohort
from features.core.errors import ConfigError, Fault, RadweaveError, did_you_mean
from features.core.kinds.recipe import Recipe
from features.core.yaml import Document
from features.fusion.landmark_cohorts import check_landmark_cohorts
from features.fusion.part_of_block import block_of_word
from features.fusion.shuffled import shuffled_recipes
from flows.named import Found, find_recipe, named_recipe_files, one_of_a_name
from flows.recipe_words import word_faults
from flows.wanted import check_fit

if TYPE_CHECKING:
    from features.core.kinds.delta import Delta
    from tasks.modelling.evaluation.study import Study
    from tasks.modelling.study_settings import StudySettings


def recipe_or_faults(given: str, folder: Path, where: str, beside: Path) -> tuple[Recipe | None, list[Fault]]:
    """A recipe by name or file, and what is wrong with it: of a file, at its own lines; else, `where` it is named."""
    try:
        recipe = find_recipe(given, folder, beside)
        one_of_a_name([Found(recipe, where or given)])
    except ConfigError as error:
        path = folder / given
        if where and not path.exists():
            hint = did_you_mean(path.name, [other.name for other in path.parent.glob("*.y*ml")])
            return None, [Fault(where, f'there is no file {path}, which the recipe "{given}" means', hint=hint)]
        return None, list(error.faults)
    except RadweaveError:
        files = named_recipe_files(beside)
        hint = did_you_mean(given, files)
        allowed = f"{', '.join(files)}, or a YAML file"
        return None, [Fault(where or "recipes", "unknown recipe", f'"{given}"', allowed, hint)]
    return recipe, []


def study_recipes(document: Document, study: "StudySettings", catalog: Catalog) -> tuple[list[Found], list[Fault]]:
    """The recipes of a study that can be read, and what is wrong with any of them."""
    faults: list[Fault] = []
    named: list[Found] = []
    for i, given in enumerate(study.recipes):
        where = document.where(("recipes", i))
        recipe, found = recipe_or_faults(given, document.path.parent, where, catalog.folder)
        faults += found
        if recipe is None:
            continue
        named.append(Found(recipe, where))
        faults += word_faults(catalog, recipe, document.path.parent / given)
        try:
            one_of_a_name(named)
            check_landmark_cohorts([recipe], study.all_cohorts)
            for name in study.all_cohorts:
                if name in catalog.cohorts:
                    check_fit(catalog, name, [recipe])
        except ConfigError as error:
            faults += error.faults
        except RadweaveError as error:
            faults.append(Fault(where, str(error)))
    return named, faults


def delta_faults(where: str, delta: "Delta", predict_at: str, cohort: Cohort) -> list[Fault]:
    """What forbids a delta whose time points are known: their order, or that it is known after the prediction."""
    if not {*filter(None, (delta.since, delta.until)), predict_at} <= set(cohort.timepoints):
        return []
    try:
        delta.span(cohort.timepoints, predict_at)
    except RadweaveError as error:
        return [Fault(where, str(error))]
    return []


def control_faults(document: Document, study: "Study", recipes: list[Recipe]) -> list[Fault]:
    """Controls that need images, of a study whose columns are of none. recipes: all that it names."""
    offered = {
        extractor.study_block for one in shuffled_recipes(tuple(recipes)).values() for extractor in one.extractors
    }
    used = {block_of_word(word, study.parts) for blocks in study.blocks.values() for word in blocks}
    if used & {*offered, "region"} and offered:
        return []
    hint = "take the control away, or name a recipe whose columns a set of blocks has"
    return [
        Fault(
            document.where(("controls", i)),
            f"{control.kind} exchanges intensities of images, and no set of blocks has columns of a recipe of the study",
            ", ".join(sorted(used)),
            hint=hint,
        )
        for i, control in enumerate(study.controls)
        if control.reads_shuffled
    ]
