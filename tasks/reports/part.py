"""Part: what a section of any report is, and how it becomes HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from markupsafe import Markup

from features.core.errors import RadweaveError
from tasks.reports.figures import Plot
from tasks.reports.page import render_part

TEMPLATES = Path(__file__).parent / "sections"
F = TypeVar("F", contravariant=True)


@dataclass(frozen=True)
class Drawn:
    """A section as HTML. error: why it could not be drawn; then the HTML says so."""

    id: str
    heading: str
    is_front: bool
    html: Markup
    figures: tuple[Plot, ...] = ()
    error: Exception | None = None


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
