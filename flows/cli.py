"""The command line. Heavy imports wait until a command runs, so that help is quick."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from features.core.errors import ExitCode, RadweaveError, StoreError
from flows.commands import keys, upkeep
from flows.commands.agreement import agreement
from flows.commands.backbones import backbones
from flows.commands.check import check
from flows.commands.contour import contour
from flows.commands.deidentify import deidentify
from flows.commands.explain import explain
from flows.commands.export_scores import export_scores
from flows.commands.export_seg import export_seg
from flows.commands.extract import extract
from flows.commands.fault import fault_of
from flows.commands.init import init
from flows.commands.listing import features, list_kinds
from flows.commands.maps import map_features
from flows.commands.options import (
    CATALOG,
    STORE,
    CatalogOption,
    MemoryOption,
    RefreshOption,
    RunnerOption,
    SchedulerOption,
    StoreOption,
    TimeoutOption,
    WorkersOption,
    choose_runner,
    open_store,
)
from flows.commands.quality import quality
from flows.commands.quarantine import quarantine
from flows.commands.recalibrate import recalibrate
from flows.commands.refresh import refresh
from flows.commands.schema import schema
from flows.commands.score import score, score_new
from flows.commands.seal import seal
from flows.commands.series import series
from flows.commands.simulate import simulate
from flows.commands.studies import studies
from flows.commands.study import study

app = typer.Typer(
    epilog=f"Exit codes: {', '.join(f'{code.value} {code.name.lower()}' for code in ExitCode)}. See docs/exit-codes.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"radweave {version('radweave')}")
        raise typer.Exit


@app.callback()
def radweave(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Multicentre radiomics: from scans to honest scores."""


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder for the cohort and the store.")] = Path("demo"),
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "",
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Run the main job on the built-in cohort: simulate, refresh, three studies with their reports."""
    chosen = choose_runner(runner, workers, scheduler, memory, timeout)
    from flows.demo import run_demo
    from flows.screen import Screen

    with Screen() as screen:
        screen.show(run_demo(folder, chosen))


def stability(
    cohort: Annotated[str, typer.Argument(help="Cohort of the catalog.")],
    recipe: Annotated[
        str,
        typer.Option(help="Recipe whose features are measured, by name or YAML file; without it, all of a refresh."),
    ] = "",
    extractor: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this extractor, by the word that begins its columns; may be repeated. Without it, all."
        ),
    ] = None,
    perturbations: Annotated[
        Path | None, typer.Option(help="YAML file of the perturbations; without it, those of radweave.")
    ] = None,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "",
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Tell which features stay the same if images and contours are perturbed a little; reports of studies show it beside scores."""
    chosen = choose_runner(runner, workers, scheduler, memory, timeout)
    from flows.screen import Screen
    from flows.serving.engine import run_flow
    from flows.stability import stability as flow

    with Screen() as screen:
        file, words = str(perturbations or ""), list(extractor or [])
        found = run_flow(flow, cohort, recipe, words, file, runner=chosen, catalog=str(catalog), store=str(store))
        screen.show_stability(found, store)


def standardise(
    cohort: Annotated[str, typer.Argument(help="Cohort of the catalog, none of those that studies will validate.")],
    recipe: Annotated[
        str,
        typer.Option(help="Recipe that tells modality, unit and bias correction of the images, by name or YAML file."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--output", "--out", help="The landmarks, a JSON file: keep it in the folder of the recipe that uses it."
        ),
    ],
    centre: Annotated[
        list[str] | None, typer.Option(help="Only images of this centre; may be repeated. Without it, all.")
    ] = None,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "",
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Fit the landmarks of histogram standardisation on a cohort's images, for recipes with `normalise: {kind: nyul}`.

    The file lists the pseudonymous cases whose images were used. A study that validates their cohort refuses the recipe.
    """
    chosen = choose_runner(runner, workers, scheduler, memory, timeout)
    from flows.screen import Screen
    from flows.serving.engine import run_flow
    from flows.standardise import standardise as flow

    with Screen() as screen:
        file, centres = str(out), list(centre or [])
        done = run_flow(flow, cohort, recipe, file, centres, runner=chosen, catalog=str(catalog), store=str(store))
        screen.show(done)


def query(
    sql: Annotated[str, typer.Argument(help="SQL over the views of the store; without it, the views are listed.")] = "",
    store: StoreOption = STORE,
    form: Annotated[str, typer.Option("--format", help="What is printed: table, csv or json.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option("--output", "--out", help="Write the answer here instead: .csv, .xlsx or .parquet."),
    ] = None,
    at: RefreshOption = None,
) -> None:
    """Read-only SQL (DuckDB) over the mart; nothing outside it can be read or written."""
    from flows.commands.query import run_query

    typer.echo(run_query(open_store(store), sql, form, at, output), nl=False)


def export(
    tables: Annotated[list[str], typer.Argument(help="A table; or several blocks, side by side, one row per case.")],
    output: Annotated[
        Path,
        typer.Option("--output", "--out", help="The file: .csv, .xlsx, .parquet, .h5ad (AnnData) or .h5mu (MuData)."),
    ],
    cohort: Annotated[list[str] | None, typer.Option(help="Only this cohort; may be repeated.")] = None,
    timepoint: Annotated[str, typer.Option(help="Only cases of this time point.")] = "",
    columns: Annotated[
        list[str] | None, typer.Option(help="Only columns that fit this shell pattern, and the keys; may be repeated.")
    ] = None,
    store: StoreOption = STORE,
    at: RefreshOption = None,
) -> None:
    """Tables of the store as one file for other programs, with the dictionary of its columns."""
    from flows.commands.export import run_export

    found = run_export(
        open_store(store),
        tables,
        output,
        cohorts=cohort or [],
        timepoint=timepoint,
        patterns=columns or [],
        refresh=at,
    )
    typer.echo(found, nl=False)


def status(store: StoreOption = STORE, catalog: CatalogOption = CATALOG) -> None:
    """What the store holds: cohorts, scans used and quarantined with reasons, studies and whether they are stale."""
    from flows.commands.status import read_status
    from flows.screen import Screen

    with Screen() as screen:
        shown, damaged = read_status(open_store(store), catalog)
        screen.show(shown)
    if damaged:
        raise StoreError("\n".join(damaged))


def serve(
    store: StoreOption = STORE,
    catalog: CatalogOption = CATALOG,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the server, on loopback.")] = 4200,
    cron: Annotated[str, typer.Option(help="When to refresh all cohorts, in UTC.")] = "0 3 * * *",
    score_cron: Annotated[str, typer.Option(help="When to score new cases, in UTC.")] = "0 5 * * *",
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "",
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
    database: Annotated[
        str,
        typer.Option(
            envvar="RADWEAVE_DATABASE", help="The server's database, postgresql+asyncpg://…; else SQLite in the store."
        ),
    ] = "",
    auth: Annotated[
        str, typer.Option(envvar="RADWEAVE_AUTH", help="USER:PASSWORD that the server asks for; else none.")
    ] = "",
    url: Annotated[
        str,
        typer.Option(envvar="RADWEAVE_URL", help="Where a proxy offers the server, such as https://radweave.example."),
    ] = "",
) -> None:
    """Start a Prefect server with its UI on this machine, and run what its schedules and its UI ask for.

    It answers only the UI's own pages and programs of this machine. It ends with exit code 6 if the server ends.
    """
    chosen = choose_runner(runner, workers, scheduler, memory, timeout)
    from flows.serving.serve import serve_deployments

    serve_deployments(store, catalog, port, cron, chosen, score_cron=score_cron, database=database, auth=auth, url=url)


def prepare() -> None:
    """Give the Prefect server that PREFECT_API_URL names what radweave needs; `serve` does so by itself."""
    server = os.environ.get("PREFECT_API_URL")
    if not server:
        raise RadweaveError(
            "set PREFECT_API_URL to the server that is to be prepared, such as http://127.0.0.1:4200/api"
        )
    from flows.serving.address import server_fault

    if fault := server_fault(server):
        raise fault
    from flows.serving.prepare import free_gpu_slots, prepare_server

    for line in prepare_server():
        typer.echo(line)
    if freed := free_gpu_slots(restarted=False):
        typer.echo(f"slots of the GPU that killed runs had left taken, free now: {freed}")


# The groups of the help, and their commands, in the order in which a newcomer needs them. Every command is in one.
GROUPS: dict[str, tuple[Callable[..., None], ...]] = {
    "Start": (demo, init, extract, list_kinds, features, backbones, schema),
    "Look after data": (check, series, refresh, status, quarantine, quality, standardise, contour, simulate),
    "Run studies": (study, studies, score, score_new, explain, seal, recalibrate, stability, agreement),
    "Query and export": (query, export, map_features, export_seg, export_scores),
    "Upkeep of a store": upkeep.COMMANDS,
    "Privacy and keys": (deidentify, *keys.COMMANDS),
    "Server": (serve, prepare),
}
for _group, _commands in GROUPS.items():
    for _command in _commands:
        app.command(rich_help_panel=_group)(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: a fault that radweave knows prints without traceback, and its kind is the exit code; a bug prints with one."""
    try:
        app(None if arguments is None else list(arguments))
    except Exception as error:
        fault = fault_of(error)
        if fault is None:
            raise
        typer.echo(f"radweave: {fault}", err=True)
        sys.exit(fault.exit_code)


if __name__ == "__main__":
    main()
