"""Pages: a template of this folder with the one style; everything that is filled in is escaped."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup


def render_page(template: str, **facts: object) -> str:
    """A page as HTML that loads and runs nothing. A fact that the template asks for and does not get is an error."""
    style = Markup(files("tasks.reports").joinpath("style.css").read_text(encoding="utf-8"))
    return _compiled(template).render(style=style, **facts)


@cache
def _compiled(template: str) -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files("tasks.reports").joinpath(template).read_text(encoding="utf-8"))
