"""Pages: a template with the one style; everything that is filled in is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup


def render_page(template: Path, **facts: object) -> str:
    """A page as HTML that loads and runs nothing. A fact that the template asks for and does not get is an error."""
    style = Markup(Path(__file__).with_name("style.css").read_text(encoding="utf-8"))
    return _compiled(template).render(style=style, **facts)


@cache
def _compiled(template: Path) -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template.read_text(encoding="utf-8"))
