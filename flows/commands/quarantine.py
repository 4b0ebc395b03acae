"""quarantine: what could not be used or is doubtful, what that means, what to do, and how to have it tried again."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from features.core.errors import RadweaveError, did_you_mean, hint_sentence
from features.core.wording import counted as numbered
from features.results.scan_name import scan_name
from flows.commands.options import STORE, StoreOption, open_store, store_option

if TYPE_CHECKING:
    from features.core.storage.store import Store

COLUMNS = tuple(
    "run case centre image roi modality stage code severity message details files bytes digests retryable".split()  # noqa: SIM905
)
SUMMARY = ("cohort", "severity", "stage", "code", "rows", "centres", "images", "means", "what to do")
CASES_SHOWN = ("case", "scan", "severity", "code", "message")  # what fits on a screen
SUMMARY_SHOWN = ("cohort", "severity", "code", "rows", "centres")


def quarantine(
    cohort: Annotated[str, typer.Argument(help="Only this cohort.")] = "",
    cases: Annotated[bool, typer.Option("--cases", help="A row per case instead of one per code.")] = False,
    code: Annotated[str, typer.Option(help="Only this code, such as MASK_EMPTY.")] = "",
    centre: Annotated[str, typer.Option(help="Only this centre.")] = "",
    image: Annotated[str, typer.Option(help="Only this image, such as t1c.")] = "",
    stage: Annotated[
        Literal["index", "quality", "extract", "tables"] | None, typer.Option(help="Only this stage.")
    ] = None,
    severity: Annotated[
        Literal["error", "warning"] | None,
        typer.Option(help="Only what was not used, or only what was used with a doubt."),
    ] = None,
    release: Annotated[
        str,
        typer.Option(metavar="CASE|CODE", help="Forget the kept rejections of a case or a code: they are tried again."),
    ] = "",
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="table, csv or json.")] = "table",
    store: StoreOption = STORE,
) -> None:
    """List the quarantine and the warnings, with what each code means and what to do about it.

    The formats csv and json hold all columns, the table those that fit on a screen.
    """
    place = open_store(store, there=True)
    if release:
        _release(place, release, cohort)
        return
    rows = read_reasons(place, cohort)
    wanted = {"code": code, "centre": centre, "image": image, "stage": stage, "severity": severity}
    for name, value in wanted.items():
        known = sorted({row[name] for row in rows})
        if value and name in ("code", "centre", "image") and value not in known:
            found = [f"the rows have {', '.join(known) or 'none'}", did_you_mean(value, known)]
            raise RadweaveError(f'no row of the quarantine has the {name} "{value}"; {"; ".join(filter(None, found))}')
        rows = [row for row in rows if not value or row[name] == value]
    shown = rows if cases else explained(rows)
    if form == "json":
        typer.echo(json.dumps(shown, indent=1, ensure_ascii=False))
    elif form == "csv":
        import pyarrow as pa

        from flows.commands.spreadsheet import csv_bytes

        names = ("cohort", *COLUMNS) if cases else SUMMARY
        table = pa.table(
            {name: pa.array([row[name] for row in shown], None if shown else pa.string()) for name in names}
        )
        typer.echo(csv_bytes(table).decode(), nl=False)
    else:
        from flows.screen import Screen, table_of

        title = f"Quarantine and warnings of {cohort or 'all cohorts'}: {numbered(len(rows), 'row')}"
        names = CASES_SHOWN if cases else SUMMARY_SHOWN
        if cases and len({_cell(row, "scan") for row in shown} - {""}) < 2:
            names = tuple(name for name in names if name != "scan")  # all are of one image
        columns = {name: [_text(_cell(row, name)) for row in shown] for name in names}
        if not cases:
            columns["means; what to do"] = [f"{row['means']}; {row['what to do']}" for row in shown]
        with Screen() as screen:
            screen.show(table_of(title, columns) if shown else f"{title}")


def read_reasons(store: "Store", cohort: str = "") -> list[dict[str, Any]]:
    """Rows of the quarantine and warnings tables of the newest refresh, errors first; unknown facts are None.

    Raises RadweaveError if the store has no such cohort, StoreError if a table is damaged.
    """
    from features.results.manifest import Mart

    mart = Mart.open(store)
    if cohort and cohort not in mart.manifest.cohorts:
        hint = hint_sentence(cohort, mart.manifest.cohorts)
        known = ", ".join(mart.manifest.cohorts) or "none"
        raise RadweaveError(f'the store has no cohort "{cohort}"; it has {known}. {hint}'.strip())
    found: list[dict[str, Any]] = []
    for table, severity in (("quarantine", "error"), ("warnings", "warning")):
        for name in [cohort] if cohort else mart.manifest.cohorts:
            if mart.manifest.file(table, name) is not None:
                rows = mart.read(table, name).to_pylist()
                found += [{"cohort": name, **{c: row.get(c) for c in COLUMNS}, "severity": severity} for row in rows]
    return found


def explained(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per cohort, severity, stage and code: how many, where, of which images, what the code means and what to do."""
    from features.core.quarantine import REASONS

    keys = ("cohort", "severity", "stage", "code")
    counts = Counter(tuple(row[key] for key in keys) for row in rows)
    found = []
    for group, count in counts.items():
        own = [row for row in rows if tuple(row[key] for key in keys) == group]
        reason = REASONS.get(group[3])
        found.append(
            {
                **dict(zip(keys, group, strict=True)),
                "rows": count,
                "centres": ", ".join(sorted({row["centre"] for row in own if row["centre"]})),
                "images": ", ".join(sorted({row["image"] for row in own if row["image"]})),
                "means": reason.means.removeprefix("warning: ") if reason else "",
                "what to do": reason.remedy if reason else "",
            }
        )
    return found


def explain_tables(cohorts: Iterable[str], store: str, **words: str) -> Iterator[str]:
    """What the newest refresh rejected or found doubtful in tables, by code: a line for each cohort and severity that has any.

    words: severity → what it is called here.
    """
    from flows.screen import counted

    for cohort in cohorts:
        rows = [row for row in read_reasons(open_store(store), cohort) if row["stage"] == "tables"]
        for severity, word in words.items():
            if codes := Counter(row["code"] for row in rows if row["severity"] == severity):
                more = f"radweave quarantine {cohort}{store_option(store)} explains them"
                yield f"{cohort}: {word}: {counted(codes)}; {more}"


def _release(store: "Store", what: str, cohort: str) -> None:
    from features.results.release import release as forget
    from flows.screen import counted

    found = forget(store, what, cohort)
    if found.kept:
        count = sum(found.kept.values())
        kept = f"{'1 kept rejection was' if count == 1 else f'{count} kept rejections were'} forgotten"
        typer.echo(f"{what}: {kept} ({counted(found.kept)}); the next refresh tries again")
    if found.others:
        count = sum(found.others.values())
        rows = "1 row needs" if count == 1 else f"{count} rows need"
        typer.echo(f"{what}: {rows} no release ({counted(found.others)}): every refresh looks again")
    if not found.kept and not found.others:
        typer.echo(f"{what}: no row of the quarantine is of it; nothing was changed")


def _cell(row: dict[str, Any], name: str) -> object:
    return scan_name(row["image"], row["roi"]) if name == "scan" else row[name]


def _text(value: object) -> str:
    return "" if value is None else str(value)
