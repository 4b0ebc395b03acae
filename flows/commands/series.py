"""series: which DICOM series of a cohort became which image, which were left, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.core.errors import RadweaveError
from features.core.wording import counted
from flows.commands.options import CATALOG, STORE, CatalogOption, StoreOption, open_store

if TYPE_CHECKING:
    from features.images.index.series_report import SeriesReport, SeriesRow

IDENTIFYING = (
    "Descriptions are free text of the scanner and may tell who a patient is: they are shown here, and not written."
)
NUMBERS = {"echo_time_ms": "echo_times_ms", "repetition_time_ms": "repetition_times_ms", "b_value": "b_values"}


def series(
    cohort: Annotated[str, typer.Argument(help="Cohort of the catalog.")],
    output: Annotated[
        Path | None, typer.Option("--output", "--out", help="Also write the table here: .csv, .xlsx or .parquet.")
    ] = None,
    left: Annotated[bool, typer.Option("--left", help="Only series that are part of no image.")] = False,
    descriptions: Annotated[
        bool,
        typer.Option("--descriptions", help="Show SeriesDescriptions, which may identify patients; never in the file."),
    ] = False,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
) -> None:
    """Tell which DICOM series became which image, which were left and why, by pseudonymous cases; then count images by word.

    Headers are read as a refresh would read them, pixels are not; nothing in the store changes.
    """
    from features.core.catalog.catalog import load_catalog
    from features.core.catalog.image_source import DicomSource
    from features.core.progress import tell
    from features.core.pseudonym import load_key
    from features.images.index.file_cache import FileCache
    from features.images.index.findings import Pseudonyms
    from features.images.index.series_report import report_series
    from features.results.withdraw import withdrawn_cases
    from flows.commands.output import TABLES, check_output, write_tables
    from flows.screen import Screen, table_of

    declared, place = load_catalog(catalog), open_store(store)
    if output is not None:
        check_output(place, output, TABLES)
    own = declared.cohort(cohort)
    if not any(isinstance(source, DicomSource) for source in own.sources):
        raise RadweaveError(f'cohort "{cohort}" has no source of DICOM files: only those hold series')
    key = load_key()
    names = Pseudonyms(cohort, key, own.id_form)
    with Screen() as screen:
        cache = FileCache.load(place.files(cohort), key)
        gone = withdrawn_cases(place)
        found = report_series(declared, names, cache, tell, descriptions=descriptions, withdrawn=gone)
        rows = [row for row in found.rows if not (left and row.images)]
        title = f"Series of {cohort}: {len(rows)}{' that are part of no image' if left else ''}"
        screen.show(table_of(title, _shown(rows, descriptions=descriptions)) if rows else title)
        if descriptions:
            screen.show(IDENTIFYING)
        screen.show(table_of("Images by word", _counted(found)))
    if output is not None:
        for path in write_tables(place, output, {"series": _table(rows)}):
            typer.echo(f"{counted(len(rows), 'row')} in {path}")


def _shown(rows: "list[SeriesRow]", *, descriptions: bool) -> dict[str, list[str]]:
    """Columns for the screen."""
    columns = {
        "case": [row.case for row in rows],
        "centre": [row.centre for row in rows],
        "modality": [row.modality for row in rows],
        "image": [", ".join(row.images) or "–" for row in rows],
        "left": [row.left or "–" for row in rows],
        "files": [str(row.files) for row in rows],
        "facts": [row.facts.words() for row in rows],
    }
    return columns | ({"description": [row.facts.description for row in rows]} if descriptions else {})


def _counted(found: "SeriesReport") -> dict[str, list[str]]:
    counts = found.counts
    return {
        "image": [one.image for one in counts],
        "centre": [one.centre for one in counts],
        "visits with it": [str(one.visits) for one in counts],
        "without it": [str(one.lacking) for one in counts],
        "series": [str(one.series) for one in counts],
        "files": [str(one.files) for one in counts],
    }


def _table(rows: "list[SeriesRow]") -> Any:
    """The table that is written: several values of a fact are joined by commas. Descriptions are not in it."""
    import pyarrow as pa

    texts: dict[str, list[str]] = {
        "case": [row.case for row in rows],
        "centre": [row.centre for row in rows],
        "modality": [row.modality for row in rows],
        "image": [", ".join(row.images) for row in rows],
        "left": [row.left for row in rows],
    }
    facts = {
        name: [", ".join(f"{value:g}" for value in getattr(row.facts, attribute)) for row in rows]
        for name, attribute in NUMBERS.items()
    }
    return pa.table(
        {
            **{name: pa.array(values, pa.string()) for name, values in texts.items()},
            "files": pa.array([row.files for row in rows], pa.int64()),
            **{name: pa.array(values, pa.string()) for name, values in facts.items()},
            "contrast": pa.array([row.facts.contrast for row in rows], pa.bool_()),
            "image_type": pa.array(["; ".join(row.facts.image_types) for row in rows], pa.string()),
        }
    )
