"""Section: a part of the report. The folder sections/ is the list of them; each has a template of its kind's name beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from features.core.kinds.registry import Kind, Registry
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.reports.facts import Facts
from tasks.reports.figures import Plot
from tasks.reports.part import TEMPLATES, Drawn, draw_part
from tasks.reports.winner import Winner


@dataclass(frozen=True, eq=False)
class Findings:
    """What sections draw from: the study, its result, what is shown beside it, and the combination that is named first."""

    study: Study
    result: StudyResult
    facts: Facts
    winner: Winner


class Section(Kind):
    """A part of the page.

    order: sections stand from low to high. is_front: it stands above the contents and has no heading.
    """

    order: ClassVar[int]
    is_front: ClassVar[bool] = False

    def heading(self, found: Findings) -> str:  # noqa: ARG002
        """Its heading, and its line of the contents: the words of its kind, unless a kind says another."""
        return self.words

    @property
    def words(self) -> str:
        """The kind in words."""
        return self.kind.replace("_", " ").capitalize()

    def applies(self, found: Findings) -> bool:  # noqa: ARG002
        """Whether this study has something for it. A section that does not apply leaves no trace on the page."""
        return True

    def figures(self, found: Findings) -> Sequence[Plot]:  # noqa: ARG002
        """The figures that it shows, also kept as files by their ids."""
        return ()

    def content(self, found: Findings) -> Mapping[str, object]:  # noqa: ARG002
        """What its template asks for by name, besides `study`, `result`, `facts`, `winner` and `figures`."""
        return {}


def draw_sections(found: Findings) -> list[Drawn]:
    """Every section that applies, in their order."""
    sections = sorted((SECTIONS.parse(kind) for kind in SECTIONS.modules), key=lambda one: (one.order, one.kind))
    return [drawn for section in sections if (drawn := draw_section(section, found))]


def draw_section(section: Section, found: Findings) -> Drawn | None:
    """A section of a study that predicts, None if it does not apply."""
    given = {"study": found.study, "result": found.result, "facts": found.facts, "winner": found.winner}
    return draw_part(section, found, TEMPLATES, given)


SECTIONS: Registry[Section] = Registry(Section, "tasks.reports.sections")
