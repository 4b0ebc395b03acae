"""seal: the command that packs a saved model for another house."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import STORE, StoreOption


def seal(
    model: Annotated[str, typer.Argument(help="STUDY, STUDY/DIGEST, or the folder of a model.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "--out", "-o", help="The package, .radweave; without it, named for study and model."),
    ] = None,
    with_cases: Annotated[
        bool,
        typer.Option("--with-cases", help="Also a model that holds values or outcomes of single training cases."),
    ] = False,
    store: StoreOption = STORE,
) -> None:
    """Pack a saved model in one file, with which another house scores a cohort of its own and sends back scores only."""
    from flows.screen import Screen
    from flows.seal import seal_model

    with Screen() as screen:
        path, sha256 = seal_model(model, store, output, with_cases=with_cases)
        screen.show(
            [
                f"Sealed: {path}",
                f"sha-256: {sha256}",
                f"There: radweave score {path.name} COHORT --catalog data_catalog.yaml --output scores",
            ]
        )
