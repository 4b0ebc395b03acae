"""Commands that look after a store: what changed, what is whole, what may go, and who must not be in it."""

import json
from dataclasses import asdict
from typing import Annotated, Literal

import typer

from features.core.errors import RadweaveError
from flows.options import STORE, StoreOption, open_store

DiffFormat = Annotated[Literal["table", "json"], typer.Option("--format", help="table or json.")]
CaseArgument = Annotated[
    str, typer.Argument(help="cohort:patient, or cohort:patient:timepoint[:lesion], as in the tables.")
]
ReasonOption = Annotated[
    Literal["consent", "ineligible", "duplicate", "other"], typer.Option(help="Why; kept in the audit.")
]


def history(store: StoreOption = STORE) -> None:
    """List the refreshes that the store keeps: what each one changed can be seen with diff, its tables with query --at."""
    from rich.table import Table

    from features.results.manifest import manifest_at, refresh_numbers
    from flows.screen import Screen, counted

    place = open_store(store)
    table = Table(title=f"Refreshes in {store}")
    for name in ("refresh", "at (UTC)", "cohort", "scans", "used", "quarantined", "withdrawn"):
        table.add_column(name, overflow="fold")
    for number in refresh_numbers(place):
        manifest = manifest_at(place, number)
        for cohort, state in manifest.cohorts.items():
            if state.refreshed == number:
                counts = (str(state.scans), str(state.used), counted(state.quarantined), str(state.withdrawn))
                table.add_row(str(number), manifest.at.removesuffix("+00:00"), cohort, *counts)
    with Screen() as screen:
        screen.show(table)


def diff(
    before: Annotated[int | None, typer.Argument(help="An earlier refresh; without it, the one before.")] = None,
    after: Annotated[int | None, typer.Argument(help="A later refresh; without it, the newest.")] = None,
    cohort: Annotated[list[str] | None, typer.Option(help="Only this cohort; may be repeated.")] = None,
    form: DiffFormat = "table",
    store: StoreOption = STORE,
) -> None:
    """Tell what changed between two refreshes, case by case, and why."""
    from features.results.diff import diff_refreshes
    from features.results.manifest import EMPTY, Mart
    from flows.screen import Screen, diff_tables

    place = open_store(store)
    new = Mart.open(place, after)
    if not new.manifest.refresh:
        raise RadweaveError(f"{store}: the store is empty: run radweave refresh")
    number = new.manifest.parent if before is None else before
    old = Mart.open(place, number) if number else Mart(place, EMPTY)
    found = diff_refreshes(old, new, cohort or ())
    if form == "json":
        typer.echo(json.dumps(asdict(found), indent=1))
        return
    with Screen() as screen:
        screen.show(diff_tables(found))


def withdraw(case: CaseArgument, reason: ReasonOption = "consent", store: StoreOption = STORE) -> None:
    """Remove a case from every table, refresh, result and study, and keep it out of all future refreshes."""
    from features.results.withdraw import withdraw as remove

    found = remove(open_store(store), case, reason)
    if found.rows or found.results or found.studies:
        typer.echo(f"{found.case}: {found.rows} rows of tables and {found.results} results were removed; it stays out")
    else:
        typer.echo(f"{found.case}: the store held nothing of it (is the id right?); it is barred from future refreshes")
    for run in found.studies:
        typer.echo(f"  study {run} contained it: its rows are removed there; its models and scores were made with it")


def restore(case: CaseArgument, reason: ReasonOption = "consent", store: StoreOption = STORE) -> None:
    """Let a withdrawn case in again at the next refresh."""
    from features.results.withdraw import restore as let_in

    let_in(open_store(store), case, reason)
    typer.echo(f"{case}: may enter again at the next refresh")


def verify(store: StoreOption = STORE) -> None:
    """Read everything that the store keeps: every digest, every count. Exits with 1 if anything is wrong."""
    from features.results.verify import verify as read_all
    from flows.screen import Screen

    with Screen():
        found = read_all(open_store(store))
    counts = f"{found.refreshes} refreshes, {found.tables} tables, {found.results} results, {found.studies} studies"
    typer.echo(f"{store}: {counts}: {'no faults' if not found.faults else f'{len(found.faults)} faults'}")
    for line in (*found.faults, *found.notes):
        typer.echo(f"  {line}")
    if found.faults:
        raise typer.Exit(1)


def gc(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest refreshes stay.")] = 10,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be removed.")] = False,
    store: StoreOption = STORE,
) -> None:
    """Remove what the newest refreshes do not need: old tables and results, and what killed processes left."""
    from features.results.collect import collect
    from flows.screen import Screen

    with Screen():
        found = collect(open_store(store), keep, dry=dry)
    verb = "would be removed" if dry else "were removed"
    typer.echo(
        f"{store}: {len(found.refreshes)} refreshes, {found.tables} tables, {found.results} results and "
        f"{found.temporary} unfinished files ({found.bytes / 1e6:.1f} MB) {verb}"
    )


def pseudonym(cohort: Annotated[str, typer.Argument(help="Cohort of the catalog.")]) -> None:
    """Ask for a patient id, without showing it, and print the patient as the tables name it: cohort:pseudonym."""
    from features.core.pseudonym import load_key
    from features.core.pseudonym import pseudonym as stand_in

    patient = typer.prompt("Patient id", hide_input=True)
    typer.echo(f"{cohort}:{stand_in(load_key(), cohort, patient)}")


COMMANDS = (history, diff, withdraw, restore, verify, gc, pseudonym)
