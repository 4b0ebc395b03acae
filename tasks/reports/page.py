"""Pages: a template of this folder with the one style; everything that is filled in is escaped."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup


def render_page(template: str, **facts: object) -> str:
    """A page as HTML that loads and runs nothing. A fact that the template asks for and does not get is an error."""
    folder = files("tasks.reports")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    style = Markup(folder.joinpath("style.css").read_text(encoding="utf-8"))
    page = environment.from_string(folder.joinpath(template).read_text(encoding="utf-8"))
    return page.render(style=style, **facts)
