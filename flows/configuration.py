"""Recipes, studies and the catalog as one configuration, checked together."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from features.core.catalog.catalog import Catalog, Cohort, load_catalog
from features.core.errors import ConfigError, Fault, RadweaveError, did_you_mean
from features.core.kinds.recipe import Recipe, load_recipe
from features.core.yaml import Document
from features.fusion.landmark_cohorts import check_landmark_cohorts
from features.tables.outcome_files import outcome_file_faults

if TYPE_CHECKING:
    from features.fusion.delta import Delta

FOLDER = Path(__file__).parent


def recipe_files() -> dict[str, Path]:
    """Recipes that come with radweave, by name: that of a file in a folder begins with the folder's, as in `ibsi_a`."""
    root = FOLDER / "recipes"
    return {"_".join(path.relative_to(root).with_suffix("").parts): path for path in sorted(root.rglob("*.yaml"))}


def study_files() -> dict[str, Path]:
    """Studies that come with radweave, by name."""
    return {path.stem: path for path in sorted((FOLDER / "studies").glob("*.yaml"))}


def find_recipes(names: Iterable[str]) -> tuple[Recipe, ...]:
    """Recipes by name, `ibsi/a` being `ibsi_a`. Raises RadweaveError for an unknown one."""
    files = recipe_files()
    found = []
    for given in names:
        name = given.replace("/", "_")
        if name not in files:
            is_file = Path(given).suffix in (".yaml", ".yml") or Path(given).is_file()
            hint = "A recipe is given by its name, not as a file." if is_file else did_you_mean(name, files)
            raise RadweaveError(f'there is no recipe "{given}"; there are {", ".join(files)}. {hint}'.strip())
        found.append(load_recipe(files[name]))
    return tuple(found)


def recipes_for(catalog: Catalog, cohort: str, asked: Iterable[str] = ()) -> tuple[Recipe, ...]:
    """The recipes that fit the modalities and units of a cohort: those by default, and those that somebody asks for.

    asked: by name; the studies in flows/studies that use the cohort ask for theirs.
    """
    images = {(image.modality, image.unit) for image in catalog.cohort(cohort).images}
    fitting = [recipe for recipe in find_recipes(recipe_files()) if (recipe.modality, recipe.unit) in images]
    asked = _asked_for(cohort) | set(asked)
    found = tuple(recipe for recipe in fitting if recipe.default or recipe.name in asked)
    if not found:
        kinds = ", ".join(f"{modality} in {unit}" for modality, unit in sorted(images))
        named = f", or name one of {', '.join(recipe.name for recipe in fitting)} by --recipe" if fitting else ""
        raise RadweaveError(f'no recipe fits cohort "{cohort}" ({kinds}): add one to flows/recipes{named}')
    return found


def _asked_for(cohort: str) -> set[str]:
    """Recipes that the studies of a cohort name. A study with faults has its say in `check`."""
    found: set[str] = set()
    for path in study_files().values():
        with suppress(ConfigError):
            study = Document.load(path).data
            cohorts, recipes = ((study if isinstance(study, dict) else {}).get(key) for key in ("cohorts", "recipes"))
            if isinstance(cohorts, list) and cohort in cohorts and isinstance(recipes, list):
                found |= {name for name in recipes if isinstance(name, str)}
    return found


def find_study(study: str) -> Path:
    """The file of a study: a path, or the name of one that comes with radweave. Raises RadweaveError."""
    path = Path(study)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return path
    files = study_files()
    if study not in files:
        hint = did_you_mean(study, files)
        raise RadweaveError(
            f'there is no study "{study}"; there are {", ".join(files)}, or give a file. {hint}'.strip()
        )
    return files[study]


def check_configuration(catalog_path: Path, studies: Iterable[Path]) -> Catalog:
    """The catalog, if it, all recipes and these studies are free of faults; else ConfigError with every one of them."""
    from tasks.modelling.evaluation.study import load_study

    faults: list[Fault] = []
    catalog: Catalog | None = None
    try:
        catalog = load_catalog(catalog_path)
    except ConfigError as error:
        faults += error.faults
    recipes: dict[str, Recipe] = {}
    for name, path in recipe_files().items():
        try:
            recipes[name] = load_recipe(path)
        except ConfigError as error:
            faults += error.faults
    for path in studies:
        try:
            study = load_study(path)
        except ConfigError as error:
            faults += error.faults
            continue
        if catalog is not None:
            faults += _study_faults(Document.load(path), study, catalog, recipes)
    faults += _file_faults(catalog) if catalog is not None else []
    if faults or catalog is None:
        raise ConfigError(faults)
    return catalog


def _file_faults(catalog: Catalog) -> list[Fault]:
    """Faults that only the files of the cohorts tell, of those that are here."""
    faults: list[Fault] = []
    for name, cohort in catalog.cohorts.items():
        try:
            root = catalog.root(name)
        except RadweaveError:
            continue
        faults += outcome_file_faults(root, cohort)
    return faults


def left_out(studies: Iterable[Path], catalog_path: Path) -> dict[Path, str]:
    """Studies that cannot run on a catalog because it lacks a cohort of theirs, and why; not those that name it as theirs.

    Whatever cannot be read is not left out: it has faults to be told.
    """
    from tasks.modelling.evaluation.study import load_study

    found: dict[Path, str] = {}
    for path in studies:
        try:
            plan, known = load_study(path), load_catalog(catalog_path).cohorts
        except ConfigError:
            continue
        lacking = [name for name in plan.cohorts if name not in known]
        own = (path.resolve().parent / plan.catalog).resolve() if plan.catalog else None
        if lacking and own != catalog_path.resolve():
            found[path] = f"this catalog has no cohort {', '.join(lacking)}" + (f"; {own} has" if own else "")
    return found


def _delta_faults(where: str, delta: "Delta", predict_at: str, cohort: Cohort) -> list[Fault]:
    """What forbids a delta whose time points are known: their order, or that it is known after the prediction."""
    if not {delta.since, delta.until, predict_at} <= set(cohort.timepoints):
        return []
    try:
        delta.days(cohort.timepoints, predict_at)
    except RadweaveError as error:
        return [Fault(where, str(error))]
    return []


def _study_faults(document: Document, study: object, catalog: Catalog, recipes: dict[str, Recipe]) -> list[Fault]:
    """Words of a study that the catalog or the recipes do not know."""
    from tasks.modelling.evaluation.study import Study

    assert isinstance(study, Study)
    faults: list[Fault] = []

    def known(loc: Sequence[str | int], what: str, word: str, words: Iterable[str]) -> None:
        words = list(words)
        if word not in words:
            hint = did_you_mean(word, words)
            faults.append(Fault(document.where(loc), f"unknown {what}", f'"{word}"', ", ".join(words), hint))

    for i, name in enumerate(study.cohorts):
        known(("cohorts", i), "cohort", name, catalog.cohorts)
        if name in catalog.cohorts:
            cohort = catalog.cohorts[name]
            known(("endpoint",), f"endpoint of cohort {name}", study.endpoint, cohort.endpoints)
            known(("predict_at",), f"time point of cohort {name}", study.predict_at, cohort.timepoints)
            for j, delta in enumerate(study.deltas):
                for end in ("since", "until"):
                    loc = ("deltas", j, end)
                    known(loc, f"time point of cohort {name}", getattr(delta, end), cohort.timepoints)
                faults += _delta_faults(document.where(("deltas", j)), delta, study.predict_at, cohort)
            endpoint = cohort.endpoints.get(study.endpoint)
            for j, model in enumerate(study.models):
                if endpoint is not None and model.task != endpoint.kind:
                    what = f"{model.kind} predicts a {model.task} endpoint, {study.endpoint} is {endpoint.kind}"
                    faults.append(Fault(document.where(("models", j)), what))
    for i, name in enumerate(study.recipes):
        known(("recipes", i), "recipe", name, recipes)
        try:
            check_landmark_cohorts([recipes[name]] if name in recipes else [], study.cohorts)
        except RadweaveError as error:
            faults.append(Fault(document.where(("recipes", i)), str(error)))
    offered = {extractor.block for name in study.recipes if name in recipes for extractor in recipes[name].extractors}
    for name, blocks in study.blocks.items():
        for block in blocks:
            if block in ("radiomics", "deep") and block not in offered:
                what = f'the block "{block}" comes from no recipe of the study'
                faults.append(Fault(document.where(("blocks", name)), what, allowed=", ".join(sorted(offered))))
            if block == "region" and not study.recipes:
                faults.append(
                    Fault(document.where(("blocks", name)), "the block region needs a recipe: it names the modality")
                )
    return faults
