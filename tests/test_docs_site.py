"""The site of `make docs`: it builds with every link and anchor checked, asks no other server, and holds every page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer

from flows.cli import app
from flows.reference.dictionary import features
from flows.reference.pages import pages
from tests.test_docs import MADE

ROOT = Path(__file__).parents[1]
LOADED = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)=[\"']?((?:https?:)?//[^\"'> ]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. MkDocs counts a dead link or anchor, and a page that is in no menu, as a fault."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    found = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return folder


@pytest.mark.slow
def test_the_site_builds_and_asks_no_other_server(site: Path) -> None:
    built = {path.stem for path in site.glob("*.html")}
    assert built >= {path.stem for path in (ROOT / "docs").glob("*.md")} | {"keys", "features", "commands", "glossary"}
    assert {path.name: LOADED.findall(path.read_text("utf-8")) for path in site.glob("*.html")} == {
        path.name: [] for path in site.glob("*.html")
    }


def test_make_docs_builds_what_the_test_builds() -> None:
    recipe = subprocess.run(["make", "-n", "docs"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "python -m mkdocs build" in recipe


def test_links_to_pages_that_are_made_are_known_as_such() -> None:
    assert set(pages()) == MADE


def test_the_checks_that_the_page_names_are_there() -> None:
    text = (ROOT / "docs" / "checks.md").read_text("utf-8")
    named = set(re.findall(r"tests/[\w/]+\.py", text))
    assert len(named) > 25
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_the_page_of_commands_has_every_command() -> None:
    shown = set(re.findall(r"^### radweave (\S+)", pages()["commands.md"], re.MULTILINE))
    assert shown == set(typer.main.get_group(app).commands)


def test_the_dictionary_has_every_feature_with_its_code() -> None:
    page = pages()["features.md"]
    assert len(features()) > 290
    for one in features():
        assert f"| `{one.name}` | {one.ibsi} | {one.unit} |" in page


def test_figures_with_a_unit_have_it() -> None:
    units = {(one.dialect, one.name): one.unit for one in features()}
    assert units["pyradiomics", "MeshVolume"] == units["ibsi", "volume"] == "mm³"
    assert units["pyradiomics", "Variance"] == "image²"
    assert {one.unit for one in features()} == {
        "",
        "mm",
        "mm²",
        "mm³",
        "1/mm",
        "image",
        "image²",
        "image · mm³",
        "image² · mm³",
        "bits",
    }


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Requests are not told."""


@pytest.fixture
def page(site: Path) -> Iterator[Any]:
    """A page of a browser on a phone, with the site on loopback and nothing else to be reached."""
    path = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if path is None:
        pytest.skip("no Chromium on the PATH")
    sync_api = pytest.importorskip("playwright.sync_api")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser.new_page(
            viewport={"width": 400, "height": 900}, base_url=f"http://127.0.0.1:{server.server_port}"
        )
        browser.close()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
@pytest.mark.slow
def test_pages_fit_a_phone_and_rows_and_pages_are_found(page: Any) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    for name in ("index", "keys", "commands", "features"):
        page.goto(f"/{name}.html")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    page.fill("input.filter", "entropy run")
    page.wait_for_function("document.querySelectorAll('article tbody tr:not([hidden])').length == 2")
    page.click("label[for=__search]")
    page.locator(".md-search__input").press_sequentially("QG58")
    page.wait_for_selector(".md-search-result__item", state="visible")
    assert "Dictionary of features" in page.inner_text(".md-search-result")
    assert complaints == []
    assert len(asked) > 10
    assert {url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))} == set()
