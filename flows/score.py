"""score: what a saved model says of a cohort, and how well that is where outcomes are known."""

from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run

from flows.scoring import score_cohort
from flows.serving.artifacts import Board
from flows.serving.engine import name_run, run_body, run_step, say
from flows.serving.parameters import Choice, checked, titled
from tasks.running.pool import DEFAULT_RUNNER, AnyRunner
from tasks.running.runner import Runner
from tasks.score import score_cohort as step


def _name() -> str:
    return f"score {flow_run.parameters['cohort']}"


@flow(name="score", flow_run_name=_name, persist_result=False, validate_parameters=False)
@checked
def score(
    model: Annotated[str, titled("Model")],
    cohort: Annotated[str, titled("Cohort")],
    runner: Annotated[AnyRunner, Choice(), titled("Runner")] = DEFAULT_RUNNER,
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> Path:
    """Predict all cases of a cohort by a saved model, and evaluate it where outcomes are known; returns the folder of the results.

    Args:
        model: STUDY, or STUDY/DIGEST where it has several, or the path of a model's folder
        cohort: a refreshed cohort of the catalog
        runner: where more than 2,000 cases are predicted; fewer are predicted by the run itself
        catalog: path of the data catalog
        store: folder of the results
    """
    return run_body(lambda board: _watched(board, model, cohort, Path(catalog), store, runner))


def _watched(board: Board, model: str, cohort: str, catalog: Path, place: str, runner: Runner) -> Path:
    """The scores with what is shown of them."""
    folder = score_cohort(model, cohort, catalog, place, runner, step=lambda *given: run_step(step, *given), say=say)
    board.scored(cohort, folder, place)
    name_run(f"score {cohort} → {folder.name}")
    return folder
