"""init: a first catalog and recipes for a folder of images and tables."""

import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.core.errors import RadweaveError
from features.core.wording import counted
from flows.commands.options import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.drafting.draft import Draft
    from tasks.drafting.remark import Remark

WIDTH = 79
MOST_SHOWN = 3  # remarks about one thing
MOST_LEFT = 10  # lines about what was left out


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of images, masks and tables.")],
    out: Annotated[
        Path, typer.Option("--out", "--output", envvar="RADWEAVE_CATALOG", help="The catalog to write.")
    ] = CATALOG,
    cohort: Annotated[
        str, typer.Option(help="Name of the cohort: small letters, digits, underscores; without it, the folder's.")
    ] = "",
) -> None:
    """Draft a catalog and recipes for a folder of images, masks and tables; then run check and refresh.

    Every guess in the files is marked and explained, and what could not be decided is asked for there. Recipes are written
    into the folder `recipes` beside the catalog. No file is written over, and nothing of a patient is shown or written.
    """
    from features.core.storage.place import create_bytes
    from flows.named import read_study, study_files
    from flows.screen import Screen
    from tasks.drafting.draft import draft_catalog
    from tasks.drafting.names import cohort_name, root_of
    from tasks.drafting.targets import check_free

    check_free(out, folder)
    name = cohort_name(
        cohort, folder, {one for path in study_files().values() for one in read_study(path)[0].all_cohorts}
    )
    with Screen():
        draft = draft_catalog(folder, name, root_of(folder, out))
    files = {out: draft.catalog} | {out.parent / "recipes" / f"{one}.yaml": text for one, text in draft.recipes.items()}
    check_free(out, folder, tuple(files))
    for path, text in files.items():
        if not create_bytes(path, text.encode()):
            raise RadweaveError(f"{path}: another process wrote it meanwhile, and init writes over nothing")
    for line in told(draft, list(files)):
        typer.echo(line)


def told(draft: "Draft", files: "list[Path]") -> "Iterator[str]":
    """What is printed of a draft: what was seen, written, guessed and asked, and what to run next."""
    from features.core.quarantine import REASONS

    yield from _wrapped(f"Looked at {draft.looked}.")
    yield ""
    yield f"Cohort {draft.cohort}"
    shown = {(source.modality, source.unit): source for source in draft.sources}
    for modality, unit in shown:
        paths = [one.shown for one in draft.sources if (one.modality, one.unit) == (modality, unit)]
        what = modality if unit == "arbitrary" else f"{modality} in {unit}"
        count = draft.scans[modality, unit]
        yield from _wrapped(f"{counted(count, 'scan')} of {what}: {', '.join(dict.fromkeys(paths))}", "  ")
    for code, count in sorted(draft.refused.items()):
        yield from _wrapped(f"{count} will be rejected: {code}, {REASONS[code].means}", "  ")
    for table, count in draft.tables.items():
        yield from _wrapped(f"{table}: {count} of {counted(draft.patients, 'patient')}", "  ")
    for one in draft.left[:MOST_LEFT]:
        yield from _wrapped(one, "  ")
    if len(draft.left) > MOST_LEFT:
        yield f"  {len(draft.left) - MOST_LEFT} more that were left out"
    for kind, title in (("guess", "Guessed"), ("question", "Asked")):
        remarks = [one for one in draft.remarks if one.kind == kind]
        if remarks:
            yield ""
            yield f'{title} ("# {kind}" in the files)'
            yield from _remarks(remarks)
    yield ""
    yield "Written"
    for path in files:
        yield f"  {path}"
    yield ""
    yield "Next"
    option = f" --catalog {files[0]}" if files[0] != CATALOG else ""
    yield f"  radweave check{option}"
    yield f"  radweave refresh{option}"


def _remarks(remarks: "list[Remark]") -> "Iterator[str]":
    """A line or two for each; of many about one thing the first ones, and how many more there are."""
    seen = Counter[str]()
    for remark in remarks:
        seen[remark.about] += 1
        if seen[remark.about] <= MOST_SHOWN:
            yield from _wrapped(f"{remark.about}: {remark.text}", "  ")
    for about, count in seen.items():
        if count > MOST_SHOWN:
            yield f"  {about}: {count - MOST_SHOWN} more in the file"


def _wrapped(text: str, indent: str = "") -> "Iterator[str]":
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )
