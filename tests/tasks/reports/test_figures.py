"""SVG for use inside a page."""

from __future__ import annotations

from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure

from tasks.reports.figures import draw


def _paint(figure: Figure) -> None:
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], label="a <b> & $c$")
    axes.legend()


def test_svg_is_named_text_with_ids_of_its_own() -> None:
    root = ElementTree.fromstring(draw("figure-x", "A <title>", (3, 2), _paint))
    space = "{http://www.w3.org/2000/svg}"
    title = root.find(f"{space}title")
    assert title is not None
    assert (title.text, title.attrib["id"]) == ("A <title>", "figure-x-title")
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert all(one.startswith("figure-x-") for one in ids)
    assert "a <b> & $c$" in [text.text for text in root.iter(f"{space}text")]
    links = [value for element in root.iter() for key, value in element.attrib.items() if key == "href"]
    assert {link[1:] for link in links} <= set(ids)


def test_a_readers_own_matplotlib_settings_change_nothing() -> None:
    plain = draw("figure-x", "t", (3, 2), _paint)
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 20, "svg.hashsalt": None}):
        assert draw("figure-x", "t", (3, 2), _paint) == plain


def test_settings_of_the_caller_are_restored() -> None:
    with matplotlib.rc_context({"font.size": 17.0}):
        draw("figure-x", "t", (3, 2), _paint)
        assert matplotlib.rcParams["font.size"] == 17.0
