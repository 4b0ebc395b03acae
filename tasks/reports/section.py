"""Section: a part of the report. The folder sections/ is the list of them; each has a template of its kind's name beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

import pandas as pd
from markupsafe import Markup

from features.core.errors import RadweaveError
from features.core.kinds.registry import Kind, Registry
from tasks.modelling.evaluation.result import StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.signatures.direct import Direct
from tasks.modelling.signatures.own_score import OwnScore
from tasks.modelling.signatures.values import Signed
from tasks.reports.figures import Plot
from tasks.reports.page import render_part
from tasks.reports.view_spread import ViewSpread
from tasks.reports.winner import Winner

TEMPLATES = Path(__file__).parent / "sections"
F = TypeVar("F", contravariant=True)


@dataclass(frozen=True)
class Facts:
    """What the report shows beside the result.

    cohort_table: index case; columns cohort, centre, patient, timepoint, clinical variables, volume_IMAGE_ml, volume_IMAGE__ROI_ml.
    missing_block: image or block → cases that lack it. quarantine: columns cohort, centre, case, image, stage, code,
    message, details (only their counts are shown). provenance: label → value. variables: column → label with unit.
    held_out: as Design.held_out, a word for each row of cohort_table. networks: a part of a sentence for each network of the study.
    signatures: those of the study; own_scores: of each that was validated in a run of its own study that is kept; direct: what they
    tell of this outcome as they are. spreads: how far views of networks agree, where they were augmented.
    shown: a part of a sentence for each recipe that shows images to models that learn.
    """

    cohort_table: pd.DataFrame
    missing_block: Mapping[str, int]
    quarantine: pd.DataFrame
    provenance: Mapping[str, str]
    variables: Mapping[str, str]
    held_out: Sequence[str] = ()
    networks: Sequence[str] = ()
    signatures: Sequence[Signed] = ()
    own_scores: Mapping[str, Sequence[OwnScore]] = field(default_factory=dict)
    direct: Sequence[Direct] = ()
    spreads: Sequence[ViewSpread] = ()
    shown: Sequence[str] = ()


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


@dataclass(frozen=True)
class Drawn:
    """A section as HTML. error: why it could not be drawn; then the HTML says so."""

    id: str
    heading: str
    is_front: bool
    html: Markup
    figures: tuple[Plot, ...] = ()
    error: Exception | None = None


def draw_sections(found: Findings) -> list[Drawn]:
    """Every section that applies, in their order."""
    sections = sorted((SECTIONS.parse(kind) for kind in SECTIONS.modules), key=lambda one: (one.order, one.kind))
    return [drawn for section in sections if (drawn := draw_section(section, found))]


def draw_section(section: Section, found: Findings) -> Drawn | None:
    """A section of a study that predicts, None if it does not apply."""
    given = {"study": found.study, "result": found.result, "facts": found.facts, "winner": found.winner}
    return draw_part(section, found, TEMPLATES, given)


class Part(Protocol[F]):
    """What a section is, whatever it draws from."""

    is_front: ClassVar[bool]

    @property
    def kind(self) -> str: ...
    @property
    def words(self) -> str: ...
    def heading(self, found: F) -> str: ...
    def applies(self, found: F) -> bool: ...
    def figures(self, found: F) -> Sequence[Plot]: ...
    def content(self, found: F) -> Mapping[str, object]: ...


def draw_part(section: Part[F], found: F, templates: Path, given: Mapping[str, object]) -> Drawn | None:
    """A section, None if it does not apply. A bug in it costs this section alone: the page says what is missing.

    The page tells the kind of the error and not its text, which may quote patient data. Errors that are the user's to mend,
    and lack of memory, are raised. given: what every template gets.
    """
    try:
        if not section.applies(found):
            return None
        heading = "" if section.is_front else section.heading(found)
        figures = tuple(section.figures(found))
        html = render_part(templates / f"{section.kind}.html", **given, figures=figures, **section.content(found))
    except (RadweaveError, MemoryError):
        raise
    except Exception as error:
        html = render_part(Path(__file__).with_name("fault.html"), id=section.kind, error=type(error).__name__)
        return Drawn(section.kind, section.words, section.is_front, html, error=error)
    return Drawn(section.kind, heading, section.is_front, html, figures)


SECTIONS: Registry[Section] = Registry(Section, "tasks.reports.sections")
