"""score: the command that asks a saved model about a cohort."""

from typing import Annotated

import typer

from flows.commands.options import CATALOG, STORE, CatalogOption, StoreOption


def score(
    model: Annotated[str, typer.Argument(help="STUDY, STUDY/DIGEST, or the folder of a model.")],
    cohort: Annotated[str, typer.Argument(help="Cohort of the catalog, refreshed.")],
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
) -> None:
    """Predict a cohort by a saved model, and evaluate it where outcomes are known. See radweave study --final."""
    from flows.score import score as flow
    from flows.screen import Screen
    from flows.serving.engine import run_flow

    with Screen() as screen:
        screen.show_score(run_flow(flow, model, cohort, catalog=str(catalog), store=str(store)))
