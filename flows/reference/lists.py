"""lists: every list of words that a file may hold, found in the folders: kinds of registries, weights cards, recipes, studies."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from inspect import cleandoc
from types import ModuleType
from typing import Any

from features.core.errors import RadweaveError, hint_sentence
from features.core.frozen import Frozen
from features.core.kinds.registry import Kind, Registry
from flows.named import recipe_files, study_files
from flows.reference.registries import declared, registry_of
from flows.reference.settings import Setting, settings_of

COMPARED = "compared with"


@dataclass(frozen=True)
class Entry:
    """One word of a list. facts: what else tells it apart, such as the endpoint of a model. settings: of its own."""

    name: str
    what: str
    facts: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Listed:
    """A list: what stands in it, and where. read: gives each entry; importing it may take a moment."""

    name: str
    what: str
    where: str
    names: tuple[str, ...]
    read: Callable[[str], Entry]

    def entry(self, name: str) -> Entry:
        """An entry by its name. Raises RadweaveError with the nearest name."""
        if name not in self.names:
            hint = hint_sentence(name, self.names)
            raise RadweaveError(f'{self.name} have no "{name}"; there are {", ".join(self.names)}. {hint}'.strip())
        return self.read(name)

    def entries(self) -> list[Entry]:
        """All entries, in the order of their names."""
        return [self.read(name) for name in self.names]


def list_names() -> list[str]:
    """Names of all lists, sorted."""
    return sorted({*declared(), *_OF_FILES})


def find_list(given: str) -> Listed:
    """A list by its name, in the plural or the singular. Raises RadweaveError with the nearest name."""
    names = list_names()
    name = next((one for one in names if given in (one, _singular(one))), None)
    if name is None:
        hint = hint_sentence(given, names)
        raise RadweaveError(f'there is no list "{given}"; there are {", ".join(names)}. {hint}'.strip())
    if name in declared():
        return _of_registry(name, registry_of(name))
    return _OF_FILES[name]()


def _singular(plural: str) -> str:
    return f"{plural[:-3]}y" if plural.endswith("ies") else plural.removesuffix("s")


def _of_registry(name: str, registry: Registry[Kind]) -> Listed:
    def read(kind: str) -> Entry:
        found = registry.load(kind)
        return replace(_entry(kind, found), what=_said(import_module(registry.modules[kind])))

    where = ", ".join(package.replace(".", "/") for package in registry.packages)
    return Listed(name, _said(import_module(registry.base.__module__)), where, tuple(registry.modules), read)


def _said(module: ModuleType) -> str:
    """The first sentence of a file about its kind, without the name that it may begin with."""
    sentence = first_sentence(module)
    name, _, rest = sentence.partition(": ")
    if " " not in name and rest:
        sentence = rest
    return sentence[0].upper() + sentence[1:]


def _recipes() -> Listed:
    files = recipe_files()

    def read(name: str) -> Entry:
        from features.core.kinds.recipe import load_recipe

        recipe = load_recipe(files[name])
        extractors = ", ".join(one.word for one in recipe.extractors)
        unasked = "; every refresh extracts it" if recipe.default else ""
        what = f"{recipe.modality} in {recipe.unit}: {extractors}{unasked}."
        return Entry(name, what, {"modality": recipe.modality}, text=files[name].read_text("utf-8"))

    what = "How pixels are prepared, and what is extracted from them."
    return Listed("recipes", what, "flows/recipes", tuple(files), read)


def _studies() -> Listed:
    files = study_files()

    def read(name: str) -> Entry:
        from tasks.modelling.evaluation.study import load_study

        study = load_study(files[name])
        what = study.title or study.description or "A study."
        facts = {"cohorts": ", ".join(study.cohorts), "endpoint": ", ".join(study.endpoints)}
        external = [name for name in study.all_cohorts if name not in study.cohorts]
        facts |= {"external": ", ".join(external)} if external else {}
        return Entry(name, what, facts, text=files[name].read_text("utf-8"))

    return Listed("studies", "The whole configuration of one analysis.", "flows/studies", tuple(files), read)


def _cards() -> Listed:
    from features.deep.card import FOLDER, card_names

    def read(name: str) -> Entry:
        from features.deep.card import load_card

        card = load_card(name)
        facts = {"dimensions": str(card.architecture.dimensions), "permitted use": card.permitted_use}
        what = f"{card.title}: {card.trained_on}; {card.licence}."
        return Entry(name, what[0].upper() + what[1:], facts, text=(FOLDER / f"{name}.yaml").read_text("utf-8"))

    what = "All that is known of a checkpoint; its name is an extractor of a recipe. See radweave backbones."
    return Listed("cards", what, "features/deep/cards", card_names(), read)


_OF_FILES: dict[str, Callable[[], Listed]] = {"cards": _cards, "recipes": _recipes, "studies": _studies}


def _entry(name: str, kind: type[Frozen]) -> Entry:
    facts = {word: _said_of(getattr(kind, word)) for word in _facts(kind)}
    if compared := getattr(kind, "compared", None):
        facts[COMPARED] = compared.words
    return Entry(name, first_sentence(kind), facts, settings_of(kind), cleandoc(kind.__doc__ or ""))


def _said_of(fact: str | frozenset[str] | tuple[Any, ...]) -> str:
    if isinstance(fact, tuple):  # of settings of kinds: the kinds tell enough
        return ", ".join(one if isinstance(one, str) else one["kind"] for one in fact)
    return fact if isinstance(fact, str) else ", ".join(sorted(fact))


def _facts(kind: type[Frozen]) -> list[str]:
    """Class variables that are one word of several, or kinds, such as the endpoints and the usual steps of a model."""
    found: list[str] = []
    for base in reversed(kind.__mro__):
        for word, annotation in getattr(base, "__annotations__", {}).items():
            is_choice = str(annotation).startswith("ClassVar[") and "ClassVar[str]" not in str(annotation)
            holds_kinds = "Settings" in str(annotation)
            allowed = str | frozenset | tuple if holds_kinds else str | frozenset
            if is_choice and isinstance(getattr(kind, word, None), allowed) and word not in found:
                found.append(word)
    return found


def first_sentence(documented: Any) -> str:
    """The first paragraph of a docstring up to its first full stop, on one line."""
    paragraph = " ".join(cleandoc(documented.__doc__ or "").split("\n\n")[0].split())
    return re.split(r"(?<=[^A-Z]\.)\s(?=[A-Z])", paragraph)[0]
