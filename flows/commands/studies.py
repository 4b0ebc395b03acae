"""studies: the studies of the literature, what was published, and what came out here."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.listing import Form, print_rows
from tasks.running.pool import AnyRunner

FOLDER = Path("literature")
NOT_RUN = {"run": "not run", "came out": "", "CPU": ""}
FolderOption = Annotated[Path, typer.Option(help="Where the runs are.", metavar="FOLDER")]


def studies(folder: FolderOption = FOLDER, form: Form = "table") -> None:
    """List the studies of the literature: data, method, what was published, and what runs below a folder found.

    radweave study ID runs one from an empty folder. Figures as published are of other data, and never a target.
    """
    from flows.literature import literature_results, load_literature
    from flows.named import literature_files

    found = literature_results(folder)
    if form == "json":
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    rows: list[dict[str, str]] = []
    for name, path in literature_files().items():
        plan = load_literature(path)
        one = plan.published
        told = {"study": name, "by": one.by, "data": one.data, "method": one.method, "as published": one.result}
        told |= {"here": f"simulated {plan.simulated.kind}"}
        runs = [result for result in found if result["study"] == name]
        rows += [{**told, **_run_cells(result)} for result in runs] or [{**told, **NOT_RUN}]
    print_rows(rows if form == "csv" else _joined(rows), form, "Studies of the literature")


def _joined(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Few columns, which a narrow screen has room for: what was published stands beside the first run of a study alone."""
    found: list[dict[str, str]] = []
    for i, row in enumerate(rows):
        is_first = i == 0 or rows[i - 1]["study"] != row["study"]
        run = "\n".join(filter(None, [row["run"], row["came out"], row["CPU"] and f"CPU {row['CPU']}"]))
        cells = {
            "study": f"{row['study']}\n{row['by']}",
            "data and method": f"{row['data']}: {row['method']}",
            "as published": row["as published"],
            "here": f"{row['here']}\n{run}",
        }
        found.append(cells if is_first else {**dict.fromkeys(cells, ""), "here": run})
    return found


def run_reviewed(
    paths: Sequence[Path], seed: int, folder: Path | None, runner: AnyRunner, *, null: bool, full: bool
) -> None:
    """Run studies of the literature, and show their scores and verdicts."""
    from features.core.storage.seal import read_json
    from flows.literature import RESULT, Size, run_literature
    from flows.screen import Screen

    size, place = Size(seed, null, full), folder or FOLDER
    with Screen() as screen:
        runs = [run for path in paths for run in run_literature(path, size, place, runner)]
        screen.show_studies(runs)
    for path in paths:
        own = place / path.stem / size.folder
        result = read_json(own / RESULT)
        for claim in _claims(result):
            typer.echo(f"{claim['verdict']}: {claim['claim']} ({_estimate(claim)})")
        typer.echo(f"{path.stem}, {size.folder}: {result['verdict']}; {own / RESULT}")


def _run_cells(result: dict[str, Any]) -> dict[str, str]:
    size = [f"seed {result['simulated']['seed']}", *["null"] * result["simulated"]["null"], *["full"] * result["full"]]
    claims = "; ".join(f"{claim['claim']}: {_estimate(claim)}, {claim['verdict']}" for claim in _claims(result))
    cpu_s = sum(cpu_s for _, cpu_s in result["cost"].values())
    return {"run": ", ".join(size), "came out": claims, "CPU": f"{cpu_s:.0f} s"}


def _claims(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [claim for one in result["studies"].values() for claim in one["claims"]]


def _estimate(claim: dict[str, Any]) -> str:
    if claim["value"] is None:
        return claim["reason"] or "no estimate"
    bounds = "" if claim["low"] is None else f", {claim['low']:.2f} to {claim['high']:.2f}"
    is_difference = claim["second"] and claim["kind"] != "associated"
    return f"{claim['metric']} {'difference ' if is_difference else ''}{claim['value']:.2f}{bounds}"
