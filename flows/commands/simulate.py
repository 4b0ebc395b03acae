"""simulate: a made-up cohort of one of the kinds, with its own catalog and its truth beside it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from features.core.errors import RadweaveError


def simulate(
    folder: Annotated[Path, typer.Argument(help="An empty or new folder.")],
    kind: Annotated[str, typer.Option(help="What is simulated: a name of `radweave list simulators`.")] = "lung",
    patients_per_centre: Annotated[
        int | None, typer.Option(min=1, help="Patients of each centre; each kind has its usual number.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal bytes.")] = 0,
    null: Annotated[
        bool, typer.Option("--null", help="Plant nothing: the outcome depends on the site alone; of lung on nothing.")
    ] = False,
    centres: Annotated[
        int | None, typer.Option(min=1, max=26, help="Number of centres, lung alone; 3 unless given.")
    ] = None,
    faults: Annotated[
        bool, typer.Option("--faults", help="Add patients with a fault each; truth/faults.csv tells which. Lung alone.")
    ] = False,
    coin: Annotated[
        bool,
        typer.Option("--coin", help="Add an outcome that is a coin toss, and its endpoint. Lung alone."),
    ] = False,
) -> None:
    """Write a simulated multicentre cohort with its own catalog: lung CT, or another kind with many images and regions."""
    from features.core.progress import tell
    from features.simulate.simulator import SIMULATORS
    from features.simulate.simulator import simulate as write
    from flows.screen import Screen

    asked: dict[str, Any] = {
        "patients_per_centre": patients_per_centre,
        "null": null or None,
        "centres": centres,
        "faults": faults or None,
        "coin": coin or None,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    allowed = SIMULATORS.load(kind).model_fields
    for name in given:
        if name not in allowed:
            having = [one for one in SIMULATORS.modules if name in SIMULATORS.load(one).model_fields]
            flag = f"--{name.replace('_', '-')}"
            raise RadweaveError(f"simulate: kind {kind} has no {flag}; it belongs to {', '.join(having)}")
    with Screen():
        path = write(SIMULATORS.parse({"kind": kind, "seed": seed, **given}), folder, tell)
    typer.echo(f"The cohort is described in {path}")
