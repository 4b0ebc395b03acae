"""Table files as text: CSV and Excel, exactly the cells that stand in them."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from features.core.catalog import TableSource
from features.core.errors import ConfigError, Fault, RadweaveError, did_you_mean
from features.core.pseudonym import canonical_id

_ROWS = "file_rows"  # attribute of the frame: row in the file of each of its rows


def read_text_table(root: Path, source: TableSource) -> pd.DataFrame:
    """All cells as stripped text, missing codes as None, indexed by the canonical patient id. Empty rows are left out.

    Raises RadweaveError if the file cannot be read, ConfigError if rows and header have different lengths, or the id
    column is absent, empty or not unique; ids are named by their rows, never by their values.
    """
    path = (root / source.path).resolve()
    if not path.is_relative_to(root.resolve()):
        raise RadweaveError(f"{source.path}: lies outside the cohort's folder")
    read = _excel_rows if path.suffix.lower() in (".xlsx", ".xlsm") else _csv_rows
    try:
        rows = read(path, source)
    except FileNotFoundError:
        raise RadweaveError(f"{source.path}: there is no such table") from None
    except (UnicodeError, LookupError) as error:
        raise RadweaveError(
            f'{source.path}: is not text of the encoding "{source.encoding}"; declare another one, '
            f"for example encoding: latin-1 ({type(error).__name__})"
        ) from error
    except (OSError, ValueError, csv.Error, zipfile.BadZipFile) as error:
        raise RadweaveError(f"{source.path}: cannot be read as a table ({type(error).__name__}: {error})") from error
    if not rows:
        raise RadweaveError(f"{source.path}: the table is empty")
    header = rows.pop(0)[1]
    uneven = [number for number, cells in rows if len(cells) != len(header)]
    if uneven:
        allowed = f"{len(header)} cells, as in the header"
        raise ConfigError([Fault(source.path, "rows are longer or shorter than the header", _some(uneven), allowed)])
    numbers = [number for number, _ in rows]
    frame = pd.DataFrame([cells for _, cells in rows], columns=header, dtype=object)
    require_columns(frame, [source.id], source)
    ids = frame.pop(source.id).map(canonical_id)
    faults = []
    if (ids == "").any():
        faults.append(Fault(source.path, "patient ids are empty", _some(numbers[i] for i in ids.index[ids == ""])))
    twice = ids.index[(ids != "") & ids.duplicated(keep=False)]
    if len(twice):
        found = _some(numbers[i] for i in twice)
        faults.append(Fault(source.path, "patient ids stand twice", found, "one row per patient"))
    if faults:
        raise ConfigError(faults)
    frame = frame.mask(frame.isin(source.missing), None).set_axis(pd.Index(ids, dtype=object), axis="index")
    frame.attrs[_ROWS] = numbers
    return frame


def file_row(frame: pd.DataFrame, position: int) -> int:
    """Row in the file, from 1 with the header, of a row of `read_text_table`."""
    return int(frame.attrs[_ROWS][position])


def require_columns(frame: pd.DataFrame, wanted: Iterable[str], source: TableSource) -> None:
    """Raises ConfigError with every column that is not in the table, and its nearest name, or stands in it twice."""
    columns = list(frame.columns)
    shown = ", ".join(columns[:30])
    faults = []
    for name in dict.fromkeys(wanted):
        if name not in columns:
            hint = did_you_mean(name, columns) if len(columns) > 1 else "is the separator right?"
            faults.append(Fault(source.path, f'there is no column "{name}"', "", shown, hint))
        elif columns.count(name) > 1:
            faults.append(Fault(source.path, f'the column "{name}" stands {columns.count(name)} times'))
    if faults:
        raise ConfigError(faults)


def _csv_rows(path: Path, source: TableSource) -> list[tuple[int, list[str]]]:
    """Row numbers of the file, from 1, and stripped cells."""
    with path.open(encoding=source.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=source.separator, strict=True)
        return _filled((reader.line_num, row) for row in reader)


def _excel_rows(path: Path, source: TableSource) -> list[tuple[int, list[str]]]:
    frame = pd.read_excel(path, sheet_name=source.sheet or 0, header=None, dtype=str, keep_default_na=False)
    return _filled(enumerate(frame.to_numpy().tolist(), start=1))


def _filled(rows: Iterable[tuple[int, Sequence[object]]]) -> list[tuple[int, list[str]]]:
    stripped = ((number, [str(cell).strip() for cell in row]) for number, row in rows)
    return [(number, cells) for number, cells in stripped if any(cells)]


def _some(numbers: Iterable[int]) -> str:
    rows = [str(number) for number in numbers]
    return "rows " + ", ".join(rows[:10]) + (" …" if len(rows) > 10 else "")
