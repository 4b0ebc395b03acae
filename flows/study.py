"""study: from the mart to the report. A study whose settings and mart did not change is not fitted again."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import NonNegativeInt, PositiveFloat

from features.core.catalog.catalog import Catalog
from features.core.digest import digest_json
from features.core.kinds.recipe import Recipe
from features.core.storage.place import open_place
from features.core.storage.store import Store
from features.results.manifest import Mart
from features.results.runs import is_run, read_run, run_faults, running
from features.results.withdraw import withdrawn_cases, writing_study
from flows.association import Run, associate_study
from flows.change import Change, check_change
from flows.commands.options import place_options
from flows.configuration import check_configuration
from flows.named import find_study, read_study
from flows.provenance import study_provenance, study_sources
from flows.serving.artifacts import Board
from flows.serving.engine import name_run, run_body, run_step, say
from flows.serving.parameters import Choice, checked, titled
from flows.serving.study_form import (
    AS_COMPARED,
    AS_PLANNED,
    AnyAim,
    ChosenControl,
    ChosenDelta,
    ChosenEffect,
    ChosenSplit,
    Compared,
    SetOfBlocks,
    Thresholds,
    Visits,
    WhichVisit,
)
from flows.signatures import read_signatures, used_in
from flows.staleness import current_runs
from tasks.fit import fit_models
from tasks.fuse import fuse_blocks
from tasks.modelling.association.study import AssociationStudy
from tasks.modelling.evaluation.asked import question_of
from tasks.modelling.evaluation.kept_fits import KeptFits
from tasks.modelling.evaluation.study import Study, signatures_of
from tasks.modelling.signatures.signature import Signature
from tasks.modelling.signatures.values import Signed
from tasks.modelling.study_settings import StudySettings
from tasks.report import write_study_report
from tasks.running.pool import DEFAULT_RUNNER, AnyRunner, Pool
from tasks.running.runner import Runner
from tasks.signatures import apply_signatures


def _name() -> str:
    return f"study {Path(str(flow_run.parameters['study'])).stem}"


@flow(name="study", flow_run_name=_name, persist_result=False, validate_parameters=False)
@checked
def study(
    study: Annotated[str, titled("Study")],
    predict: Annotated[AnyAim, titled("Endpoint and models")] = None,
    blocks: Annotated[list[SetOfBlocks], titled("Sets of blocks")] = [],  # noqa: B006 - the default of the form
    splits: Annotated[list[ChosenSplit], titled("Splits")] = [],  # noqa: B006
    external: Annotated[list[str], titled("External cohorts")] = [],  # noqa: B006
    controls: Annotated[list[ChosenControl], titled("Controls")] = [],  # noqa: B006
    thresholds: Annotated[Thresholds, titled("Thresholds")] = AS_PLANNED,
    horizons: Annotated[list[PositiveFloat], titled("Horizons")] = [],  # noqa: B006
    visits: Annotated[Visits, titled("Visits")] = AS_PLANNED,
    scored_visit: Annotated[WhichVisit, titled("Scored visit")] = AS_PLANNED,
    deltas: Annotated[list[ChosenDelta], titled("Deltas")] = [],  # noqa: B006
    comparisons: Annotated[Compared, titled("Comparisons")] = AS_COMPARED,
    effects: Annotated[list[ChosenEffect], titled("Effects")] = [],  # noqa: B006
    seed: Annotated[NonNegativeInt | None, titled("Seed")] = None,
    runner: Annotated[AnyRunner, Choice(), titled("Runner")] = DEFAULT_RUNNER,
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> Path:
    """Fuse the blocks, fit and evaluate the models, write the report; returns the folder of the results.

    Args:
        study: name of a study that comes with radweave, or the path of a study's YAML file
        predict: another endpoint, or other models for it. A changed study is a run of its own
        blocks: sets of blocks that replace those of the study, and are compared; none means the study's own
        splits: how cases are cut into those that train and those that are predicted; none means the study's own
        external: cohorts that models fitted on the others predict, and that decide nothing; none means the study's own
        controls: what is taken from each set of blocks to see what its score lives on; they fit anew and choose nothing; none means
            the study's own
        thresholds: of yes or no, who learns a threshold and probabilities: free, candidates whose inner folds predict anyway;
            always, every candidate, at the cost of its inner folds
        horizons: with follow-up, days that rise, at which scores and calibration are told; none means the study's own
        visits: one, a row per patient; each, a row for each visit up to the time of the prediction, all of which train
        scored_visit: with visits each, at which visit a patient is predicted and scored: the last, or that of the prediction
        deltas: how features go from visit to visit, which are the block delta; none means the study's own
        comparisons: how pairs of combinations are tested, and how p is corrected for their number
        effects: of a study that reports associations, the kinds of effects that replace its own; none means the study's own
        seed: replaces the study's seed of splits and models; none means the study's own
        runner: where the work is done: threads, processes, or a Dask cluster
        catalog: path of the data catalog
        store: folder of the results
    """
    words = {"thresholds": thresholds, "visits": visits, "scored_visit": scored_visit}
    lists = {
        "controls": tuple(chosen.control for chosen in controls),
        "horizons": tuple(horizons),
        "deltas": tuple(chosen.delta for chosen in deltas),
        "comparisons": comparisons.chosen(),
        "effects": tuple(chosen.effect for chosen in effects),
    }
    others = {key: value for key, value in {**words, **lists}.items() if value and value != AS_PLANNED}
    change = Change(predict, tuple(blocks), tuple(chosen.split for chosen in splits), seed, tuple(external), others)
    return run_body(lambda board: _watched(board, study, change, Path(catalog), store, runner))


def _watched(board: Board, study: str, change: Change, catalog: Path, place: str, runner: Runner) -> Path:
    """The study with what is shown of it."""
    path, store = find_study(study), Store(open_place(place))
    declared = check_configuration(catalog, [path])
    named, recipes = read_study(path, declared.folder)
    plan = change.of(named)
    check_change(plan, recipes, declared)
    named_by = f" --study {quote(study)}" if study != plan.name else ""
    refreshed_by = named_by + place_options(str(catalog), place)
    signatures = tuple(one for one in read_signatures(path, declared.folder) if one.name in signatures_of(plan))
    folder = fit_study(plan, recipes, signatures, declared, catalog, store, runner, refreshed_by)
    board.studied(plan.name, plan.title, folder, store.root)
    name_run(f"study {plan.name} → {folder.name}")
    return folder


def fit_study(
    plan: StudySettings,
    recipes: tuple[Recipe, ...],
    signatures: tuple[Signature, ...],
    declared: Catalog,
    catalog: Path,
    store: Store,
    runner: Runner,
    refreshed_by: str,
) -> Path:
    """The folder of a run of a study, which is made unless it is there, whole and of today."""
    cohorts = (*plan.all_cohorts, *(name for one in signatures for name in one.all_cohorts))
    writing = partial(writing_study, store, cohorts, withdrawn_cases(store))  # of before any table is read
    mart = Mart.open(store)
    provenance = study_provenance(plan, recipes, mart, declared, refreshed_by=refreshed_by, signatures=signatures)
    folder = store.study(plan.name, digest_json(provenance))
    if is_run(folder):
        faults = run_faults(folder)
        if not faults and not read_run(folder).get("withdrawn"):
            return folder
        say(f"{'; '.join(faults) or f'{folder}: cases were withdrawn from this run'}: it is run again now")
    run = Run(folder, mart, declared, catalog, recipes, provenance, writing, runner, refreshed_by)
    with running(store, plan.name):
        if isinstance(plan, Study):
            _predict(plan, run, signatures)
        else:
            assert isinstance(plan, AssociationStudy)
            associate_study(plan, run)
    return folder


def _predict(plan: Study, run: Run, signatures: tuple[Signature, ...]) -> None:
    """Apply signatures, fuse, fit and report."""
    mart, catalog, folder, writing = run.mart, run.catalog, run.folder, run.writing
    question = question_of(plan, run.recipes, run.refreshed_by)
    with Pool(run.runner) as pool:
        kept, signed = KeptFits(mart.store, writing), tuple[Signed, ...]()
        if signatures:
            where, by = used_in(plan), run.refreshed_by
            signed = run_step(apply_signatures, mart, catalog, signatures, where, pool, kept, say, by)
        with writing():
            asked = replace(question, signatures=tuple(one.values for one in signed))
            design = run_step(fuse_blocks, mart, catalog, asked, folder)
        sources = study_sources(plan, run.recipes, run.declared, mart.store, design)
        result = run_step(fit_models, design, plan, folder, pool, kept, say, sources, signed)
    own_runs = current_runs(mart.store, catalog, signatures) if signatures else {}
    with writing():
        told = run.provenance
        run_step(write_study_report, plan, run.recipes, result, design, mart, catalog, folder, told, signed, own_runs)
