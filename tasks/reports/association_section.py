"""AssociationSection: a part of the report of a study that predicts nothing. association_sections/ is the list of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from features.core.kinds.registry import Kind, Registry
from tasks.modelling.association.result import AssociationResult
from tasks.modelling.association.study import AssociationStudy
from tasks.modelling.effects.effect import Effect
from tasks.reports.facts import Facts
from tasks.reports.figures import Plot
from tasks.reports.part import TEMPLATES, Drawn, draw_part

OWN = Path(__file__).parent / "association_sections"


@dataclass(frozen=True, eq=False)
class AssociationFindings:
    """What sections draw from: the study, its result, and what is shown beside it."""

    study: AssociationStudy
    result: AssociationResult
    facts: Facts

    def effect(self, word: str) -> Effect:
        """The effect of a row."""
        return next(one for one in self.study.effects if one.word == word)

    def variable(self, word: str) -> str:
        """A variable in words; the days, where a row has none."""
        known = {one.word: one.label for one in self.result.variables}
        label = known.get(word, word) or "days"
        return self.facts.variables.get(word, label) if label == word else label


class AssociationSection(Kind):
    """A part of the page.

    order: sections stand from low to high. is_front: it stands above the contents and has no heading. is_shared: its template is
    that of the section of the same kind of studies that predict.
    """

    order: ClassVar[int]
    is_front: ClassVar[bool] = False
    is_shared: ClassVar[bool] = False

    def heading(self, found: AssociationFindings) -> str:  # noqa: ARG002
        """Its heading, and its line of the contents: the words of its kind, unless a kind says another."""
        return self.words

    @property
    def words(self) -> str:
        """The kind in words."""
        return self.kind.replace("_", " ").capitalize()

    def applies(self, found: AssociationFindings) -> bool:  # noqa: ARG002
        """Whether this study has something for it."""
        return True

    def figures(self, found: AssociationFindings) -> Sequence[Plot]:  # noqa: ARG002
        """The figures that it shows, also kept as files by their ids."""
        return ()

    def content(self, found: AssociationFindings) -> Mapping[str, object]:  # noqa: ARG002
        """What its template asks for by name, besides `study`, `result`, `facts` and `figures`."""
        return {}


def draw_association_sections(found: AssociationFindings) -> list[Drawn]:
    """Every section that applies, in their order."""
    every = (ASSOCIATION_SECTIONS.parse(kind) for kind in ASSOCIATION_SECTIONS.modules)
    given = {"study": found.study, "result": found.result, "facts": found.facts}
    sections = sorted(every, key=lambda one: (one.order, one.kind))
    drawn = (draw_part(one, found, TEMPLATES if one.is_shared else OWN, given) for one in sections)
    return [one for one in drawn if one]


ASSOCIATION_SECTIONS: Registry[AssociationSection] = Registry(AssociationSection, "tasks.reports.association_sections")
