"""Pages and parts of them: templates with the one style; everything that is filled in is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from features.core.wording import counted


def render_page(template: Path, **facts: object) -> str:
    """A page as HTML that loads and runs nothing. A fact that the template asks for and does not get is an error."""
    style = Markup(Path(__file__).with_name("style.css").read_text(encoding="utf-8"))
    return _compiled(template).render(style=style, **facts)


def render_part(template: Path, **facts: object) -> Markup:
    """A part of a page, from a template as a page's. Templates may import the macros that lie beside this module."""
    return Markup(_compiled(template).render(**facts).removesuffix("\n"))


@cache
def _compiled(template: Path) -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FileSystemLoader(Path(__file__).parent),
    )
    environment.filters["counted"] = counted
    return environment.from_string(template.read_text(encoding="utf-8"))
