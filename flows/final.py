"""final: the chosen combination of a study, fitted on all of its training rows, as a folder that leaves the house."""

from functools import partial
from pathlib import Path
from shlex import quote
from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run

from features.core.catalog.catalog import Catalog
from features.core.code_digest import sources_of
from features.core.digest import digest_json
from features.core.errors import RadweaveError, StoreError
from features.core.kinds.recipe import Recipe
from features.core.storage.place import open_place
from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.results.manifest import Mart
from features.results.models import is_model, read_model
from features.results.withdraw import withdrawn_cases, writing_study
from flows.commands.options import place_options
from flows.configuration import check_configuration
from flows.named import find_study, read_study
from flows.provenance import study_provenance
from flows.serving.artifacts import Board
from flows.serving.engine import name_run, run_body, run_step, say
from flows.serving.parameters import Choice as Choosing
from flows.serving.parameters import checked, titled
from flows.study import fit_study
from tasks.final import fit_final_model
from tasks.modelling.evaluation.asked import question_of
from tasks.modelling.evaluation.choice import Choice, check_named, named_choice
from tasks.modelling.evaluation.comparison import BASELINES
from tasks.modelling.evaluation.result import Score
from tasks.modelling.evaluation.study import Study
from tasks.modelling.saved.saved_final import FORMAT, check_keepable
from tasks.reports.labels import metric_word
from tasks.reports.plain_labels import split_label
from tasks.reports.winner import winner_of
from tasks.running.pool import DEFAULT_RUNNER, AnyRunner, Pool
from tasks.running.runner import Runner


def _name() -> str:
    return f"final {Path(str(flow_run.parameters['study'])).stem}"


@flow(name="final", flow_run_name=_name, persist_result=False, validate_parameters=False)
@checked
def final(
    study: Annotated[str, titled("Study")],
    blocks: Annotated[str, titled("Set of blocks")] = "",
    model: Annotated[str, titled("Model")] = "",
    runner: Annotated[AnyRunner, Choosing(), titled("Runner")] = DEFAULT_RUNNER,
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> Path:
    """Fit one combination of a study on all of its training rows and save it; returns the folder of the model.

    Args:
        study: name of a study that comes with radweave, or the path of a study's YAML file; it is run first if it has to be
        blocks: the set of blocks; with neither this nor a model, the study's own rule chooses by its nested scores
        model: the candidate, by its name
        runner: where the model is fitted, and the study if it has to be run
        catalog: path of the data catalog
        store: folder of the results
    """
    return run_body(lambda board: _watched(board, study, blocks, model, Path(catalog), store, runner))


def _watched(board: Board, study: str, blocks: str, model: str, catalog: Path, place: str, runner: AnyRunner) -> Path:
    """The model with what is shown of it."""
    folder = _final(study, blocks, model, catalog, place, runner)
    board.saved(folder, place)
    name_run(f"final {folder.parent.name} → {folder.name}")
    return folder


def check_final(named: str, blocks: str, model: str, catalog: Path) -> tuple[Catalog, Study, tuple[Recipe, ...], str]:
    """The catalog, the study, its recipes, and the first metric of its endpoint. Raises RadweaveError, before anything is fitted,
    where no model of it can be saved, or it has no such set or model.
    """
    path = find_study(named)
    declared = check_configuration(catalog, [path])
    plan, recipes = read_study(path, declared.folder)
    if not isinstance(plan, Study):
        raise RadweaveError(f"study {plan.name}: it predicts nothing, so that there is no model to save")
    if plan.signatures:
        raise RadweaveError(
            f"study {plan.name}: its signatures ({', '.join(plan.signatures)}) would have to travel with the model, which is not "
            "supported: save a model of a study without them"
        )
    check_named(plan, tuple(dict.fromkeys((*BASELINES, *plan.blocks))), blocks, model)
    endpoint = declared.cohort(plan.cohorts[0]).endpoints[plan.endpoint]
    for one in plan.models:
        if model in ("", one.name):
            check_keepable(one, endpoint.kind)
    return declared, plan, recipes, endpoint.metrics[0]


def _final(named: str, blocks: str, model: str, catalog: Path, place: str, runner: Runner) -> Path:
    store = Store(open_place(place))
    declared, plan, recipes, metric = check_final(named, blocks, model, catalog)
    refreshed_by = (f" --study {quote(named)}" if named != plan.name else "") + place_options(str(catalog), place)
    writing = partial(writing_study, store, plan.all_cohorts, withdrawn_cases(store))
    run = fit_study(plan, recipes, (), declared, catalog, store, runner, refreshed_by)
    mart = Mart.open(store)
    provenance = study_provenance(plan, recipes, mart, declared, refreshed_by=refreshed_by)
    if store.study(plan.name, digest_json(provenance)) != run:
        raise StoreError(f"study {plan.name}: its tables changed while it ran; run it again")
    scores = [Score(**row) for row in read_table(run / "scores.parquet").to_pylist()]
    choice = _chosen(plan, metric, scores, blocks, model)
    code = sources_of({"tasks.final"}).digest
    digest = digest_json(
        {**provenance, "blocks": choice.blocks, "model": choice.model, "format": FORMAT, "final": code}
    )
    folder = store.model(plan.name, digest)
    if is_model(folder):
        try:
            read_model(folder)
        except StoreError as error:
            say(f"{error}: it is fitted again now")
        else:
            return folder
    with writing():
        run_step(
            fit_final_model,
            mart,
            catalog,
            question_of(plan, recipes, refreshed_by),
            plan,
            recipes,
            choice,
            scores,
            provenance,
            digest,
            folder,
            Pool(runner),
        )
    return folder


def _chosen(plan: Study, metric: str, scores: list[Score], blocks: str, model: str) -> Choice:
    """The combination that is named, or the one of the study's own rule. Raises RadweaveError where that has none."""
    sets = tuple(dict.fromkeys(one.blocks for one in scores))
    if blocks or model:
        return named_choice(plan, sets, blocks, model)
    winner = winner_of(plan, metric, scores, sets)
    if winner.best is None:
        raise RadweaveError(
            f"study {plan.name}: its rule chooses by scores of {split_label('nested')}, of which it has none: name a "
            f"combination by --blocks ({', '.join(sets)}) and --model ({', '.join(one.name for one in plan.models)})"
        )
    best = winner.best
    within = ", compared within centres" if winner.within else ""
    value = f"{metric_word(winner.metric)} {best.value:.2f} under {split_label('nested')}{within}"
    if winner.rivals == 1:
        return Choice(
            best.blocks, best.model, f"It is the only combination of its study that is no baseline ({value}).", False
        )
    below = " A baseline scored as high." if winner.is_below_baseline else ""
    why = f"It has the highest of {winner.rivals} scores of the study, baselines apart: {value}.{below}"
    return Choice(best.blocks, best.model, why, True)
