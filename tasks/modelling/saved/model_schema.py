"""The schema of a model: what its columns are, so that rows which were made in another way are refused, each difference named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from features.core.case import Target
from features.core.catalog.catalog import Cohort
from features.core.errors import RadweaveError
from features.core.images import IMAGES
from features.core.kinds.recipe import Recipe
from features.fusion.column_facts import SAME, TOLD
from features.results.manifest import Mart
from features.results.prefixes import feature_prefix, recipe_targets, settings_digests
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.study import Study

_UNKNOWN: dict[str, Any] = {**dict.fromkeys(TOLD, ""), "levels": []}
COLUMN_KEYS = frozenset({"name", "block", "category", *TOLD, "levels"})
MOST_DIFFERENCES = 20  # that a sentence names


def model_schema(
    final: Final,
    study: Study,
    recipes: Sequence[Recipe],
    facts: Mapping[str, Mapping[str, Any]],
    mart: Mart,
    cohorts: Sequence[Cohort],
) -> dict[str, Any]:
    """columns: name, block, category and what the dictionary says of each. settings: beginning of names of columns → digest of the
    preparation and the extractor that made them, and what networks are shown. facts: as `column_facts` gives them.
    """
    names = final.columns.names.tolist()
    each = zip(names, final.columns.blocks.tolist(), final.columns.categories.tolist(), strict=True)
    measured = [one for cohort in cohorts for one in recipe_targets(cohort, recipes)]
    prefixes = settings_digests(measured)
    shown = _shown_by(study, final, measured)
    used = {
        prefix: digest
        for prefix, digest in prefixes.items()
        if prefix in shown or any(_begins(name, prefix) for name in names)
    }
    return {
        "columns": [
            {"name": name, "block": block, "category": category, **_UNKNOWN, **facts.get(name, {})}
            for name, block, category in each
        ],
        "covariates": list(final.covariates),
        "settings": used,
        "kernels": sorted({kernel for cohort in mart.manifest.cohorts.values() for kernel in cohort.kernels}),
        "endpoint": study.endpoint,
        "levels": list(final.levels),
        "predict_at": study.predict_at,
    }


def _shown_by(study: Study, final: Final, measured: Sequence[tuple[Recipe, Target]]) -> set[str]:
    """What names of what a model is shown begin with; nothing of a model of columns."""
    word = study.shows(final.blocks)
    part = study.parts.get(word)
    return {
        feature_prefix(recipe, extractor.word, target)
        for recipe, target in measured
        for extractor in recipe.extractors
        if word
        and extractor.gives == IMAGES
        and (part is None or part.shows({"recipe": recipe.name, "image": target.image, "roi": target.roi}))
    }


def check_schema(schema: Mapping[str, Any], final: Final) -> None:
    """Raises RadweaveError if a schema lacks what it has to say of a column, or is of other columns than the model."""
    columns = schema.get("columns")
    if not isinstance(columns, list):
        raise RadweaveError("the schema names no columns")
    for column in columns:
        lacking = sorted(COLUMN_KEYS - column.keys())
        if lacking:
            name = column.get("name", "a column")
            raise RadweaveError(
                f'the schema says of "{name}" no {", ".join(lacking)}; every column has to have them, if empty'
            )
    if [column["name"] for column in columns] != final.columns.names.tolist():
        raise RadweaveError("the schema is of other columns than the model")


def differences(
    schema: Mapping[str, Any], there: Mapping[str, Mapping[str, Any]], settings: Mapping[str, str], cohort: str
) -> list[str]:
    """A sentence for each way in which the columns of a cohort are others than those of a model.

    there: what the dictionary of the cohort says of columns. settings: as in the schema, of the tables of the cohort.
    """
    return [*_of_preparation(schema["settings"], settings, cohort), *_of_columns(schema["columns"], there, cohort)]


def refuse(differing: Sequence[str], model: str, cohort: str) -> None:
    """Raises RadweaveError that names differences, if there are any."""
    if not differing:
        return
    more = f"\n  and {len(differing) - MOST_DIFFERENCES} more" if len(differing) > MOST_DIFFERENCES else ""
    lines = "".join(f"\n  {one}" for one in differing[:MOST_DIFFERENCES])
    raise RadweaveError(f'the model {model} cannot score the cohort "{cohort}", whose columns are others:{lines}{more}')


def _of_preparation(wanted: Mapping[str, str], found: Mapping[str, str], cohort: str) -> Iterator[str]:
    for prefix, digest in wanted.items():
        if prefix not in found:
            yield f"{prefix}*: the cohort has none: refresh it with the recipe of the model"
        elif found[prefix] != digest:
            yield (
                f"{prefix}*: made with another preparation or extractor ({found[prefix][:12]}; the model was fitted on "
                f"{digest[:12]}): refresh {cohort} with the recipe of the model"
            )


def _of_columns(
    columns: Iterable[Mapping[str, Any]], there: Mapping[str, Mapping[str, Any]], cohort: str
) -> Iterator[str]:
    for column in columns:
        name = column["name"]
        if name not in there:
            yield f"{name}: {cohort} has no such column"
            continue
        for key in SAME:
            wanted, found = column[key], there[name].get(key, "")
            if wanted != found:
                yield f"{name}: {key} is {_shown(found)}; the model was fitted on {_shown(wanted)}"


def _begins(name: str, prefix: str) -> bool:
    return name.removeprefix("delta__").startswith(prefix)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) or "none"
