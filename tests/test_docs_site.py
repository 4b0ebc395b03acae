"""The site of `make docs`: it builds with every link and anchor checked, asks no other server, and holds every page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

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
