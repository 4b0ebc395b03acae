"""Hook of MkDocs: brings in the pages that are made of the code, and those that lie at the top of the repository."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from flows.reference.pages import pages, schema_files

ROOT = Path(__file__).parents[2]
TOP = {
    "GLOSSARY.md": "glossary.md",
    "CHANGELOG.md": "changelog.md",
    "README.md": "readme.md",
    "SECURITY.md": "security.md",
}
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")
PICTURE = re.compile(r"(!\[[^\]]*\])\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """All pages of `docs`, and those that lie elsewhere or nowhere."""
    for name, text in {**pages(), **schema_files()}.items():
        files.append(File.generated(config, name, content=text))
    for source, name in TOP.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, *, page: Page, files: Files, **_: object) -> str:
    """Links as the site has them: pages of the top lie beside the others, and files that are no pages are named alone."""
    top = {name: source for source, name in TOP.items()}.get(page.file.src_uri)
    folder = ROOT if top else ROOT / "docs"

    def link(found: re.Match[str]) -> str:
        text, target, anchor = found[1], found[2], found[3] or ""
        if "://" in target or target.startswith("mailto:"):
            return found[0]
        place = _place(folder, target)
        if place is None and files.get_file_from_path(target) is None and (folder / target).exists():
            return text  # a file of the repository that is no page
        if text.endswith(".md") and (title := _title(folder / target)):
            text = title
        return f"[{text}]({place or target}{anchor})"

    return PICTURE.sub(lambda found: f"{found[1]}({_place(folder, found[2]) or found[2]})", LINK.sub(link, markdown))


def _title(path: Path) -> str:
    """The title of a page that a link names by its file, as links in a repository do; "" if it has none."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "")


def _place(folder: Path, target: str) -> str | None:
    """Where the site has a file of the repository; None if it has it not."""
    path = (folder / target).resolve()
    if not path.exists() or not path.is_relative_to(ROOT):
        return None
    name = path.relative_to(ROOT).as_posix()
    if name in TOP:
        return TOP[name]
    return name.removeprefix("docs/") if path.is_file() and name.startswith("docs/") else None
