"""SVG for use inside a page."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import matplotlib
import pytest
from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tasks.reports import forest, risk_curves
from tasks.reports.figures import _STYLE, draw
from tasks.reports.outcome_figures import confusion, outcome_figure, predicted_observed, roc
from tasks.reports.study_report import render_report


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


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["binary", "survival", "multiclass", "continuous"])
def test_long_names_of_sets_of_blocks_are_whole_in_every_figure(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    own, painted = kind in ("binary", "survival"), []
    reported = request.getfixturevalue(kind) if own else request.getfixturevalue("of_kind")(kind)
    long = "everything that can be had (clinical + radiomics + deep + genomic + region + delta)"

    def keep(figure_id: str, title: str, size: tuple[float, float], paint: Callable[[Figure], None]) -> Markup:
        figure = Figure(figsize=size, dpi=96)
        FigureCanvasAgg(figure)
        with matplotlib.rc_context(_STYLE):
            paint(figure)
            figure.draw_without_rendering()
        painted.append(figure)
        return Markup()

    for module in (roc, forest, risk_curves, confusion, predicted_observed):
        monkeypatch.setattr(module, "draw", keep)
    for module in (roc, forest, outcome_figure):
        monkeypatch.setattr(module, "blocks_label", lambda study, name: long)
    render_report(reported.study, reported.result, reported.facts)
    assert len(painted) >= 2
    for figure in painted:
        shown = [*figure.legends, *(axes.title for axes in figure.axes)]
        shown += [label for axes in figure.axes for label in axes.get_yticklabels() if long[:10] in label.get_text()]
        for artist in shown:
            box = artist.get_window_extent()
            assert box.x0 >= -1 and box.y0 >= -1, artist
            assert box.x1 <= figure.bbox.width + 1 and box.y1 <= figure.bbox.height + 1, artist
