"""Which recipes a refresh extracts of a cohort: those that somebody asks for, else those by default; and those it has."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from features.core.catalog.catalog import Catalog
from features.core.catalog.targets import declared_targets, targets_of
from features.core.errors import ConfigError, RadweaveError, StoreError
from features.core.kinds.recipe import Recipe, differing, load_recipe
from features.core.storage.store import Store
from features.results.known_results import KnownResults
from features.results.manifest import CohortState
from features.results.prefixes import leaving
from flows.named import (
    Found,
    find_recipe,
    find_recipes,
    find_study,
    named_recipe_files,
    one_of_a_name,
    own_recipe_files,
    read_study,
    recipe_files,
    study_files,
)
from flows.recipe_words import word_faults
from flows.signatures import read_signatures
from tasks.modelling.evaluation.asked import recipes_asked
from tasks.modelling.evaluation.study import signatures_of
from tasks.modelling.signatures.signature import Signature, every_of
from tasks.modelling.study_settings import StudySettings


@dataclass(frozen=True)
class Asked:
    """What a refresh is asked for: recipes, wherever they fit, and studies with their recipes, in their cohorts.

    signatures: of each study, those that it uses and those below them; their recipes are wanted in its cohorts and in their own.
    """

    recipes: tuple[Found, ...] = ()
    studies: tuple[tuple[StudySettings, tuple[Recipe, ...]], ...] = ()
    signatures: tuple[tuple[StudySettings, Signature], ...] = ()

    @classmethod
    def of(cls, catalog: Catalog, cohorts: Sequence[str], recipes: Iterable[str], studies: Iterable[str]) -> "Asked":
        """Recipes and studies by name or file. Raises RadweaveError if one of them is for none of the cohorts."""
        named = tuple(Found(find_recipe(given, beside=catalog.folder), given) for given in recipes)
        for one in named:
            if faults := word_faults(catalog, one.recipe, Path(one.place)):
                raise ConfigError(faults)
            if not any(fits_cohort(catalog, name, one.recipe) for name in cohorts):
                raise _unfit(catalog, cohorts, one.recipe)
        files = [find_study(given) for given in studies]
        found = (read_study(path, catalog.folder) for path in files)
        read = tuple((plan, recipes_asked(plan, own)) for plan, own in found)
        signed = tuple(
            (plan, one) for path, (plan, _) in zip(files, read, strict=True) for one in _signatures(path, plan, catalog)
        )
        for plan, asked in read:
            own = [name for user, one in signed if user is plan for name in one.plan.cohorts]
            there = [name for name in plan.all_cohorts if name in cohorts]
            if not there and not {*own} & {*cohorts}:
                of = f"{', '.join(dict.fromkeys([*plan.all_cohorts, *own]))}; this refresh is of {', '.join(cohorts)}"
                raise RadweaveError(f"study {plan.name} is of the cohorts {of}")
            for name in there:
                check_fit(catalog, name, asked)
        for plan, signature in signed:
            for name in {*plan.all_cohorts, *signature.plan.cohorts} & {*cohorts}:
                check_fit(catalog, name, signature.recipes)
        return cls(named, read, signed)

    def of_cohort(self, catalog: Catalog, cohort: str) -> list[Found]:
        """What is asked for of a cohort."""
        found = [one for one in self.recipes if fits_cohort(catalog, cohort, one.recipe)]
        for plan, recipes in self.studies:
            if cohort in plan.all_cohorts:
                found += [Found(recipe, f"study {plan.name}, recipe {recipe.name}") for recipe in recipes]
        for plan, one in self.signatures:
            if cohort in (*plan.all_cohorts, *one.plan.cohorts):
                found += [Found(recipe, f"study {one.plan.name}, recipe {recipe.name}") for recipe in one.recipes]
        return found


def _signatures(path: Path, plan: StudySettings, catalog: Catalog) -> list[Signature]:
    """The signatures of a study and those that these use."""
    return every_of(read_signatures(path, catalog.folder)) if signatures_of(plan) else []


def recipes_for(
    catalog: Catalog, cohort: str, asked: Asked = Asked(), held: Sequence[Recipe] = ()
) -> tuple[Recipe, ...]:
    """The recipes that a refresh extracts of a cohort: those that are asked for, else those by default; and those held.

    By default, as far as they fit: recipes in the folder `recipes` beside the catalog that say `default: true`; and, of
    images that none of them is for, recipes of radweave that say so, and those that its studies of this cohort name.
    held: recipes of the cohort's tables, which stay. A cohort without images has none.
    Raises RadweaveError if no recipe fits its images, ConfigError if two recipes of one name have other settings.
    """
    chosen = asked.of_cohort(catalog, cohort) or _by_default(catalog, cohort)
    chosen += [Found(recipe, f'the tables of cohort "{cohort}"') for recipe in held]
    if catalog.cohort(cohort).images and not chosen:
        fitting = [name for name in recipe_files() if fits_cohort(catalog, cohort, find_recipe(name))]
        named = f" (there are {', '.join(fitting)})" if fitting else ""
        raise RadweaveError(
            f'no recipe by default fits cohort "{cohort}" ({_kinds(catalog, cohort)}): name one by --recipe{named}, or give '
            "a file of your own"
        )
    order = {name: place for place, name in enumerate(recipe_files())}
    return tuple(sorted(one_of_a_name(chosen), key=lambda recipe: (order.get(recipe.name, len(order)), recipe.name)))


def meant_names(catalog: Catalog, cohort: str, asked: Asked) -> set[str]:
    """Names of recipes whose files decide, not what the tables hold of them: those asked for, else those beside the catalog."""
    found = asked.of_cohort(catalog, cohort) or _beside(catalog, cohort)
    return {one.recipe.name for one in found}


def held_recipes(catalog: Catalog, cohort: str, state: CohortState | None, but: Collection[str]) -> tuple[Recipe, ...]:
    """The recipes of a cohort's tables, but those named, as far as they fit it: somebody asked for them once.

    Those of radweave are as they come with it now; those of files are as the tables hold them, wherever the files are now.
    Raises StoreError if one is of another radweave, RadweaveError if radweave has another one of its name meanwhile.
    """
    found = []
    for name in leaving(state.settings if state else {}, ()):
        if name in but:
            continue
        own = recipe_of(state.recipes[name], name) if state and name in state.recipes else None
        shipped = find_recipe(name) if name in recipe_files() else None
        if own is not None and shipped is not None and (settings := differing(own.settings, shipped.settings)):
            raise RadweaveError(
                f'cohort "{cohort}": its tables hold the recipe "{name}" of a file, and radweave has one of that name, which '
                f"differs in {', '.join(settings)}. Rename the file and refresh with --recipe FILE --drop {name}"
            )
        recipe = own or shipped
        if recipe is not None and fits_cohort(catalog, cohort, recipe):
            found.append(recipe)
    return tuple(found)


def recipe_of(settings: Mapping[str, object], name: str) -> Recipe:
    """A recipe as tables hold it. Raises StoreError if it is of another radweave."""
    try:
        return Recipe.model_validate(settings)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise StoreError(
            f'the recipe "{name}" of the tables is of another radweave ({faults}): give its file by --recipe FILE, or drop '
            f"its columns by --drop {name}"
        ) from error


def recipe_named(given: str, catalog: Catalog, store: Store, cohort: str) -> Recipe:
    """A recipe by name or file; by name also one that the tables of a cohort hold, wherever its file is now.

    Raises as `find_recipes`, StoreError if the tables hold it as another radweave had it.
    """
    state = KnownResults(store, cohort).state
    if state is not None and given in state.recipes and given not in named_recipe_files(catalog.folder):
        return recipe_of(state.recipes[given], given)
    (recipe,) = find_recipes([given], beside=catalog.folder)
    return recipe


def fits_cohort(catalog: Catalog, cohort: str, recipe: Recipe) -> bool:
    """Whether a cohort declares images that a recipe is for, with the ROIs that it needs."""
    return bool(targets_of(catalog.cohort(cohort), recipe))


def check_fit(catalog: Catalog, cohort: str, recipes: Iterable[Recipe]) -> None:
    """Raises RadweaveError if a recipe is for none of a cohort's images, or needs ROIs that none of them has."""
    for recipe in recipes:
        if not fits_cohort(catalog, cohort, recipe):
            raise _unfit(catalog, [cohort], recipe)


def _unfit(catalog: Catalog, cohorts: Sequence[str], recipe: Recipe) -> RadweaveError:
    there = "; ".join(f'cohort "{name}" has {_kinds(catalog, name)}' for name in cohorts)
    named = f" of the words {', '.join(recipe.images)}" if recipe.images else ""
    needed = f" with the ROI {', '.join(map(str, recipe.roi.rois))}" if recipe.roi.rois else ""
    return RadweaveError(f"recipe {recipe.name} is for {recipe.modality} in {recipe.unit}{named}{needed}: {there}")


def _kinds(catalog: Catalog, cohort: str) -> str:
    found = []
    for target, sources in declared_targets(catalog.cohort(cohort)).items():
        what = f"{sources[0].modality} in {sources[0].unit}"
        what += f' as "{target.image}"' if target.is_image_named else ""
        found.append(what + (f' with the ROI "{target.roi}"' if target.is_roi_named else ""))
    return ", ".join(sorted({*found})) or "no images"


def _beside(catalog: Catalog, cohort: str) -> list[Found]:
    """Recipes in files beside the catalog that say `default: true` and fit. Raises ConfigError if one has faults."""
    found = [Found(load_recipe(path), str(path)) for path in own_recipe_files(catalog.folder)]
    if faults := [
        fault for one in found if one.recipe.default for fault in word_faults(catalog, one.recipe, Path(one.place))
    ]:
        raise ConfigError(faults)
    return [one for one in found if one.recipe.default and fits_cohort(catalog, cohort, one.recipe)]


def _by_default(catalog: Catalog, cohort: str) -> list[Found]:
    """Recipes by default, and what radweave's studies of the cohort name. A study with faults has its say in `check`."""
    shipped = [Found(recipe, recipe.name) for recipe in find_recipes(recipe_files()) if recipe.default]
    for path in study_files().values():
        with suppress(RadweaveError):
            plan, recipes = read_study(path)
            if cohort in plan.all_cohorts:
                of = f"study {plan.name}, recipe"
                shipped += [Found(recipe, f"{of} {recipe.name}") for recipe in recipes_asked(plan, recipes)]
    own = _beside(catalog, cohort)
    kinds = {(one.recipe.modality, one.recipe.unit) for one in own}
    fitting = [one for one in shipped if fits_cohort(catalog, cohort, one.recipe)]
    return own + [one for one in fitting if (one.recipe.modality, one.recipe.unit) not in kinds]
