"""The scores of a study as a table of the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Lines = dict[tuple[str, str], dict[str, Mapping[str, Any]]]  # scores by split and set of blocks, then by candidate
NAME = 12  # letters that a name of a set has at least, before scores stand below each other


def score_table(folder: Path) -> Table:
    """The scores of a study over all centres: a row for each set of blocks, below its split; within centres first."""
    from features.core.storage.table import read_table
    from features.results.runs import read_run
    from tasks.modelling.metrics.metric import METRICS

    study = read_run(folder)["study"]
    scores = read_table(folder / "scores.parquet").to_pylist()
    metric = scores[0]["metric"]  # the first one of its endpoint
    pooled = [row for row in scores if row["centre"] == "" and row["metric"] == metric]
    splits = list(dict.fromkeys(row["split"] for row in pooled))
    pooled.sort(key=lambda row: (splits.index(row["split"]), not row["within"]))  # within centres first
    models = list(dict.fromkeys(row["model"] for row in pooled))
    lines: Lines = {}
    for row in pooled:
        part = row["split"] + (", within centres" if row["within"] else "")
        part = f"{part}, {row['cohort']} (n = {row['n']})" if row["cohort"] else part
        lines.setdefault((part, row["blocks"]), {})[row["model"]] = row
    table = Table(title=f"{study['title'] or study['name']}: {METRICS.load(metric).title} with 95 % interval")
    wide = sum(max(len(one), 16) + 3 for one in models) + 4
    if wide + NAME <= Console().width:
        names = max(max(len(part) + 1, len(blocks) + 2) for part, blocks in lines)
        _fill_beside(table, lines, models, names + wide <= Console().width)
    else:
        _fill_below(table, lines)
    events = pooled[0]["events"]
    sizes = f"n = {pooled[0]['n']}" + (f", events = {events}" if events is not None else "")
    table.caption = "\n".join([sizes, *_of_what(pooled)])
    return table


def unscored(folder: Path) -> list[str]:
    """Why a candidate has no score where the table has a dash: a sentence for each split and reason."""
    from features.core.storage.table import read_table

    scores = read_table(folder / "scores.parquet").to_pylist()
    found: dict[tuple[str, str], dict[str, None]] = {}
    for row in scores:
        if (row["centre"], row["metric"]) == ("", scores[0]["metric"]) and row["value"] is None and not row["within"]:
            found.setdefault((row["split"], row.get("reason") or ""), {})[row["model"]] = None
    return [f"No score, {split}, {', '.join(models)}: {reason}." for (split, reason), models in found.items() if reason]


def _fill_beside(table: Table, lines: Lines, models: Sequence[str], fits: bool) -> None:
    """A column for each candidate; names break at underscores if they do not fit."""
    table.add_column("blocks", overflow="fold", no_wrap=fits)
    for model in models:
        table.add_column(model if fits else model.replace("_", "_\n"), justify="right", overflow="fold")
    for split in dict.fromkeys(split for split, _ in lines):
        table.add_row(f"{split}:")
        for (own, blocks), cells in lines.items():
            if own == split:
                shown = blocks if fits else blocks.replace("_", "_\n  ")
                table.add_row(f"  {shown}", *(_cell(cells.get(model)) for model in models))


def _fill_below(table: Table, lines: Lines) -> None:
    """A row for each candidate, where side by side their scores would break."""
    table.add_column("blocks", overflow="fold")
    table.add_column("candidate", overflow="fold")
    table.add_column("score", justify="right", no_wrap=True)
    for split in dict.fromkeys(split for split, _ in lines):
        table.add_row(f"{split}:")
        for (own, blocks), cells in lines.items():
            if own == split:
                for i, (model, row) in enumerate(cells.items()):
                    table.add_row("" if i else f"  {blocks}", model, _cell(row))


def _of_what(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of what the intervals of each split are; nothing of splits that have none."""
    said = {row["split"]: row["interval_of"] for row in reversed(rows) if row["low"] is not None}
    return [
        f"{split}: each interval is of {said[split]}"
        for split in dict.fromkeys(row["split"] for row in rows)
        if said.get(split)
    ]


def _cell(row: Mapping[str, Any] | None) -> str:
    from tasks.reports.number_format import decimal, interval

    if row is None or row["value"] is None:
        return "–"
    bounds = interval(row["low"], row["high"])
    return decimal(row["value"]) + (f" ({bounds})" if bounds else "")
