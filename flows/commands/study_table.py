"""study --table: tables of features and the names of their columns, as a catalog, a study and its report."""

from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from flows.commands.options import store_option

if TYPE_CHECKING:
    from tasks.drafting.table_study.asked import Asked
    from tasks.drafting.table_study.plan import TableStudy
    from tasks.running.pool import AnyRunner

CATALOG_NAME, STUDY_NAME = "data_catalog.yaml", "study.yaml"
_LISTS = ("levels", "clinical", "leak_checked")  # several, with commas between


def asked_of(tables: list[Path], **options: Any) -> "Asked":
    """What the options say. Raises RadweaveError where two of them contradict each other."""
    from tasks.drafting.table_study.asked import Asked

    given = {name: value for name, value in options.items() if value}
    lists = {name: tuple(filter(None, map(str.strip, given[name].split(",")))) for name in _LISTS if name in given}
    return Asked(tuple(tables), **given | lists)


def study_table(asked: "Asked", folder: Path | None, store: str, runner: "AnyRunner") -> None:
    """Draft the two files, say what they hold, refresh the cohort, run the study, and say how to go on."""
    folder = folder or Path(asked.tables[0].name.split(".")[0])
    draft = write_files(asked, folder)
    from flows.commands.quarantine import explain_tables
    from flows.refresh import refresh
    from flows.screen import Screen
    from flows.serving.engine import run_flow
    from flows.study import study

    catalog, file = str(folder / CATALOG_NAME), str(folder / STUDY_NAME)
    with Screen() as screen:
        screen.show([*draft.said, f"Written: {catalog}, {file}"])
        try:
            run_flow(refresh, list(draft.cohorts), studies=[file], runner=runner, catalog=catalog, store=store)
            screen.show(list(explain_tables(draft.cohorts, store, error="rejected", warning="warnings")))
            screen.show_studies([run_flow(study, file, runner=runner, catalog=catalog, store=store)])
        finally:  # also after a fault: the files may be what mends it
            screen.show(list(next_lines(catalog, file, store)))


def write_files(asked: "Asked", folder: Path) -> "TableStudy":
    """The catalog and the study, written into the folder. Raises RadweaveError if a person has changed one that is there."""
    from flows.named import read_study, study_files
    from tasks.drafting.names import cohort_name
    from tasks.drafting.table_study.own_file import check_own, write_own
    from tasks.drafting.table_study.plan import draft_table_study
    from tasks.drafting.table_study.seen import see_table

    catalog, file = folder / CATALOG_NAME, folder / STUDY_NAME
    instead = f"go on with it ({_study_line(str(catalog), str(file))}), or give another --folder"
    check_own(catalog, instead)
    check_own(file, instead)
    tables, others = ([see_table(path, asked) for path in paths] for paths in (asked.tables, asked.external))
    taken = {name for path in study_files().values() for name in read_study(path)[0].cohorts}
    names = []
    for place in (folder, *(Path(path.name.split(".")[0]) for path in asked.external)):
        names.append(cohort_name("", place, taken))
        taken.add(names[-1])
    draft = draft_table_study(asked, tables, names[0], folder, dict(zip(names[1:], others, strict=True)))
    write_own(catalog, draft.catalog)
    write_own(file, draft.study)
    return draft


def next_lines(catalog: str, file: str, store: str) -> Iterator[str]:
    """What to run after a change of the two files."""
    place = store_option(store)
    yield "To go on, change these two files, and then:"
    yield f"  radweave refresh --catalog {quote(catalog)}{place}"
    yield f"  {_study_line(catalog, file)}{place}"


def _study_line(catalog: str, file: str) -> str:
    return f"radweave study {quote(file)} --catalog {quote(catalog)}"
