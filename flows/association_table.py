"""The first associations of a study in words and numbers, for the terminal and the UI."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

MOST = 10  # rows of the terminal; all stand in associations.parquet
ASSOCIATIONS = "associations.parquet"


def is_association(folder: Path) -> bool:
    """Whether a run is of a study that predicts nothing."""
    return (folder / ASSOCIATIONS).is_file()


def tested_rows(folder: Path) -> list[dict[str, Any]]:
    """The associations that have a p, by p."""
    from features.core.storage.table import read_table

    return [row for row in read_table(folder / ASSOCIATIONS).to_pylist() if row["p"] is not None]


def association_columns(folder: Path) -> tuple[str, dict[str, list[str]], str]:
    """Title, columns and last line of a table of the first rows."""
    from features.core.storage.table import read_table
    from features.results.runs import read_run

    study, tested = read_run(folder)["study"], tested_rows(folder)
    cells = [association_cells(row) for row in tested[:MOST]]
    left = f"; the first {MOST} are shown" if len(tested) > MOST else ""
    others = read_table(folder / ASSOCIATIONS).num_rows - len(tested)
    untested = f"; {others} could not be tested" if others else ""
    found = sum(row["discovery"] for row in tested)
    said = f"{len(tested)} tests, {found} with a corrected p of at most {study['alpha']:g}{left}{untested}."
    names = ["column", "variable", "effect", "value", "p", "corrected", "n"]
    title = f"{study['title'] or study['name']}: associations with 95 % interval, no prediction"
    return title, {name: [row[name] for row in cells] for name in names}, said


def association_cells(row: Mapping[str, Any]) -> dict[str, str]:
    """A row in words and numbers."""
    from tasks.reports.number_format import decimal, interval

    bounds = interval(row["low"], row["high"])
    return {
        "column": row["column"],
        "variable": row["variable"] or "days",
        "effect": row["effect"],
        "value": decimal(row["value"]) + (f" ({bounds})" if bounds else ""),
        "p": f"{row['p']:.2g}",
        "corrected": f"{row['p_corrected']:.2g}",
        "n": str(row["n"]),
    }
