"""score, score-new: the commands that ask a saved model about a cohort; of a sealed one, with all that comes before."""

import os
from pathlib import Path
from typing import Annotated

import typer

from features.core.errors import RadweaveError
from flows.commands.options import (
    CATALOG,
    STORE,
    CatalogOption,
    MemoryOption,
    RunnerOption,
    SchedulerOption,
    StoreOption,
    TimeoutOption,
    WorkersOption,
    choose_runner,
)

_PANEL = "A sealed model (a package)"


def score(
    context: typer.Context,
    model: Annotated[
        str, typer.Argument(help="STUDY, STUDY/DIGEST, the folder of a model, or a package of radweave seal.")
    ],
    cohort: Annotated[str, typer.Argument(help="Cohort of the catalog; refreshed, where the model is no package.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "--out", "-o", help="Where the results of a package go.", rich_help_panel=_PANEL),
    ] = None,
    suppress_below: Annotated[
        int, typer.Option(min=2, help="Counts below it are not told, nor what tells them.", rich_help_panel=_PANEL)
    ] = 5,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "",
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Predict a cohort by a saved model, and evaluate it where outcomes are known. See radweave study --final.

    A package is checked, the cohort is refreshed by its recipes, and scores are written that may be sent back. Without --store
    no table is kept: radweave score model.radweave COHORT --output scores
    """
    if not model.endswith(".radweave"):
        for name in ("output", "suppress_below", "runner", "workers", "scheduler", "memory", "timeout"):
            if _is_said(context, name):
                raise RadweaveError(f"--{name.replace('_', '-')} goes with a package; found the model {model}")
        _score_model(model, cohort, catalog, store)
        return
    if output is None:
        raise RadweaveError(f"{model}: a package needs --output: the folder that its results go to")
    chosen = choose_runner(runner, workers, scheduler, memory, timeout)
    from flows.screen import Screen
    from flows.sealed_score import STAYS, score_package

    source = context.get_parameter_source("store")
    place = None if source is None or source.name == "DEFAULT" else store  # the environment may name one, too
    with Screen() as screen:
        folder = score_package(Path(model), cohort, catalog, place, output, suppress_below, chosen)
        screen.show(
            [
                f"To send back: {folder} (result.json, result.html)",
                f"To keep here: {folder.with_name(STAYS)}, predictions of single cases",
            ]
        )


def _is_said(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _score_model(model: str, cohort: str, catalog: Path, store: str) -> None:
    """Without Prefect, which takes longer to import than a cohort to score, unless a server is to track it."""
    from flows.screen import Screen

    with Screen() as screen:
        if os.environ.get("PREFECT_API_URL"):
            from flows.score import score as flow
            from flows.serving.engine import run_flow

            folder = run_flow(flow, model, cohort, catalog=str(catalog), store=str(store))
        else:
            from flows.scoring import score_cohort

            folder = score_cohort(model, cohort, catalog, str(store), say=_say)
        screen.show_score(folder)


def score_new(
    model: Annotated[
        list[str] | None, typer.Option(help="A model, as score takes it; may be repeated. Without: those asked before.")
    ] = None,
    cohort: Annotated[
        list[str] | None, typer.Option(help="A cohort; may be repeated. Without: those a model was asked about before.")
    ] = None,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "",
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Score the cases of refreshed cohorts that have no score by a saved model yet. Scores that were given stay as they are."""
    chosen = choose_runner(runner, workers, scheduler, memory, timeout)
    from flows.score_new import score_new as flow
    from flows.screen import Screen
    from flows.serving.engine import run_flow

    with Screen() as screen:
        folders = run_flow(flow, model or [], cohort or [], runner=chosen, catalog=str(catalog), store=str(store))
        for folder in folders:
            screen.show_score(folder)
        if not folders:
            screen.show(["No new case: nothing was scored"])


def _say(message: str) -> None:
    typer.echo(f"radweave: {message}", err=True)
