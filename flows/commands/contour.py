"""contour: the command that trains a network to draw a ROI."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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

if TYPE_CHECKING:
    from features.deep.contouring.settings import Contouring


def contour(
    cohort: Annotated[
        str, typer.Argument(help="Cohort of the catalog, whose contoured cases the network learns from.")
    ],
    out: Annotated[
        Path,
        typer.Option("--output", "--out", help="Folder for the network, the table of cases and the page of pictures."),
    ],
    image: Annotated[str, typer.Option(help="Word of the image; without it, the only one that has the ROI.")] = "",
    roi: Annotated[str, typer.Option(help="Word of the ROI.")] = "roi",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the network, as epochs=100; may be repeated. See docs/masks.md."),
    ] = None,
    folds: Annotated[
        int, typer.Option(min=2, help="Parts of the patients: each is drawn by a network that has not seen it.")
    ] = 5,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
    runner: RunnerOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = "",
    memory: MemoryOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Train a 3D U-Net on a cohort's contours and tell how well it draws; the network is then a mask source of the catalog.

    A run that was killed goes on after its last epoch.
    """
    chosen = choose_runner(runner, workers, scheduler, memory, timeout)
    from flows.contour import contour as flow
    from flows.screen import Screen
    from flows.serving.engine import run_flow

    given = read_settings(settings or [])
    with Screen() as screen:
        places = {"catalog": str(catalog), "store": str(store)}
        found = run_flow(flow, cohort, str(out), image, roi, given, folds, runner=chosen, **places)
        lines = [*found.sentences(), f"{out}/contours.html shows the worst cases; in the catalog the network is"]
        place = os.path.relpath(out / "network.safetensors", catalog.parent)
        lines.append(f"mask: {{format: contour_network, network: {place}, sha256: {found.sha256}}}")
        screen.show("\n".join(lines))


def read_settings(given: list[str]) -> "Contouring":
    """The settings of `--set`, checked. Raises ConfigError with each fault and what is allowed."""
    from pydantic import ValidationError

    from features.core.errors import ConfigError, Fault, did_you_mean
    from features.deep.contouring.settings import Contouring

    known = list(Contouring.model_fields)
    found: dict[str, object] = {}
    faults: list[Fault] = []
    for one in given:
        name, _, value = one.partition("=")
        if name not in known or not value:
            what = "is no setting of contour" if name not in known else "has no value"
            faults.append(Fault(f"--set {one}", what, "", ", ".join(known), did_you_mean(name, known)))
        else:
            found[name] = value.split(",") if name == "window" else value
    if not faults:
        try:
            return Contouring.model_validate(found)
        except ValidationError as error:
            places = [(".".join(map(str, one["loc"])) or "window", one["msg"]) for one in error.errors()]
            faults = [Fault(f"--set {place}", message) for place, message in places]
    raise ConfigError(faults)
