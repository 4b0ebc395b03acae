"""The commands and examples in README and docs work, and what they say of the code is true."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow.compute as pc
import pytest

from features.core.quarantine import REASONS
from features.core.storage.table import read_table, read_with_provenance, write_table
from tests import licences
from tests.support.features_table import write_features

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MADE = {"keys.md", "features.md", "commands.md"}  # pages that `make docs` makes of the code
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    lines = [(page.name, line) for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    return [(page, line.split("  #")[0].strip()) for page, line in lines if line.strip() and not line.startswith("#")]


def examples() -> list[tuple[str, str]]:
    return [(f"{page.name}-{i}", block) for page in PAGES for i, block in enumerate(blocks(page, "python"))]


@pytest.fixture(scope="module")
def checkout(demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks to the commands like the checkout after `make demo`, with the small cohort in its place."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "data_catalog.yaml", folder)
    shutil.copytree(demo.catalog.parent, folder / "demo" / "cohort")
    shutil.copytree(demo.store, folder / "demo" / "store", symlinks=True)
    _run_again_with_one_model(folder / "demo" / "store" / "studies" / "builtin_response")
    write_features(folder / "features.csv")
    return folder


def _run_again_with_one_model(study: Path) -> None:
    """A later run of a study, with one of its models, as the form of the UI would start it."""
    first = next(study.iterdir())
    later = Path(shutil.copytree(first, study / "0123456789abcdef"))
    for name in ("scores", "predictions", "selected"):
        table, provenance = read_with_provenance(later / f"{name}.parquet")
        kept = table.filter(pc.equal(table["model"], "random_forest"))
        write_table(later / f"{name}.parquet", kept, provenance)
    os.utime(later / "study.json")


def test_readme_shows_the_two_commands_and_make_knows_them() -> None:
    shown = {line for page, line in commands() if page == "README.md"}
    assert {"make demo", "make test"} <= shown
    assert {line.split()[1] for _, line in commands() if line.startswith("make ")} <= TARGETS


def test_readme_s_make_targets_call_what_the_tests_call() -> None:
    recipe = subprocess.run(["make", "-n", "demo", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "radweave demo demo" in recipe
    assert "python -m pytest" in recipe


LINES = [pair for pair in commands() if not pair[1].startswith("make ")]
FIRST = {line.split()[1]: line for _, line in reversed(LINES)}
READ = ("check", "diff", "history", "quarantine", "query", "status", "verify")
SMALL = {"simulate": ("--patients-per-centre", 2)}  # `radweave demo` simulates as many as are usual


@pytest.mark.slow
@pytest.mark.parametrize(("page", "line"), LINES)
def test_command_works(checkout: Path, radweave, command, page: str, line: str) -> None:
    """As a process of its own; of the commands that only read, this is the first line, and the others spare the imports."""
    words = shlex.split(line)
    assert words[0] in ("radweave", ".venv/bin/radweave"), f"{page}: {line}"
    run = command if words[1] in READ and line != FIRST[words[1]] else radweave
    found = run(*words[1:], *SMALL.get(words[1], ()), cwd=checkout)
    assert found.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("example", [pytest.param(code, id=name) for name, code in examples()])
def test_python_example_works(checkout: Path, example: str) -> None:
    whole = f"{example}\nimport os\nos._exit(0)"  # pyarrow's threads now and then abort while the interpreter ends
    found = subprocess.run([sys.executable, "-c", whole], cwd=checkout, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


CATALOGS = [
    pytest.param(block, id=f"{page.name}-{i}")
    for page in PAGES
    for i, block in enumerate(text for text in blocks(page, "yaml") if text.startswith("version:"))
]


@pytest.mark.parametrize("catalog", CATALOGS)
def test_a_whole_catalog_that_a_page_shows_is_read(tmp_path: Path, catalog: str) -> None:
    from features.core.catalog.catalog import load_catalog

    path = tmp_path / "data_catalog.yaml"
    path.write_text(catalog, "utf-8")
    assert load_catalog(path).cohorts


PARTS = [
    pytest.param(block, id=f"{page.name}-{i}")
    for page in PAGES
    for i, block in enumerate(text for text in blocks(page, "yaml") if text.startswith(("images:", "timepoints:")))
]


@pytest.mark.parametrize("part", PARTS)
def test_images_and_time_points_that_a_page_shows_are_read_in_a_cohort(tmp_path: Path, part: str) -> None:
    from features.core.catalog.catalog import load_catalog

    path = tmp_path / "data_catalog.yaml"
    head = "version: 1\ncohorts:\n  shown:\n    title: shown\n    licence: CC0\n    root: .\n    centres: {main: {}}\n"
    if "images:" not in part:
        mask = "{format: seg, roi: x}"
        part += f"images:\n- {{format: dicom, centre: main, modality: CT, unit: HU, path: ct, mask: {mask}}}\n"
    path.write_text(head + textwrap.indent(part, "    "), "utf-8")
    assert load_catalog(path).cohort("shown").images


RECIPES = [
    pytest.param(block, id=f"{page.name}-{i}")
    for page in PAGES
    for i, block in enumerate(text for text in blocks(page, "yaml") if text.startswith(("modality:", "extractors:")))
]
HEADS = {"CT": "modality: CT\nunit: HU\n", "PT": "modality: PT\nunit: SUV\n"}
HEAD = "discretise: {bin_width: 25}\nwindow: [-1000, 400]\n"


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_that_a_page_shows_is_read(tmp_path: Path, recipe: str) -> None:
    from features.core.kinds.recipe import load_recipe

    path = tmp_path / "shown.yaml"
    head = "" if recipe.startswith("modality:") else HEADS["PT" if "kind: pet" in recipe else "CT"] + HEAD
    path.write_text(head + recipe, "utf-8")
    assert load_recipe(path).extractors


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """In the repository; `tests/test_docs_site.py` checks those of the site, with their anchors."""
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if link not in MADE and not (page.parent / link).exists()] == []


def test_data_managers_read_every_quarantine_code() -> None:
    text = (ROOT / "docs" / "data-manager.md").read_text("utf-8")
    table = text.split("<!-- reasons -->")[1].split("<!-- /reasons -->")[0]
    rows = [
        tuple(cell.strip().strip("`") for cell in line.strip("| ").split("|"))
        for line in table.splitlines()
        if "|" in line
    ]
    shown = [row for row in rows if row[0] in REASONS or row[0].isupper()]
    assert shown == [(code, reason.means, reason.remedy) for code, reason in REASONS.items()]


def test_the_page_of_licences_tells_what_the_packages_of_the_lock_say() -> None:
    """Copyleft that has come in with another package is a fault here, not a surprise of whoever builds a container."""
    from importlib.metadata import PackageNotFoundError, version

    table = licences.PAGE.read_text("utf-8").partition("## All packages")[2].partition("|---|---|\n")[2]
    rows = dict(re.findall(r"^\| (\S+) \| ([^|]+?) \|$", table, re.MULTILINE))
    assert sorted(rows) == licences.packages()
    for name in rows:
        with contextlib.suppress(PackageNotFoundError):
            version(name)
            assert (name, rows[name]) == (name, licences.licence_of(name))
    assert {name for name, licence in rows.items() if "GPL" in licence} == set(licences.COPYLEFT)


def test_glossary_has_one_meaning_per_word() -> None:
    words = re.findall(r"^\| ([A-Z][A-Za-z ]+?) \|", (ROOT / "GLOSSARY.md").read_text("utf-8"), re.MULTILINE)
    assert len(words) == len(set(words)) > 30


@pytest.mark.slow
def test_the_built_in_cohort_of_the_catalog_is_the_one_that_is_simulated(demo) -> None:
    from features.core.catalog.catalog import load_catalog

    declared = load_catalog(ROOT / "data_catalog.yaml").cohort("builtin").model_dump(exclude={"root"})
    assert declared == load_catalog(demo.catalog).cohort("builtin").model_dump(exclude={"root"})


@pytest.mark.slow
def test_every_column_of_the_mart_is_explained(demo) -> None:
    rows = read_table(demo.store / "mart" / "dictionary" / "builtin.parquet").to_pylist()
    mart, shown = (demo.store / "mart").resolve(), dict[str, set[str]]()
    for path in mart.rglob("*.parquet"):
        shown.setdefault(path.relative_to(mart).parts[0], set()).update(read_table(path).column_names)
    assert len(shown) == 11
    for table, names in shown.items():
        assert names == {row["name"] for row in rows if row["block"] == table and row["description"]}


@pytest.mark.parametrize("room", ["samplings", "poolings"])
def test_the_page_of_deep_features_shows_every_kind(room: str) -> None:
    from flows.reference.lists import find_list

    text = (ROOT / "docs" / "deep.md").read_text("utf-8")
    assert [name for name in find_list(room).names if f"\n| `{name}` |" not in text] == []


CARDS = [
    pytest.param(block, id=f"{page.name}-{i}")
    for page in PAGES
    for i, block in enumerate(text for text in blocks(page, "yaml") if text.startswith("title:") and "weights:" in text)
]


@pytest.mark.parametrize("card", CARDS)
def test_a_weights_card_that_a_page_shows_is_one(tmp_path: Path, card: str) -> None:
    from features.core.kinds.recipe import load_recipe

    (tmp_path / "mine.yaml").write_text(card, "utf-8")
    path = tmp_path / "shown.yaml"
    path.write_text(f"{HEADS['CT']}{HEAD}extractors: [{{kind: network, weights: ./mine.yaml}}]\n", "utf-8")
    assert load_recipe(path).extractors[0].word == "mine"
