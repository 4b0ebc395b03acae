"""explain: where in their images the scores of cases come from, of a saved model that reads networks."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.core.errors import RadweaveError
from features.core.wording import counted
from flows.commands.options import CATALOG, STORE, CatalogOption, StoreOption, open_store

if TYPE_CHECKING:
    import pyarrow as pa

    from features.core.design import Design
    from features.results.work import Extraction
    from flows.scoring import Asked
    from tasks.explaining.explain_cases import MapRow, Wish
    from tasks.explaining.held_out import HeldOut
    from tasks.explaining.training_cases import Neighbour, TrainingCases

PAGE, MAPS, NEIGHBOURS = "report.html", "maps.csv", "neighbours.csv"


def explain(
    model: Annotated[str, typer.Argument(help="STUDY, STUDY/DIGEST, or the folder of a model; see study --final.")],
    cohort: Annotated[str, typer.Argument(help="Cohort of the catalog, refreshed.")],
    output: Annotated[
        Path, typer.Option("--output", "--out", "-o", help="Folder for the page, maps and tables; outside the store.")
    ],
    case: Annotated[
        list[str] | None, typer.Option(help="A case, cohort:patient:timepoint; may be repeated. Without it, --most.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Kind of map, see radweave list attributions; may be repeated. Without it, grad_cam."),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Without --case: so many cases, evenly along their scores.")] = 8,
    of: Annotated[str, typer.Option(help="Class, rank or label that is explained; else the likeliest.")] = "",
    random: Annotated[
        int, typer.Option(min=0, max=20, help="Networks with random weights that are explained beside.")
    ] = 1,
    neighbours: Annotated[int, typer.Option(min=0, max=50, help="Nearest training cases that are named.")] = 5,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out",
            help="Cases of the study itself, each by its fold's model that has not seen her, fitted again.",
        ),
    ] = False,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
) -> None:
    """Show where in its images the score of a case comes from: overlays, NIfTI in the patient's place, nearest training cases.

    For saved models that read features of networks. Maps say where, never why: each stands beside those of networks with random
    weights and a prior of the middle.
    """
    open_store(store, there=True)
    if output.resolve().is_relative_to(Path(store).resolve()):
        raise RadweaveError(
            f"--output {output}: pictures of patients must not lie in the store, which withdrawals clean"
        )
    from flows.screen import Screen
    from tasks.explaining.explain_cases import Wish
    from tasks.explaining.explained_map import parse_kinds

    wish = Wish(
        by=tuple(parse_kinds(by or ["grad_cam"])),
        cases=tuple(case or ()),
        most=most,
        of=of,
        randoms=random,
        neighbours=neighbours,
    )
    with Screen():
        told = _explained(model, cohort, catalog, store, wish, output, held_out=held_out)
    typer.echo(told)


def _explained(
    model: str, cohort: str, catalog: Path, store: str, wish: "Wish", output: Path, *, held_out: bool
) -> str:
    """What was written, in words."""
    from features.core.storage.place import write_bytes
    from flows.commands.spreadsheet import csv_bytes
    from flows.scoring import ask
    from tasks.explaining.explain_cases import EXPLAINED, MapRow, explain_cases, works_of
    from tasks.explaining.explain_page import explain_page
    from tasks.explaining.training_cases import Neighbour
    from tasks.scoring.cohort_rows import read_cohort

    asked = ask(model, cohort, catalog, store)
    final = asked.loaded.final
    name = f"{final.study}/{asked.folder.name}"
    _check_networks(asked, name)
    folds = None
    if held_out:
        design, folds = _held_out(asked, catalog)
    else:
        design = read_cohort(asked.mart, catalog, asked.question, cohort, asked.loaded).design
    works = works_of(_extractions(asked, catalog), final)
    training, remark = _training(asked, catalog) if wish.neighbours and not held_out else (None, "")
    told = explain_cases(final, design, works, training, wish, output, folds)
    remarks = [remark] if remark else []
    if held_out:
        remarks.append(
            "Each case is explained by the model of a fold of the study that has not seen her; training cases are the fold's."
        )
    elif cohort in final.seen_cohorts:
        remarks.append(
            f"{cohort} trained this model: it has seen these cases, so maps of new cases may look different."
        )
    write_bytes(output / PAGE, explain_page(name, cohort, told, remarks).encode())
    write_bytes(output / MAPS, csv_bytes(_table(MapRow, told.rows)))
    write_bytes(output / NEIGHBOURS, csv_bytes(_table(Neighbour, told.neighbours)))
    done = sum(row.state == EXPLAINED for row in told.rows)
    cases = len({row.case for row in told.rows})
    lacking = [f"{row.case}: {row.state}" for row in told.rows if row.state != EXPLAINED]
    for line in lacking:
        typer.echo(line, err=True)
    return f"{counted(done, 'map')} of {counted(cases, 'case')}, {len(lacking)} lacking: {output / PAGE}"


def _check_networks(asked: "Asked", name: str) -> None:
    """Raises RadweaveError if a model reads nothing of a network."""
    blocks = sorted({column["block"] for column in asked.loaded.schema["columns"]})
    if asked.loaded.final.of_images:
        from tasks.explaining.image_model import fitted_network

        fitted_network(asked.loaded.final)
    elif "deep" not in blocks:
        raise RadweaveError(
            f"{name} reads no network, so no map can show where its scores come from; it reads {', '.join(blocks)}. "
            "Its weights and their importance stand on the page of its study"
        )


def _extractions(asked: "Asked", catalog: Path) -> "list[Extraction]":
    """What the newest refresh measured of the cohort by the recipes of the model."""
    from features.core.progress import tell
    from features.images.index.file_cache import FileCache
    from features.images.index.index_cohort import index_cohort
    from features.results.work import plan_scans
    from flows.commands.keys import store_key

    key = store_key(asked.store, catalog)
    cache = FileCache.load(asked.store.files(asked.cohort), key)
    index = index_cohort(asked.declared, asked.cohort, key, progress=tell, cache=cache, withdrawn=asked.withdrawn)
    return [work for plan in plan_scans(index.scans, asked.recipes) for work in plan.features]


def _held_out(asked: "Asked", catalog: Path) -> "tuple[Design, HeldOut]":
    """The rows of the cohort that folds of the model's study hold out, and their models."""
    import numpy as np

    from features.core.catalog.catalog import load_catalog
    from features.fusion.fuse import fuse
    from tasks.explaining.held_out import HeldOut
    from tasks.modelling.evaluation.asked import question_of

    plan = asked.plan
    if asked.cohort not in plan.cohorts:
        raise RadweaveError(
            f"--held-out: {asked.cohort} trains no model of {plan.name}, which is fitted on {', '.join(plan.cohorts)}: leave it "
            "out, for the saved model has not seen these cases anyway"
        )
    design = fuse(asked.mart, load_catalog(catalog), question_of(plan, asked.recipes))
    folds = HeldOut(asked.loaded.final, design, plan)
    cases = set(folds.cases)
    shown = [row for row, case in enumerate(design.X.index) if str(case) in cases and design.scored[row]]
    own = np.array([row for row in shown if design.cohorts[row] == asked.cohort], np.intp)
    return design.take(own).of_set(plan.blocks.get(asked.loaded.final.blocks, ())), folds


def _training(asked: "Asked", catalog: Path) -> "tuple[TrainingCases | None, str]":
    """The cases that trained the model, or why they are not here."""
    from dataclasses import replace

    from features.core.catalog.catalog import load_catalog
    from features.fusion.fuse import fuse
    from tasks.explaining.training_cases import TrainingCases
    from tasks.modelling.evaluation.asked import question_of

    missing = [cohort for cohort in asked.plan.cohorts if cohort not in asked.mart.manifest.cohorts]
    if missing:
        return None, f"Nearest training cases are not named: {', '.join(missing)} is not in this store."
    question = replace(question_of(asked.plan, asked.recipes), external=(), stable=None)
    try:
        design = fuse(asked.mart, load_catalog(catalog), question)
        return TrainingCases(design.of_set(asked.plan.blocks.get(asked.loaded.final.blocks, ()))), ""
    except RadweaveError as error:
        return None, f"Nearest training cases are not named: {str(error).splitlines()[0]}."


def _table(kind: "type[MapRow | Neighbour]", rows: "Sequence[MapRow | Neighbour]") -> "pa.Table":
    """Rows as a table, whose columns are the fields of their class."""
    import pyarrow as pa

    kinds = {"str": pa.string(), "float": pa.float64(), "float | None": pa.float64(), "int": pa.int64()}
    schema = pa.schema([(one.name, kinds[str(one.type)]) for one in fields(kind)])
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=schema)
