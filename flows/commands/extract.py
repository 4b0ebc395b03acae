"""extract: features of files, without catalog and store, in the manner of pyradiomics' own command."""

import csv
import io
import json
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from features.core.errors import DataError, ExitCode, RadweaveError, did_you_mean
from features.core.quarantine import Rejected
from features.core.wording import counted
from features.radiomics.pair import remedy_of

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.table import Table

    from features.radiomics.pair import Extraction, Pair
    from features.radiomics.parameters import Parameters

FORMATS = {".json": "json", ".csv": "csv", ".parquet": "parquet"}
OUTCOME = ("diagnostics_Outcome", "diagnostics_Outcome_Code", "diagnostics_Outcome_Message")
WARNINGS, BETWEEN = "diagnostics_Outcome_Warnings", " | "
SHOWN = 6  # pairs whose features fit side by side on a screen
Cell = str | float | int | tuple[float, ...] | None
Row = dict[str, Cell]


@dataclass(frozen=True)
class Line:
    """A pair and the columns that are carried along; or, for a line of a CSV that holds none, why not."""

    carried: Mapping[str, str]
    pair: "Pair | Rejected"


def extract(
    image: Annotated[
        Path, typer.Argument(help="The image: NIfTI, NRRD, MetaImage, a DICOM folder; or a CSV of pairs.")
    ],
    mask: Annotated[Path | None, typer.Argument(help="The label map; left out with a CSV.")] = None,
    param: Annotated[Path | None, typer.Option("--param", "-p", help="A parameter file of pyradiomics.")] = None,
    label: Annotated[int | None, typer.Option("--label", "-l", min=1, help="The ROI's label in the mask.")] = None,
    out: Annotated[
        Path | None, typer.Option("--output", "--out", "-o", help="Write it here: .json, .csv or .parquet.")
    ] = None,
    form: Annotated[
        Literal["table", "json", "csv", "parquet"] | None,
        typer.Option("--format", "-f", help="What is written; without it, by the ending of --output, else a table."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Pairs side by side; 0: one per core.")] = 1,
) -> None:
    """Features of an image and a mask, or of a CSV of pairs (columns Image, Mask; ID and Label if you like)."""
    chosen = _format(form, out)
    _spare([image, mask, param], out)
    lines = read_lines(image, mask, label)
    if chosen == "table" and len(lines) > SHOWN:
        raise RadweaveError(f"{image}: {len(lines)} pairs do not fit on a screen; add --output FILE or --format csv")
    from features.radiomics.parameters import parameters_of
    from flows.screen import Screen

    parameters = parameters_of(param)
    for note in parameters.notes:
        typer.echo(f"note: {note}", err=True)
    if mask is not None:
        rows = [_row(lines[0], _extract(lines[0], parameters))]
    else:
        with Screen():
            rows = _extract_all(lines, parameters, jobs)
    _write(rows, chosen, out)
    for number, row in enumerate(rows, start=1):
        if row[OUTCOME[0]] != "computed":
            place = f"{row.get('ID') or f'pair {number}'}: " if mask is None else ""
            typer.echo(f"{row[OUTCOME[0]]}: {place}{row[OUTCOME[1]]}: {row[OUTCOME[2]]}", err=True)
    noticed = [one for row in rows for one in str(row[WARNINGS]).split(BETWEEN) if one]
    for code, count in Counter(one.split(":")[0] for one in noticed).items():
        first = next(one for one in noticed if one.startswith(code))
        typer.echo(f"warning: {first}" + (f"; and {count - 1} more of the kind" if count > 1 else ""), err=True)
    counts = Counter(row[OUTCOME[0]] for row in rows)
    if counts["failed"] or len(rows) > 1:
        partly = f"{counts['partly']} partly, " if counts["partly"] else ""
        told = f"{counts['computed']} computed, {partly}{counts['failed']} failed"
        typer.echo(f"{counted(len(rows), 'pair')}: {told}", err=True)
    if counts["failed"]:
        raise typer.Exit(ExitCode.DATA)


def _format(form: str | None, out: Path | None) -> str:
    ending = "" if out is None else out.suffix.lower()
    if out is None and form == "parquet":
        raise RadweaveError("--format parquet: needs --output FILE")
    if out is not None and form is None and ending not in FORMATS:
        raise RadweaveError(f"{out}: unknown ending; allowed: {', '.join(FORMATS)}; or say --format")
    if out is not None and (out.is_dir() or any(folder.is_file() for folder in out.parents)):
        raise RadweaveError(f"{out}: is no place for a file")
    return form or FORMATS.get(ending, "table")


def _spare(given: Sequence[Path | None], out: Path | None) -> None:
    """Raises RadweaveError if the features would be written over what they are computed from."""
    if out is not None and any(one is not None and one.resolve() == out.resolve() for one in given):
        raise RadweaveError(f"--output {out}: is one of the files to read; choose another name")


def read_lines(image: Path, mask: Path | None, label: int | None) -> list[Line]:
    """What to extract. Raises RadweaveError if the arguments or the CSV make no pairs."""
    from features.radiomics.pair import Pair

    if mask is not None:
        return [Line({"Image": str(image), "Mask": str(mask)}, Pair(image, mask, label))]
    if image.suffix.lower() != ".csv":
        raise RadweaveError(f"{image}: give a mask too, or a CSV of pairs (.csv)")
    try:
        with image.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="")
            rows = [{name: value or "" for name, value in row.items() if name} for row in reader]
            names = list(reader.fieldnames or ())
    except OSError as error:
        raise DataError(f"{image}: cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{image}: cannot be read as CSV in UTF-8: {error}") from error
    for name in ("Image", "Mask"):
        if name not in names:
            hint = (did_you_mean(name, names) if len(names) > 1 else "") or "columns are separated by commas"
            raise DataError(f'{image}: there is no column "{name}"; found {", ".join(names) or "none"}; {hint}')
    if not rows:
        raise DataError(f"{image}: holds no pairs")
    return [_line(row, image.parent, label) for row in rows]


def _line(row: dict[str, str], folder: Path, label: int | None) -> Line:
    from features.radiomics.pair import Pair

    numbers: dict[str, int | None] = {"Label": label, "Label_channel": None}
    for name in numbers:
        text = row.get(name, "").strip()
        if text:
            try:
                numbers[name] = int(float(text)) if float(text) == int(float(text)) else None
            except (ValueError, OverflowError):
                numbers[name] = None
            if numbers[name] is None or numbers[name] < (1 if name == "Label" else 0):  # type: ignore[operator]
                return Line(row, Rejected("MASK_VALUES", f"{name} {text!r} is not a whole number above 0"))
    for name, code in (("Image", "IMAGE_MISSING"), ("Mask", "MASK_MISSING")):
        if not row[name].strip():
            return Line(row, Rejected(code, f"the cell of {name} is empty"))
    pair = Pair(folder / row["Image"].strip(), folder / row["Mask"].strip(), numbers["Label"], numbers["Label_channel"])
    return Line(row, pair)


def _extract(line: Line, parameters: "Parameters") -> "Extraction | Rejected":
    from features.radiomics.extraction import extract_pair
    from features.results.attempt import attempt, out_of_memory

    if isinstance(line.pair, Rejected):
        return line.pair
    pair = line.pair
    try:
        return attempt(lambda: extract_pair(pair, parameters))
    except MemoryError as error:
        return out_of_memory(error)


def _extract_all(lines: Sequence[Line], parameters: "Parameters", jobs: int) -> list[Row]:
    from tasks.running.pool import Pool
    from tasks.running.runners.processes import Processes

    with Pool(Processes(workers=jobs)) as pool:
        found = pool.map(partial(_extract, parameters=parameters), lines, "extract")
    return [_row(line, result) for line, result in zip(lines, found, strict=True)]


def _row(line: Line, found: "Extraction | Rejected") -> Row:
    """Carried columns, outcome, diagnostics, features."""
    row: Row = dict(line.carried)
    if isinstance(found, Rejected):
        remedy, message = remedy_of(found.code), found.message
        if remedy not in message:  # the pool's own reasons, and errors that nobody knows
            told = ", ".join(f"{name} {value}" for name, value in found.details.items())
            message = "; ".join(part for part in (message, told, remedy) if part)
        return {**row, **dict(zip(OUTCOME, ("failed", found.code, message), strict=True)), WARNINGS: ""}
    why = found.incomplete
    outcome = ("partly", why.code, why.message) if why else ("computed", "", "")
    row |= dict(zip(OUTCOME, outcome, strict=True))
    row[WARNINGS] = BETWEEN.join(f"{one.code}: {one.message}" for one in found.warnings)
    return {**row, **found.diagnostics, **found.features}


def _write(rows: Sequence[Row], form: str, out: Path | None) -> None:
    from features.core.storage.place import write_bytes
    from features.core.storage.table import parquet_bytes
    from flows.commands.spreadsheet import csv_bytes

    if form == "table":
        from rich.console import Console

        console = Console(file=io.StringIO() if out else None, soft_wrap=True, markup=False, emoji=False)
        if any(row[OUTCOME[0]] != "failed" for row in rows):
            console.print(_shown(rows))
        if out is not None:
            write_bytes(out, console.file.getvalue().encode())  # type: ignore[attr-defined]
        return
    if form == "json":
        plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
        data: bytes | memoryview = (json.dumps(plain, indent=1, allow_nan=False) + "\n").encode()
    else:
        table = as_table(rows)
        data = csv_bytes(table) if form == "csv" else parquet_bytes(table)
    if out is None:
        sys.stdout.write(bytes(data).decode())
    else:
        write_bytes(out, data)
        typer.echo(f"{out}: {counted(len(rows), 'row')}, {counted(len(_names(rows)), 'column')}")


def as_table(rows: Sequence[Row]) -> "pa.Table":
    """Rows with the columns of all of them: numbers as numbers, everything else as text, what is undefined null."""
    import pyarrow as pa

    from features.core.storage.arrays import array_of

    columns = {}
    for name in _names(rows):
        values = [_plain(row.get(name)) for row in rows]
        if all(value is None or isinstance(value, float | int) for value in values):
            whole = all(value is None or isinstance(value, int) for value in values) and name.startswith("diagnostics_")
            columns[name] = array_of(values, pa.int64() if whole else pa.float64())
        else:
            texts = [
                None if value is None else str(tuple(value) if isinstance(value, list) else value) for value in values
            ]
            columns[name] = array_of(texts, pa.string())
    return pa.table(columns)


def _names(rows: Sequence[Row]) -> list[str]:
    """Columns of all rows; the longest row gives the order."""
    return list(dict.fromkeys(name for row in sorted(rows, key=len, reverse=True) for name in row))


def _plain(value: Cell) -> str | float | int | list[float] | None:
    """A value as JSON knows it."""
    if isinstance(value, tuple):
        return list(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _shown(rows: Sequence[Row]) -> "Table":
    from rich.table import Table

    table = Table(title="Features")
    table.add_column("image")
    table.add_column("family")
    table.add_column("feature", overflow="fold")
    for i, row in enumerate(rows):
        table.add_column(str(row.get("ID") or Path(str(row["Image"])).name or i), justify="right", overflow="fold")
    for name in _names(rows):
        parts = name.split("_", 2)
        values = [row.get(name) for row in rows]
        numbers = [value for value in values if isinstance(value, float)]
        if len(parts) == 3 and parts[0] != "diagnostics" and (numbers or all(value is None for value in values)):
            table.add_row(*parts, *(_number(value) for value in values))
    return table


def _number(value: Cell) -> str:
    return f"{value:.7g}" if isinstance(value, float) and math.isfinite(value) else "–"
