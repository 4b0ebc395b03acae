"""Figures as inline SVG: one look, real text, equal bytes for equal inputs."""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, HAIRLINE, SHADE = "#1b2733", "#5d6b78", "#c9d1d9", "#f3f5f7"
COLOURS = ("#1f5a91", "#c2622b", "#2f8577", "#7a5a9e", "#8a6d1f", "#5d6b78", "#a33b52", "#3e7d3a")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "h")
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "radweave",
}
_PIXELS_PER_INCH = 96


@dataclass(frozen=True)
class Plot:
    """A figure of the page. id: of the <figure>. title: its accessible name. caption: what a reader needs to know."""

    id: str
    title: str
    caption: str
    svg: Markup
    wide: bool = False


def draw(figure_id: str, title: str, size: tuple[float, float], paint: Callable[[Figure], None]) -> Markup:
    """An <svg role="img"> of what `paint` draws, size in inches. Labels are text as they are, never TeX."""
    data = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # a reader's own matplotlibrc changes nothing
        matplotlib.rcParams.update(_STYLE)
        # A script that the measuring font lacks: the page's own font shows it.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure = Figure(figsize=size, layout="constrained")
        paint(figure)
        figure.savefig(data, format="svg", metadata={"Date": None, "Creator": None})
    return _inline(data.getvalue(), figure_id, title, size)


def wrapped(text: str, letters: int) -> str:
    """A label in lines of at most so many letters: what does not fit into the figure would be cut off."""
    return "\n".join(textwrap.wrap(text, letters)) or text


def grid(axes: Axes, axis: str) -> None:
    """Hairlines behind the data, along one axis."""
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis=axis, color=HAIRLINE, linewidth=0.5)  # type: ignore[arg-type]
    axes.tick_params(length=3, width=0.6)


def _inline(svg: bytes, figure_id: str, title: str, size: tuple[float, float]) -> Markup:
    """The SVG for use inside HTML: ids made unique, metadata and global style dropped, the page's font."""
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if _local(child.tag) in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {_local(name): _renamed(_local(name), v, figure_id) for name, v in element.attrib.items()}
    for name in ("version", "id"):
        root.attrib.pop(name, None)
    root.attrib |= {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": str(round(size[0] * _PIXELS_PER_INCH)),
        "height": str(round(size[1] * _PIXELS_PER_INCH)),
        "role": "img",
        "aria-labelledby": f"{figure_id}-title",
        "stroke-linejoin": "round",
    }
    heading = ElementTree.Element("title", {"id": f"{figure_id}-title"})
    heading.text = title
    root.insert(0, heading)
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _renamed(attribute: str, value: str, figure_id: str) -> str:
    if attribute == "id":
        return f"{figure_id}-{value}"
    if attribute == "href":
        return value.replace("#", f"#{figure_id}-", 1)
    if attribute == "style":
        value = re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", value)
    return value.replace("url(#", f"url(#{figure_id}-")
