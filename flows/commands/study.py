"""study: the command that fits, evaluates and reports; of a study by name or file, or of tables of features as they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

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

_PANEL = "A study of a table (--table)"


def _option(*names: str, text: str, metavar: str | None = "COLUMN") -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(*names, help=text, metavar=metavar, rich_help_panel=_PANEL)
    return found


def _is_given(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse(why: str, options: Mapping[str, bool]) -> None:
    """Raises RadweaveError for the first option that is given."""
    for name, is_given in options.items():
        if is_given:
            raise RadweaveError(f"{name} {why}")


def study(
    context: typer.Context,
    studies: Annotated[list[str] | None, typer.Argument(help="Studies, by name or YAML file.")] = None,
    table: Annotated[
        list[Path] | None,
        _option(
            text="A table of features, one row per patient; may be repeated: they are joined by --id.", metavar="FILE"
        ),
    ] = None,
    patient: Annotated[
        list[str] | None,
        _option("--id", text="Column of the patient ids; '#' if there is none. Given again, that of the next table."),
    ] = None,
    sheet: Annotated[
        str, _option(text="Sheet of a workbook, or table of an HDF5 file, where there are several.", metavar="NAME")
    ] = "",
    target: Annotated[
        list[str] | None,
        _option(text="Column of what is predicted: two values, classes, grades or a number. Given again: labels."),
    ] = None,
    time: Annotated[str, _option(text="Column of the time to the event, or to the last contact.")] = "",
    event: Annotated[str, _option(text="Column that says whether the event was seen.")] = "",
    cause: Annotated[str, _option(text="Column of the cause of the event, where there are several.")] = "",
    time_unit: Annotated[
        Literal["days", "weeks", "months", "years"] | None,
        _option(text="Unit of --time, where the column's name does not tell it.", metavar=None),
    ] = None,
    kind: Annotated[
        Literal["binary", "multiclass", "ordinal", "continuous"] | None,
        _option(text="Kind of --target, where its values do not tell it.", metavar=None),
    ] = None,
    positive: Annotated[
        str, _option(text="Value of --target or --event that means yes; 1, yes and true do.", metavar="VALUE")
    ] = "",
    levels: Annotated[str, _option(text="Values of an ordinal --target, from low to high.", metavar="A,B,C")] = "",
    censored: Annotated[str, _option(text="Value of --cause that means that no event was seen.", metavar="VALUE")] = "",
    of_interest: Annotated[str, _option(text="Value of --cause that is predicted.", metavar="VALUE")] = "",
    centre: Annotated[str, _option(text="Column of the centre; each is predicted by the others, too.")] = "",
    split: Annotated[
        str, _option(text="Column of a given split: models train on one value; the other is held out.")
    ] = "",
    test: Annotated[str, _option(text="Value of --split that is held out; test does.", metavar="VALUE")] = "",
    clinical: Annotated[
        str, _option(text="Clinical columns; what they predict alone is beside every score.", metavar="A,B,C")
    ] = "",
    exclude: Annotated[
        list[str] | None, _option(text="Columns that are left out; may be repeated.", metavar="PATTERN")
    ] = None,
    leak_checked: Annotated[
        str, _option(text="Columns that look like outcomes, and are known at the prediction.", metavar="A,B,C")
    ] = "",
    external: Annotated[
        list[Path] | None,
        _option(
            text="A table of another cohort with the same columns, which models only predict; may be repeated.",
            metavar="FILE",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        _option(
            text="Where the catalog and the study go; else a folder named for the table, or literature.",
            metavar="FOLDER",
        ),
    ] = None,
    final: Annotated[
        bool, typer.Option("--final", help="Fit the best combination on all training rows, and save it as a model.")
    ] = False,
    blocks: Annotated[
        str,
        typer.Option(help="With --final, the set of blocks; without it, the study's own rule chooses.", metavar="NAME"),
    ] = "",
    model: Annotated[str, typer.Option(help="With --final, the model, by its name in the study.", metavar="NAME")] = "",
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Seed in the place of the study's own; of the literature also of the cohort."),
    ] = None,
    null: Annotated[
        bool, typer.Option("--null", help="Of a study of the literature: on a cohort in which nothing is planted.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Of a study of the literature: at the published size.")] = False,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "",
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Fuse, fit, evaluate and report. What did not change since the last time is not fitted again.

    A study of the literature (radweave studies lists them) makes its cohort, refreshes it and is run, from an empty folder:
    radweave study hao2018 --seed 1

    With --table no catalog is needed: radweave writes one, and a study, and runs it. For example:
    radweave study --table features.csv --id PatientID --target response
    """
    chosen = choose_runner(runner, workers, scheduler, memory, timeout)
    columns = {
        "ids": tuple(patient or ()),
        "sheet": sheet,
        "targets": tuple(target or ()),
        "time": time,
        "event": event,
        "cause": cause,
        "time_unit": time_unit,
        "kind": kind,
        "positive": positive,
        "levels": levels,
        "censored": censored,
        "of_interest": of_interest,
        "centre": centre,
        "split": split,
        "test": test,
        "clinical": clinical,
        "exclude": tuple(exclude or ()),
        "leak_checked": leak_checked,
        "external": tuple(external or ()),
    }
    if (blocks or model) and not final:
        raise RadweaveError("--blocks and --model name what --final saves; found no --final")
    if final and table:
        raise RadweaveError("--final goes with a study; run the one that --table drafted by its file, with --final")
    if table:
        if studies:
            raise RadweaveError(f"name studies ({', '.join(studies)}) or tables (--table), not both")
        if _is_given(context, "catalog"):
            raise RadweaveError("--catalog: with --table a catalog is drafted; --folder says where")
        _refuse("goes with a study of the literature (radweave studies)", {"--null": null, "--full": full})
        _refuse("goes with a study; run the one that --table drafted by its file", {"--seed": seed is not None})
        from flows.commands.study_table import asked_of, study_table

        study_table(asked_of(table, **columns), folder, store, chosen)
        return
    if given := [name for name, value in columns.items() if value]:
        option = {"ids": "id", "targets": "target"}.get(given[0], given[0].replace("_", "-"))
        raise RadweaveError(f"--{option} goes with --table FILE, which is not given")
    if not studies:
        raise RadweaveError(
            "name a study, or a table of features: radweave study --table FILE --id COLUMN --target COLUMN"
        )
    from flows.named import find_study, is_literature

    files = [find_study(one) for one in studies]
    reviewed = [path for path in files if is_literature(path)]
    if reviewed and len(reviewed) < len(files):
        raise RadweaveError("studies of the literature have cohorts of their own: run them by themselves")
    if reviewed and final:
        raise RadweaveError(
            "--final goes with a study of your own: those of the literature make their cohorts themselves"
        )
    if reviewed:
        own = {f"--{name}": _is_given(context, name) for name in ("catalog", "store")}
        _refuse("goes with a study of your own: those of the literature write into --folder", own)
        from flows.commands.studies import run_reviewed

        run_reviewed(reviewed, seed or 0, folder, chosen, null=null, full=full)
        return
    if final:
        from flows.final import check_final

        for name in studies:
            check_final(name, blocks, model, catalog)
    if final and seed is not None:
        raise RadweaveError("--final goes with the seed of the study: write it into its file")
    _refuse("goes with a study of the literature (radweave studies)", {"--null": null, "--full": full})
    _refuse("goes with a study of the literature (radweave studies), or a --table", {"--folder": folder is not None})
    from flows.screen import Screen
    from flows.serving.engine import run_flow
    from flows.study import study as flow

    with Screen() as screen:
        folders = [
            run_flow(flow, name, seed=seed, runner=chosen, catalog=str(catalog), store=str(store)) for name in studies
        ]
        screen.show_studies(folders)
        if final:
            from flows.final import final as fit

            models = [
                run_flow(fit, name, blocks, model, runner=chosen, catalog=str(catalog), store=str(store))
                for name in studies
            ]
            screen.show_models(models)
