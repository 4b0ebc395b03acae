"""recalibrate: the command that makes a saved model right on average for a new centre."""

from typing import Annotated, Literal

import typer

from flows.commands.options import CATALOG, STORE, CatalogOption, StoreOption


def recalibrate(
    model: Annotated[str, typer.Argument(help="STUDY, STUDY/DIGEST, or the folder of a model.")],
    cohort: Annotated[str, typer.Argument(help="Cohort of the catalog, refreshed, that did not train the model.")],
    by: Annotated[
        Literal["intercept", "slope", "refit"],
        typer.Option(help="What is changed: the intercept; intercept and slope; or the weights, fitted anew."),
    ],
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
) -> None:
    """Recalibrate a saved model by the cases of a new centre, and save it as a model of its own, with scores before and after."""
    from flows.recalibrate import recalibrate as flow
    from flows.screen import Screen
    from flows.serving.engine import run_flow

    with Screen() as screen:
        screen.show_models([run_flow(flow, model, cohort, by=by, catalog=str(catalog), store=str(store))])
