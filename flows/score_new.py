"""score_new: cases that have no score yet are scored by the models that their cohorts were asked about. Nothing is refreshed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from prefect import flow

from features.core.errors import RadweaveError
from features.core.storage.place import open_place
from features.core.storage.store import Store
from features.core.wording import counted
from features.results.models import find_model
from features.results.scored import score_folders
from flows.scoring import score_new as score_new_of
from flows.serving.artifacts import Board
from flows.serving.engine import name_run, run_body, run_step, say
from flows.serving.parameters import Choice, checked, titled
from tasks.running.pool import DEFAULT_RUNNER, AnyRunner
from tasks.running.runner import Runner
from tasks.score import score_new_cases


@flow(name="score-new", flow_run_name="score new cases", persist_result=False, validate_parameters=False)
@checked
def score_new(
    models: Annotated[list[str], titled("Models")] = [],  # noqa: B006 - Prefect shows it as the default of the form
    cohorts: Annotated[list[str], titled("Cohorts")] = [],  # noqa: B006
    runner: Annotated[AnyRunner, Choice(), titled("Runner")] = DEFAULT_RUNNER,
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> list[Path]:
    """Score the cases that have no score by a saved model yet, or whose values changed since. Scores that were given stay.

    Args:
        models: saved models, as score takes them; none means all that some cohort was asked about before
        cohorts: refreshed cohorts; none means those that a model was asked about before. With both, each model is asked about each
            cohort, also for the first time
        runner: where more than 2,000 cases are predicted; fewer are predicted by the run itself
        catalog: path of the data catalog
        store: folder of the results
    """
    return run_body(lambda board: _watched(board, models, cohorts, Path(catalog), store, runner))


def _watched(
    board: Board, models: Sequence[str], cohorts: Sequence[str], catalog: Path, place: str, runner: Runner
) -> list[Path]:
    """New scores with what is shown of them. A pair that is refused leaves the others be, and ends the run as Failed after them."""
    pairs = pairs_of(Store(open_place(place)), models, cohorts)
    found: list[Path] = []
    faults: list[RadweaveError] = []
    for model, cohort in pairs:
        try:
            folder = score_new_of(
                model, cohort, catalog, place, runner, step=lambda *given: run_step(score_new_cases, *given)
            )
        except RadweaveError as error:
            say(f"{model} on {cohort}: {error}")
            faults.append(error)
            continue
        if folder is not None:
            board.scored(cohort, folder, place)
            found.append(folder)
    if faults:
        raise faults[0]
    if not pairs:
        say("no cohort was asked about by a saved model yet: run radweave score MODEL COHORT, or name both")
    name_run(f"score new cases → {counted(len(found), 'folder')}")
    return found


def pairs_of(store: Store, models: Sequence[str], cohorts: Sequence[str]) -> list[tuple[str, str]]:
    """Model and cohort: all of both where both are named; else those that were asked before, of what is named.

    Raises RadweaveError for a model that is named and not there. A model that is gone is asked no more.
    """
    named = {str(find_model(store, one)): one for one in models}
    if named and cohorts:
        return [(path, cohort) for path in named for cohort in cohorts]
    asked = {(facts["model"], facts["cohort"]): None for _, facts in score_folders(store)}
    found = []
    for model, cohort in asked:
        try:
            path = str(find_model(store, model))
        except RadweaveError:
            continue
        if (not named or path in named) and (not cohorts or cohort in cohorts):
            found.append((path, cohort))
    return found
