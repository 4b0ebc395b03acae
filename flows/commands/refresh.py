"""refresh: the command that brings the mart up to date."""

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


def refresh(
    cohorts: Annotated[
        list[str] | None, typer.Argument(help="Cohorts of the catalog; without any, all whose files are here.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="The same as no cohorts.")] = False,
    recipe: Annotated[
        list[str] | None,
        typer.Option(
            help="A recipe to extract instead of those by default, by name or YAML file; may be repeated. Recipes of the mart "
            "stay."
        ),
    ] = None,
    study: Annotated[
        list[str] | None,
        typer.Option(
            help="A study, by name or YAML file, whose recipes are extracted in its cohorts instead of those by default; may "
            "be repeated."
        ),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="A recipe that the mart need not keep; may be repeated.")
    ] = None,
    rehash: Annotated[
        bool, typer.Option("--rehash", help="Read every byte again, also of files whose size and time did not change.")
    ] = False,
    failure_threshold: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of scans that may be newly quarantined before it counts as failed."),
    ] = 0.2,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "",
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Bring the mart up to date: only what is new or changed is computed.

    With --study and no cohorts, those of the studies are refreshed.
    """
    if cohorts and everything:
        raise RadweaveError("name the cohorts to refresh, or say --all, not both")
    chosen = choose_runner(runner, workers, scheduler, memory, timeout)
    from flows.commands.quarantine import explain_tables
    from flows.named import find_study
    from flows.refresh import refresh as flow
    from flows.screen import Screen
    from flows.serving.engine import run_flow
    from flows.signatures import cohorts_of

    names = (
        []
        if everything
        else cohorts or [name for one in study or [] for name in cohorts_of(find_study(one), catalog.parent)]
    )
    with Screen() as screen:
        published = run_flow(
            flow,
            cohorts=list(dict.fromkeys(names)),
            recipes=recipe or [],
            studies=study or [],
            runner=chosen,
            failure_threshold=failure_threshold,
            rehash=rehash,
            drop=drop or [],
            catalog=str(catalog),
            store=store,
        )
        screen.show_refresh(published, store)
        screen.show(list(explain_tables((one.cohort for one in published), store, error="rejected in tables")))
