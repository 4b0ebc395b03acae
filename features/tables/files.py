"""Table files as text: CSV and Excel, exactly the cells that stand in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from features.core.catalog import TableSource
from features.core.errors import ConfigError, Fault, RadweaveError, did_you_mean
from features.core.pseudonym import canonical_id


def read_text_table(root: Path, source: TableSource) -> pd.DataFrame:
    """All cells as stripped text, missing codes as None, indexed by the canonical patient id.

    Raises RadweaveError if the file cannot be read, ConfigError if the id column is absent, empty or not unique; ids are
    named by their rows, never by their values.
    """
    path = (root / source.path).resolve()
    if not path.is_relative_to(root.resolve()):
        raise RadweaveError(f"{source.path}: lies outside the cohort's folder")
    try:
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            frame = pd.read_excel(path, sheet_name=source.sheet or 0, dtype=str, keep_default_na=False)
        else:
            frame = pd.read_csv(
                path, sep=source.separator, encoding=source.encoding, dtype=str, keep_default_na=False, index_col=False
            )
    except FileNotFoundError:
        raise RadweaveError(f"{source.path}: there is no such table") from None
    except (OSError, ValueError) as error:
        raise RadweaveError(f"{source.path}: cannot be read as a table ({type(error).__name__}: {error})") from error
    frame.columns = [str(column).strip() for column in frame.columns]
    require_columns(frame, [source.id], source)
    frame = frame.map(lambda cell: str(cell).strip())
    ids = frame.pop(source.id).map(canonical_id)
    faults = []
    if not ids.all():
        faults.append(Fault(source.path, "patient ids are empty", f"rows {_rows(ids[ids == ''].index)}"))
    twice = ids[(ids != "") & ids.duplicated(keep=False)]
    if len(twice):
        faults.append(
            Fault(source.path, "patient ids stand twice", f"rows {_rows(twice.index)}", "one row per patient")
        )
    if faults:
        raise ConfigError(faults)
    frame = frame.mask(frame.isin(source.missing), None)
    return frame.set_index(ids)


def require_columns(frame: pd.DataFrame, wanted: Iterable[str], source: TableSource) -> None:
    """Raises ConfigError with every column that is not in the table, and its nearest name."""
    faults = [
        Fault(
            source.path,
            f'there is no column "{name}"',
            "",
            ", ".join(frame.columns[:30]),
            did_you_mean(name, frame.columns),
        )
        for name in wanted
        if name not in frame.columns
    ]
    if faults:
        raise ConfigError(faults)


def _rows(index: Iterable[object]) -> str:
    rows = [str(int(str(i)) + 2) for i in index]  # 1-based, after the header
    return ", ".join(rows[:10]) + (" …" if len(rows) > 10 else "")
