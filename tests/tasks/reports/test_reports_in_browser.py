"""The page as a person sees it, in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from features.core.kinds.endpoint import ENDPOINTS
from tasks.quality.quality_page import write_quality
from tests.tasks.quality.many_images import many_store
from tests.tasks.quality.quality_store import quality_store
from tests.tasks.reports.test_association_report import found, report

pytestmark = pytest.mark.browser

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if path is None:
        pytest.skip("no Chromium on the PATH")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.mark.parametrize("width", [1200, 400])
@pytest.mark.parametrize("name", ["binary", "survival"])
def test_the_page_is_whole_and_fits(name: str, width: int, browser: Any, request: Any, tmp_path: Path) -> None:
    reported = request.getfixturevalue(name)
    file = tmp_path / "report.html"
    file.write_text(reported.html, encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900}, offline=True)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda failed: complaints.append(failed.url))
    page.goto(file.as_uri())
    try:
        assert complaints == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.title() == (reported.study.title or "Survival study")
        assert page.locator("#headline").is_visible()
        headings = page.locator("h2").all()
        assert len(headings) == page.locator("nav a").count() == 14
        assert all(heading.is_visible() for heading in headings)
        combinations = reported.result.tuned.combinations
        assert page.locator("#table-scores-nested tbody tr").count() == combinations
        assert page.locator("#table-scores-nested tbody tr.best").count() == 1
        figures = page.locator("svg").all()
        assert len(figures) == (4 if name == "binary" else 8)
        for figure in figures:
            box = figure.bounding_box()
            assert box is not None
            assert box["width"] > 250
            assert box["height"] > 100
        _assert_drawing_inside(page)
    finally:
        page.close()


@pytest.mark.parametrize("width", [1200, 400])
def test_the_page_of_associations_is_whole_and_fits(width: int, browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(found()).html, encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900}, offline=True)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    try:
        assert complaints == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.locator("#headline").is_visible()
        assert len(page.locator("h2").all()) == page.locator("nav a").count() == 10
        assert page.locator("#table-associations tbody tr").count() == 9
        assert page.locator("#table-associations tbody tr.best").count() == 3
        assert page.locator("#table-centres tbody tr").count() == 10
        assert page.locator("svg").count() == 9
        _assert_drawing_inside(page)
    finally:
        page.close()


def test_pages_of_every_other_endpoint_fit_a_narrow_screen(browser: Any, of_kind: Any, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 900}, offline=True)
    try:
        for kind in (kind for kind in ENDPOINTS.modules if kind not in ("binary", "survival")):
            (tmp_path / "report.html").write_text(of_kind(kind).html, encoding="utf-8")
            page.goto((tmp_path / "report.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), kind
            assert page.locator("#curves ~ .pair svg").count() == 2, kind
            _assert_drawing_inside(page)
    finally:
        page.close()


def _assert_drawing_inside(page: Any) -> None:
    """No text of a figure is cut by its edge."""
    cut = page.evaluate(
        """() => [...document.querySelectorAll('svg text')].filter(text => {
            const box = text.getBoundingClientRect(), edge = text.closest('svg').getBoundingClientRect();
            return box.left < edge.left - 1 || box.right > edge.right + 1
                || box.top < edge.top - 1 || box.bottom > edge.bottom + 1;
        }).map(text => text.textContent)"""
    )
    assert cut == []


@pytest.mark.parametrize("width", [1200, 400])
def test_the_quality_page_is_whole_and_fits(width: int, browser: Any, tmp_path: Path) -> None:
    store = quality_store(tmp_path / "store", 130)
    write_quality(store, "trial")
    page = browser.new_page(viewport={"width": width, "height": 900}, offline=True)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(store.quality("trial").resolve().as_uri())
    try:
        assert complaints == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert [page.locator(f"#images-{i} .cards").is_visible() for i in (1, 2, 3)] == [True, False, False]
        page.locator("#images-3 summary").press("Enter")  # a click may miss while the page is still laid out
        picture = page.locator("#images-3 img").first
        picture.wait_for(state="visible")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 128
        page.locator("#table-outliers a").first.click()
        page.locator("#scan-0").wait_for(state="visible")
        assert page.locator(".panel svg").count() == 5
    finally:
        page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_an_image_and_a_centre_are_chosen_on_the_page_of_many_images(width: int, browser: Any, tmp_path: Path) -> None:
    store = many_store(tmp_path / "store", 6)
    write_quality(store, "trial")
    page = browser.new_page(viewport={"width": width, "height": 900}, offline=True)
    page.goto(store.quality("trial").resolve().as_uri())
    visible = page.locator(".visits .picture:visible")
    try:
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert visible.count() == 30
        tops = (
            page.locator("#images-1 .visit")
            .first.locator(".picture")
            .evaluate_all("all => new Set(all.map(one => one.getBoundingClientRect().top)).size")
        )
        assert tops == (1 if width == 1280 else 2)
        page.get_by_role("radio", name="t1c", exact=True).check()
        assert visible.count() == 6
        assert page.locator("#distributions-flair").is_hidden() and page.locator("#distributions-t1c").is_visible()
        page.get_by_role("radio", name="B", exact=True).check()
        assert visible.count() == 3
        page.get_by_label("pictures with something to say").check()
        assert visible.count() == 1
        page.locator("#only-image-0").check()
        assert page.locator(".visits .absent:visible").text_content() == "no adc"
    finally:
        page.close()
