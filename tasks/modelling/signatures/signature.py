"""Signature: a candidate of another study, with all that decides what it says of the cases of the study that uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from features.core.catalog.catalog import Catalog
from features.core.digest import digest_json
from features.core.errors import RadweaveError, hint_sentence
from features.core.kinds.recipe import Recipe
from features.fusion.elsewhere import Elsewhere
from features.fusion.part_of_block import block_of_word
from features.fusion.signature_columns import BLOCK
from tasks.modelling.candidate import Candidate
from tasks.modelling.evaluation.study import Study


@dataclass(frozen=True)
class Signature:
    """name: the word under which it is used. plan: the study that it is fitted by, with one set of blocks and one candidate.

    at: time point at which its columns are read where it is used. own: the signatures that its study uses itself.
    file: of the study, as seen from the folder of the catalog, "" of one that comes with radweave; it decides nothing.
    """

    name: str
    plan: Study
    recipes: tuple[Recipe, ...]
    at: str
    own: tuple[Signature, ...] = ()
    file: str = field(default="", compare=False)

    @property
    def blocks(self) -> str:
        """The name of its set of blocks."""
        return next(iter(self.plan.blocks))

    @property
    def candidate(self) -> Candidate:
        return self.plan.models[0]

    @property
    def all_cohorts(self) -> tuple[str, ...]:
        """The cohorts that it is fitted on, then those of the signatures that it uses, each once."""
        return tuple(dict.fromkeys(name for one in self.every() for name in one.plan.cohorts))

    def every(self) -> Iterator[Signature]:
        """Itself, then those that it uses, and so on."""
        yield self
        for one in self.own:
            yield from one.every()

    def facts(self) -> dict[str, Any]:
        """All of it as JSON, from which `of_facts` makes it again."""
        return {
            "study": self.plan.model_dump(mode="json"),
            "recipes": {recipe.name: recipe.settings for recipe in self.recipes},
            "at": self.at,
            "signatures": {one.name: one.facts() for one in self.own},
            **({"file": self.file} if self.file else {}),
        }

    def digest(self) -> str:
        """Address of the settings; names and titles decide nothing."""
        recipes = [recipe.settings for recipe in self.recipes]
        return digest_json([self.plan.digest(), recipes, self.at, [[one.name, one.digest()] for one in self.own]])


def of_facts(name: str, facts: Any) -> Signature:
    """A signature of its facts. Raises KeyError or ValidationError for those of another radweave."""
    return Signature(
        name,
        Study.model_validate(facts["study"]),
        tuple(Recipe.model_validate(settings) for settings in facts["recipes"].values()),
        facts["at"],
        tuple(of_facts(word, own) for word, own in facts["signatures"].items()),
        facts.get("file", ""),
    )


def narrowed(plan: Study, blocks: str, model: str) -> Study:
    """The study with one of its sets of blocks and one of its candidates alone, and without what the set does not use.

    Its external cohorts decide nothing, and are left out; so are controls, and the split of them.
    """
    own = plan.blocks[blocks]
    used = {block_of_word(word, plan.parts) for word in own}
    splits = tuple(split for split in plan.splits if not split.predicts_held_out or split.kind == "given")
    changes: dict[str, Any] = {
        "blocks": {blocks: own},
        "parts": {word: part for word, part in plan.parts.items() if word in own},
        "models": tuple(one for one in plan.models if one.name == model),
        "external": (),
        "external_columns": "same",
        "splits": splits or plan.splits,
        "controls": (),
        "signatures": plan.signatures if BLOCK in used else {},
        "deltas": plan.deltas if "delta" in used else (),
    }
    return plan.model_copy(update=changes)


def every_of(signatures: Sequence[Signature]) -> list[Signature]:
    """These and all that they use."""
    return [one for signature in signatures for one in signature.every()]


def time_point(signature: Signature, one: Elsewhere, catalog: Catalog) -> str:
    """The time point at which a signature's columns are read in a cohort that is predicted at `one.predict_at`.

    Raises RadweaveError if the cohort has no such time point, if it comes later than that, or if changes over time end elsewhere.
    """
    timepoints, plan = catalog.cohort(one.cohort).timepoints, signature.plan
    said = f'signature {signature.name}: its columns are of "{signature.at}"'
    if signature.at not in timepoints:
        hint = hint_sentence(signature.at, timepoints)
        raise RadweaveError(
            f'{said}, and cohort "{one.cohort}" has no such time point; it has {", ".join(timepoints)}: say which by `at`. '
            f"{hint}".strip()
        )
    if one.predict_at in timepoints and timepoints[signature.at] > timepoints[one.predict_at]:
        raise RadweaveError(
            f'{said}, after the prediction at "{one.predict_at}" in cohort "{one.cohort}": predict later, or say by `at` an '
            "earlier time point"
        )
    if plan.deltas and signature.at != plan.predict_at:
        raise RadweaveError(f'{said}, and the deltas of its study end at "{plan.predict_at}": leave `at` out')
    return signature.at
