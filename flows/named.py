"""Recipes and studies as somebody names them: by the name of one of radweave, or of a recipe beside the catalog, or as a file."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from features.core.errors import ConfigError, Fault, RadweaveError, hint_sentence
from features.core.kinds.recipe import SHUFFLED, Recipe, differing, load_recipe
from tasks.modelling.evaluation.study import load_study, signatures_of
from tasks.modelling.study_settings import StudySettings

FOLDER = Path(__file__).parent
ENDINGS = (".yaml", ".yml")


def recipe_files() -> dict[str, Path]:
    """Recipes that come with radweave, by name: that of a file in a folder begins with the folder's, as in `ibsi_a`."""
    root = FOLDER / "recipes"
    return {"_".join(path.relative_to(root).with_suffix("").parts): path for path in sorted(root.rglob("*.yaml"))}


def own_recipe_files(folder: Path) -> list[Path]:
    """Recipe files in the folder `recipes` beside a catalog, whose folder this is; none if there is no such folder.

    Weights cards, which may lie beside the recipes that name them, are none.
    """
    found = sorted(path for ending in ENDINGS for path in (folder / "recipes").glob(f"*{ending}"))
    return [path for path in found if not _is_card(path)]


def named_recipe_files(folder: Path | None) -> dict[str, Path]:
    """Recipes by name: those of radweave, then those beside a catalog, whose folder this is, by what they say or their file."""
    own = {_own_name(path): path for path in own_recipe_files(folder)} if folder is not None else {}
    return {**recipe_files(), **{name: path for name, path in own.items() if name not in recipe_files()}}


def _own_name(path: Path) -> str:
    try:
        said = re.search(r"^name:[ \t]*[\"']?(\w+)", path.read_text("utf-8", errors="replace"), re.MULTILINE)
    except OSError:
        said = None
    return said[1] if said else path.stem


def _is_card(path: Path) -> bool:
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError:  # whoever reads it as a recipe says what is wrong
        return False
    return all(re.search(f"^{key}:", text, re.MULTILINE) for key in ("architecture", "weights", "permitted_use"))


def study_files() -> dict[str, Path]:
    """Studies that come with radweave and are of a catalog's cohorts, by name."""
    return {name: path for name, path in _studies().items() if not is_literature(path)}


def literature_files() -> dict[str, Path]:
    """Studies of the literature, which make a cohort of their own, by name."""
    return {name: path for name, path in _studies().items() if is_literature(path)}


def is_literature(path: Path) -> bool:
    """Whether a file is a study of the literature: it says what is simulated."""
    return bool(re.search(r"^simulated:", path.read_text("utf-8", errors="replace"), re.MULTILINE))


def _studies() -> dict[str, Path]:
    return {path.stem: path for path in sorted((FOLDER / "studies").glob("*.yaml"))}


def find_recipe(given: str, folder: Path = Path(), beside: Path | None = None) -> Recipe:
    """A recipe by name, `ibsi/a` being `ibsi_a`, or from a file, as seen from `folder`; NAME_shuffled is that of shuffled images.

    beside: folder of the catalog, whose recipes have names too.
    Raises RadweaveError if there is none, ConfigError if its file has faults.
    """
    files = named_recipe_files(beside)
    of = given.replace("/", "_").removesuffix(SHUFFLED)
    if given.endswith(SHUFFLED) and of in files and of + SHUFFLED not in files:
        return load_recipe(files[of]).shuffled()
    return load_recipe(_file("recipe", given, given.replace("/", "_"), files, folder))


def name_of(given: str) -> str:
    """The name of a recipe that need not be here any more; of a file, what it says, or what its own name says."""
    path = Path(given)
    if path.suffix not in ENDINGS:
        return given.replace("/", "_")
    return load_recipe(path).name if path.is_file() else path.stem


def find_study(given: str, folder: Path = Path()) -> Path:
    """The file of a study: by the name of one that comes with radweave, or a path as seen from `folder`. Raises RadweaveError."""
    return _file("study", given, given, _studies(), folder)


def _file(what: str, given: str, name: str, files: Mapping[str, Path], folder: Path) -> Path:
    """The file of a name; else the file itself, if the text looks like one or is one."""
    if name in files:
        return files[name]
    path = folder / given
    hint = hint_sentence(name, files)
    if path.suffix in ENDINGS or path.is_file():
        if not path.exists():
            own = f'there is a {what} named "{path.stem}"' if path.stem in files else ""
            raise ConfigError([Fault(str(path), f"there is no such file of a {what}", hint=own)])
        return path
    if path.is_dir():
        hint = f"{path} is a folder: give a file in it."
    if with_ending := next((one for ending in ENDINGS if (one := folder / f"{given}{ending}").is_file()), None):
        hint = f"{with_ending} is a file: give it with its ending."
    names = f"{', '.join(files)}, or give a YAML file"
    raise RadweaveError(f'there is no {what} "{given}"; there are {names}. {hint}'.strip())


@dataclass(frozen=True)
class Found:
    """A recipe, and where it was found, for messages."""

    recipe: Recipe
    place: str


def find_recipes(given: Iterable[str], folder: Path = Path(), beside: Path | None = None) -> tuple[Recipe, ...]:
    """Recipes by name or file, each once. Raises as `find_recipe`, and as `one_of_a_name`."""
    return one_of_a_name(Found(find_recipe(one, folder, beside), str(folder / one)) for one in given)


def one_of_a_name(found: Iterable[Found]) -> tuple[Recipe, ...]:
    """The recipes, each once, in the order of their first place.

    Raises ConfigError if two have one name and other settings, or one has the name of a recipe of radweave: columns begin
    with the name of the recipe.
    """
    files, first = recipe_files(), dict[str, Found]()
    for one in found:
        name = one.recipe.name
        others = [first.setdefault(name, one)]
        others += [Found(load_recipe(files[name]), f"the recipe {name} of radweave")] if name in files else []
        for other in others:
            if settings := differing(one.recipe.settings, other.recipe.settings):
                what = f'the name "{name}" is taken by {other.place}, which differs in {", ".join(settings)}'
                hint = "columns begin with the name: rename the file, or say another `name` in it"
                raise ConfigError([Fault(one.place, what, hint=hint)])
    return tuple(one.recipe for one in first.values())


def read_study(path: Path, beside: Path | None = None) -> tuple[StudySettings, tuple[Recipe, ...]]:
    """A study and its recipes, of which it has the names alone: where their files lie decides nothing.

    Recipes that are files are so as seen from the study's file, and so are the studies of its signatures. beside: folder of the
    catalog, whose recipes have names too. Raises ConfigError, RadweaveError.
    """
    plan = load_study(path)
    recipes = find_recipes(plan.recipes, path.parent, beside)
    names = {word: load_study(find_study(one.study, path.parent)).name for word, one in signatures_of(plan).items()}
    signatures = {word: one.model_copy(update={"study": names[word]}) for word, one in signatures_of(plan).items()}
    own = {"signatures": signatures} if signatures else {}
    return plan.model_copy(update={"recipes": tuple(recipe.name for recipe in recipes), **own}), recipes
