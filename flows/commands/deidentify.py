"""deidentify: a folder of images without what could identify patients, as a new folder."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.core.errors import ExitCode, RadweaveError, hint_sentence
from features.core.quarantine import REASONS, Rejected
from features.core.wording import counted

if TYPE_CHECKING:
    from features.privacy.folder import Job, Plan


def deidentify(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The folder with the images; nothing in it changes.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A new or empty folder.")],
    cohort: Annotated[str, typer.Option(help="Cohort whose pseudonyms the patients get.")],
    catalog: Annotated[
        Path | None, typer.Option(help="Catalog with the cohort: its folders, templates, ROI patterns, time points.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Do not keep: patient, dates, descriptors or private; may be repeated."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write what was refused here, as CSV; it names no patient.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Files side by side; 0: one per core.")] = 0,
) -> None:
    """Write copies of DICOM, NIfTI, NRRD and MetaImage files without names, ids, UIDs and dates (DICOM PS3.15).

    Exits with 3 if an image was refused, or every file.
    """
    from features.core.catalog.catalog import load_catalog
    from features.core.pseudonym import load_key
    from features.privacy.folder import plan_folder
    from features.privacy.profile import OPTIONS
    from flows.screen import Screen, table_of
    from tasks.running.pool import Pool
    from tasks.running.runners.processes import Processes

    unknown = [word for word in without or [] if word not in OPTIONS]
    if unknown:
        hint = hint_sentence(unknown[0], OPTIONS)
        raise RadweaveError(f"--without {unknown[0]}: unknown; allowed: {', '.join(OPTIONS)}. {hint}".strip())
    options = frozenset(option for option in OPTIONS if option not in (without or ()))
    declared = load_catalog(catalog).cohort(cohort) if catalog else None
    plan = plan_folder(source, target, cohort, load_key(), options, declared)
    for place in (source, target):
        if report is not None and report.resolve().is_relative_to(place.resolve()):
            raise RadweaveError(f"{report}: lies in {place}; choose another place")
    with Screen() as screen:
        with Pool(Processes(workers=jobs)) as pool:
            found = pool.map(partial(_deidentify, plan=plan, target=target), plan.jobs, "deidentify")
        refused = [(job, one) for job, one in zip(plan.jobs, found, strict=True) if one is not None]
        codes = Counter(one.code for _, one in refused)
        if plan.unreadable:
            codes["UNREADABLE"] += plan.unreadable
        written, total = len(plan.jobs) - len(refused), len(plan.jobs) + plan.unreadable
        there = sum(path.is_file() for path in target.rglob("*"))
        if there != written or written + codes.total() != total:
            raise AssertionError(f"{total} files in, {there} files out, {codes.total()} refused")
        if codes:
            columns = {
                "code": list(codes),
                "files": [str(count) for count in codes.values()],
                "means": [REASONS[code].means for code in codes],
                "remedy": [REASONS[code].remedy for code in codes],
            }
            screen.show(table_of("Refused", columns))
        screen.show(f"{counted(total, 'file')} in = {written} written + {codes.total()} refused")
    if report is not None:
        _write_report(report, refused)
    if codes.total() > codes["NOT_IMAGE"] or (total and not written):
        raise typer.Exit(ExitCode.DATA)


def _deidentify(job: "Job", plan: "Plan", target: Path) -> Rejected | None:
    from features.privacy.folder import deidentify_file
    from features.results.attempt import attempt

    return attempt(lambda: deidentify_file(job, plan, target))


def _write_report(report: Path, refused: "list[tuple[Job, Rejected]]") -> None:
    """A row for each refused file, which its owner finds again by the first 12 digits of its sha-256."""
    import pyarrow as pa

    from features.core.digest import digest_file
    from features.core.storage.place import write_bytes
    from flows.commands.spreadsheet import csv_bytes

    rows = []
    for job, why in refused:
        try:
            digest = digest_file(job.source)[:12]
        except OSError:
            digest = ""
        rows.append({"sha256": digest, "code": why.code, "message": why.message, "remedy": REASONS[why.code].remedy})
    names = ("sha256", "code", "message", "remedy")
    write_bytes(report, csv_bytes(pa.table({name: [row[name] for row in rows] for name in names})))
