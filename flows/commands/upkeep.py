"""Commands that look after a store: what changed, what is whole, what may go, and who must not be in it."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

import typer

from features.core.errors import ExitCode, RadweaveError, StoreError, hint_sentence
from features.core.wording import counted
from flows.commands.options import CATALOG, STORE, CatalogOption, StoreOption, open_store

DiffFormat = Annotated[Literal["table", "json"], typer.Option("--format", help="table or json.")]
CaseArgument = Annotated[
    str, typer.Argument(help="cohort:patient, or cohort:patient:timepoint[:lesion], as in the tables.")
]
ReasonOption = Annotated[
    Literal["consent", "ineligible", "duplicate", "other"], typer.Option(help="Why; kept in the audit.")
]


def history(store: StoreOption = STORE) -> None:
    """List the refreshes that the store keeps: what each one changed can be seen with diff, its tables with query --at."""
    from features.results.manifest import kept_manifests, newest
    from flows.screen import Screen, table_of
    from flows.screen import counted as counted_codes

    place = open_store(store, there=True)
    newest(place)  # raises where nothing may be read
    rows, unread = [], list[str]()
    for manifest in kept_manifests(place, unread):
        for cohort, state in manifest.cohorts.items():
            if state.refreshed == manifest.refresh:
                counts = [str(count) for count in (state.scans, state.used, state.absent)]
                counts += [counted_codes(state.quarantined), str(state.withdrawn)]
                rows.append((str(manifest.refresh), manifest.at[:19].replace("T", " "), cohort, *counts))
    names = ("refresh", "at (UTC)", "cohort", "scans", "used", "absent", "quarantined", "withdrawn")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    if {*columns["absent"]} <= {"0"}:
        del columns["absent"]
    with Screen() as screen:
        screen.show(table_of(f"Refreshes in {store}", columns))
    if unread:
        raise StoreError("\n".join(unread))


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
        raise StoreError(f"{store}: the store is empty: run radweave refresh")
    number = new.manifest.parent if before is None else before
    old = Mart.open(place, number) if number else Mart(place, EMPTY)
    if old.manifest.refresh > new.manifest.refresh:
        raise RadweaveError(f"diff {before} {new.manifest.refresh}: name the earlier refresh first")
    known = {**old.manifest.cohorts, **new.manifest.cohorts}
    for name in (name for name in cohort or () if name not in known):
        hint = hint_sentence(name, known)
        raise RadweaveError(f'the refreshes have no cohort "{name}"; they have {", ".join(known)}. {hint}'.strip())
    found = diff_refreshes(old, new, cohort or ())
    if form == "json":
        typer.echo(json.dumps(asdict(found), indent=1))
        return
    with Screen() as screen:
        screen.show(diff_tables(found))


def withdraw(
    case: CaseArgument,
    reason: ReasonOption = "consent",
    bar: Annotated[
        bool, typer.Option("--bar", help="Also a patient of whom the store holds nothing: the scans have not come yet.")
    ] = False,
    store: StoreOption = STORE,
) -> None:
    """Remove a case from every table, refresh, result and study, and keep it out of all future refreshes.

    An id of which the store holds nothing is refused, with the nearest ones. Damaged files, which may still hold the case,
    are named at the end.
    """
    from features.results.withdraw import withdraw as remove
    from features.results.withdraw import withdrawn_cases
    from flows.commands.keys import own_key

    place = open_store(store, there=True)
    own_key(place, needed=bar)
    before = withdrawn_cases(place)
    found = remove(place, case, reason, in_advance=bar)
    if found.rows or found.results or found.studies:
        removed = f"{counted(found.rows, 'row')} of tables and {counted(found.results, 'result')}"
        typer.echo(f"{found.case}: {removed} were removed; it stays out")
    elif found.case in before:
        typer.echo(f"{found.case}: was withdrawn before; the store holds nothing of it")
    else:
        typer.echo(f"{found.case}: the store held nothing of it; it is barred from future refreshes")
    if found.fits:
        those = f"{counted(found.fits, 'kept fit')} of studies with cohort {case.split(':')[0]}"
        typer.echo(f"  {those} were removed, whomever they were made of: the next run fits again")
    for model in found.models:
        typer.echo(
            f"  model {model} was removed, since it holds values of single cases: radweave study --final fits it again"
        )
    for run in found.studies:
        what = run if run.startswith("scores/") else f"study {run}"
        typer.echo(f"  {what} contained it: its rows are removed there; its models and scores were made with it")
    if found.unread:
        raise StoreError(unfinished(found.case, found.unread))


def unfinished(case: str, unread: Sequence[str]) -> str:
    """What is to be said of a withdrawal that went past damaged files."""
    return (
        f"{case}: stays out, but {counted(len(unread), 'damaged file')} may still hold it; every refresh tries again:\n  "
        + "\n  ".join(unread)
    )


def restore(case: CaseArgument, reason: ReasonOption = "consent", store: StoreOption = STORE) -> None:
    """Let a withdrawn case in again at the next refresh."""
    from features.results.withdraw import restore as let_in
    from flows.commands.keys import own_key

    place = open_store(store, there=True)
    own_key(place, needed=False)
    let_in(place, case, reason)
    typer.echo(f"{case}: may enter again at the next refresh")


def restart_audit(store: StoreOption = STORE) -> None:
    """Begin the audit of withdrawals again where it is damaged and there is no backup. Who was withdrawn stays out.

    The newest refresh remembers who was withdrawn. Whoever else the damaged file names is withdrawn too, and listed.
    """
    from features.results.withdraw import restart_audit as restart

    place = open_store(store, there=True)
    found = restart(place)
    typer.echo(
        f"{place.withdrawals}: begun again; still withdrawn: {counted(len(found.cases), 'case or patient', 'cases or patients')}"
    )
    if found.aside is not None:
        typer.echo(f"  reasons and days of earlier rows are only in {found.aside}")
    for case in found.named:
        typer.echo(f"  {case}: only the damaged file named it; if it had been restored: radweave restore {case}")
    left = [unfinished(one.case, one.unread) for one in found.purged if one.unread]
    if left:
        raise StoreError("\n".join(left))


def verify(store: StoreOption = STORE) -> None:
    """Read everything that the store keeps: every digest, every count. Exits with 4 if anything is wrong."""
    from features.results.verify import verify as read_all
    from flows.screen import Screen

    with Screen():
        found = read_all(open_store(store, there=True))
    counts = (
        f"{counted(found.refreshes, 'refresh', 'refreshes')}, {counted(found.tables, 'table')}, "
        f"{counted(found.results, 'result')}, {counted(found.studies, 'study', 'studies')}"
    )
    typer.echo(f"{store}: {counts}: {counted(len(found.faults), 'fault') if found.faults else 'no faults'}")
    for line in (*found.faults, *found.notes):
        typer.echo(f"  {line}")
    if found.faults:
        raise typer.Exit(ExitCode.STORE)


def gc(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest refreshes stay.")] = 10,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be removed.")] = False,
    store: StoreOption = STORE,
) -> None:
    """Remove what the newest refreshes do not need: old tables and results, and what killed processes left."""
    from features.results.unneeded import remove_unneeded
    from flows.screen import Screen

    with Screen():
        found = remove_unneeded(open_store(store, there=True), keep, dry=dry)
    typer.echo(
        f"{store}: {'would remove' if dry else 'removed'} {counted(len(found.refreshes), 'refresh', 'refreshes')}, "
        f"{counted(found.tables, 'table')}, {counted(found.results, 'result')}, "
        f"{counted(found.temporary, 'unfinished file')} and {counted(found.runs, 'unfinished run')} of studies, models or scores "
        f"({found.bytes / 1e6:.1f} MB)"
    )


def pseudonym(
    cohort: Annotated[str, typer.Argument(help="Cohort of the catalog.")],
    centre: Annotated[str, typer.Option(help="The patient's centre, where the ids of the cohort have a prefix.")] = "",
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
) -> None:
    """Ask for a patient id, without showing it, and print the patient as the tables name it: cohort:pseudonym.

    The id may be written as in any file: the catalog's form of ids applies. It can also come through a pipe. If there is
    a store, your key has to be its key.
    """
    from features.core.catalog.catalog import load_catalog
    from features.core.catalog.id_form import normalise_id
    from features.core.pseudonym import pseudonym as stand_in
    from flows.commands.keys import own_key

    declared = load_catalog(catalog).cohort(cohort)
    if declared.id_form.prefix and centre not in declared.centres:
        raise RadweaveError(
            f'ids of the cohort "{cohort}" have a prefix: say --centre, one of {", ".join(declared.centres)}'
        )
    form = declared.id_form.at(centre)
    key = own_key(open_store(store))
    typed = typer.prompt("Patient id", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    patient = normalise_id(typed, form)
    if not patient:
        raise RadweaveError(f'the patient id is empty, or the id_form of the cohort "{cohort}" does not fit it')
    typer.echo(f"{cohort}:{stand_in(key, cohort, patient)}")


COMMANDS = (history, diff, withdraw, restore, restart_audit, verify, gc, pseudonym)
