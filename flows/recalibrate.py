"""recalibrate: a saved model, recalibrated by the cases of a cohort, as a model of its own."""

from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run

from features.core.code_digest import sources_of
from features.core.digest import digest_json
from features.core.errors import StoreError
from features.results.models import is_model, read_model
from features.results.withdraw import writing_study
from flows.scoring import ask
from flows.serving.artifacts import Board
from flows.serving.engine import name_run, run_body, run_step, say
from flows.serving.parameters import checked, titled
from tasks.modelling.evaluation.recalibration import Way
from tasks.modelling.saved.saved_final import FORMAT
from tasks.recalibrate import recalibrate_model


def _name() -> str:
    return f"recalibrate {flow_run.parameters['model']}"


@flow(name="recalibrate", flow_run_name=_name, persist_result=False, validate_parameters=False)
@checked
def recalibrate(
    model: Annotated[str, titled("Model")],
    cohort: Annotated[str, titled("Cohort")],
    by: Annotated[Way, titled("What is changed")] = "intercept",
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> Path:
    """Recalibrate a saved model by the cases of a cohort and save it beside the first; returns the folder of the new model.

    Args:
        model: STUDY, or STUDY/DIGEST where it has several, or the path of a model's folder
        cohort: a refreshed cohort of the catalog that did not train it, whose outcomes are known
        by: the intercept; intercept and slope; or the weights, fitted anew
        catalog: path of the data catalog
        store: folder of the results
    """
    return run_body(lambda board: _watched(board, model, cohort, by, Path(catalog), store))


def _watched(board: Board, model: str, cohort: str, by: Way, catalog: Path, place: str) -> Path:
    """The model with what is shown of it."""
    folder = _recalibrate(model, cohort, by, catalog, place)
    board.saved(folder, place)
    name_run(f"recalibrate {folder.parent.name} → {folder.name}")
    return folder


def _recalibrate(given: str, cohort: str, by: Way, catalog: Path, place: str) -> Path:
    asked = ask(given, cohort, catalog, place)
    plan = asked.plan
    code = sources_of({"tasks.recalibrate"}).digest
    provenance = {**asked.moves, "by": by, "code of radweave": code}
    digest = digest_json({**provenance, "format": FORMAT})
    folder = asked.store.model(plan.name, digest)
    if is_model(folder):
        try:
            read_model(folder)
        except StoreError as error:
            say(f"{error}: it is recalibrated again now")
        else:
            return folder
    with writing_study(asked.store, (cohort,), asked.withdrawn):
        run_step(
            recalibrate_model,
            asked.mart,
            catalog,
            asked.question,
            cohort,
            asked.loaded,
            asked.folder,
            by,
            plan,
            asked.recipes,
            provenance,
            digest,
            folder,
        )
    return folder
