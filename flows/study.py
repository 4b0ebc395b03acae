"""study: from the mart to the report. A study whose settings and mart did not change is not fitted again."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field, NonNegativeInt, ValidationError

from features.core.catalog.catalog import Catalog
from features.core.digest import digest_json
from features.core.errors import RadweaveError
from features.core.frozen import Frozen
from features.core.kinds.recipe import Recipe
from features.core.storage.place import open_place
from features.core.storage.store import Store
from features.fusion.question import Question
from features.results.manifest import Mart
from features.results.runs import is_run, read_run, run_faults, running
from features.results.withdraw import withdrawn_cases, writing_study
from flows.commands.options import CATALOG, STORE
from flows.configuration import check_configuration
from flows.named import find_study, read_study
from flows.provenance import study_provenance
from flows.serving.artifacts import Board
from flows.serving.engine import name_run, run_body, run_step, say
from flows.serving.parameters import Choice, any_of, checked, titled
from tasks.fit import fit_models
from tasks.fuse import fuse_blocks
from tasks.modelling.evaluation.study import Study
from tasks.modelling.models.model import MODELS, Model
from tasks.report import write_study_report
from tasks.running.pool import DEFAULT_RUNNER, AnyRunner, Pool
from tasks.running.runner import Runner

if TYPE_CHECKING:
    AnyModel = Model
else:
    AnyModel = any_of(MODELS)


class ChosenModel(Frozen):
    """A model and the settings from which inner folds choose."""

    model: AnyModel = Field(title="Model", description="which kind of model is fitted")


def _name() -> str:
    return f"study {Path(str(flow_run.parameters['study'])).stem}"


@flow(name="study", flow_run_name=_name, persist_result=False, validate_parameters=False)
@checked
def study(
    study: Annotated[str, titled("Study")],
    models: Annotated[list[ChosenModel], titled("Models")] = [],  # noqa: B006 - the default of the form
    seed: Annotated[NonNegativeInt | None, titled("Seed")] = None,
    runner: Annotated[AnyRunner, Choice(), titled("Runner")] = DEFAULT_RUNNER,
    catalog: Annotated[str, titled("Data catalog")] = "data_catalog.yaml",
    store: Annotated[str, titled("Store")] = "store",
) -> Path:
    """Fuse the blocks, fit and evaluate the models, write the report; returns the folder of the results.

    Args:
        study: name of a study that comes with radweave, or the path of a study's YAML file
        models: models that replace those of the study; none means the study's own. A changed study is a run of its own
        seed: replaces the study's seed of splits and bootstraps; none means the study's own
        runner: where the work is done: threads, processes, or a Dask cluster
        catalog: path of the data catalog
        store: folder of the results
    """
    change = Change(tuple(chosen.model for chosen in models), seed)
    return run_body(lambda board: _watched(board, study, change, Path(catalog), store, runner))


@dataclass(frozen=True)
class Change:
    """What a run replaces in a study; nothing by default."""

    models: tuple[Model, ...] = ()
    seed: int | None = None

    def of(self, plan: Study) -> Study:
        """The changed study. Raises RadweaveError if it contradicts itself."""
        new: dict[str, object] = {"models": self.models} if self.models else {}
        new |= {} if self.seed is None else {"seed": self.seed}
        settings = {name: getattr(plan, name) for name in Study.model_fields} | new
        try:
            return Study.model_validate(settings)
        except ValidationError as error:
            faults = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
            raise RadweaveError(f"study {plan.name} with the given models and seed: {faults}") from error


def _watched(board: Board, study: str, change: Change, catalog: Path, place: str, runner: Runner) -> Path:
    """The study with what is shown of it."""
    path, store = find_study(study), Store(open_place(place))
    declared = check_configuration(catalog, [path])
    named, recipes = read_study(path)
    plan = change.of(named)
    check_models(plan, declared)
    given = {"study": (study, plan.name), "catalog": (str(catalog), str(CATALOG)), "store": (place, STORE)}
    refreshed_by = "".join(f" --{name} {quote(one)}" for name, (one, default) in given.items() if one != default)
    folder = _study(plan, recipes, declared, catalog, store, runner, refreshed_by)
    board.studied(plan.name, plan.title, folder, store.root)
    name_run(f"study {plan.name} → {folder.name}")
    return folder


def _study(
    plan: Study,
    recipes: tuple[Recipe, ...],
    declared: Catalog,
    catalog: Path,
    store: Store,
    runner: Runner,
    refreshed_by: str,
) -> Path:
    writing = partial(writing_study, store, plan.cohorts, withdrawn_cases(store))  # of before any table is read
    mart = Mart.open(store)
    provenance = study_provenance(plan, recipes, mart, declared, refreshed_by=refreshed_by)
    folder = store.study(plan.name, digest_json(provenance))
    if is_run(folder):
        faults = run_faults(folder)
        if not faults and not read_run(folder).get("withdrawn"):
            return folder
        say(f"{'; '.join(faults) or f'{folder}: cases were withdrawn from this run'}: it is run again now")
    blocks = tuple(sorted({block for found in plan.blocks.values() for block in found}))
    question = Question(
        plan.cohorts,
        plan.endpoint,
        plan.predict_at,
        recipes,
        missing_block=plan.missing_block,
        blocks=blocks,
        lesions=plan.lesions,
        deltas=plan.deltas,
        stable=plan.stable,
        leak_checked=plan.leak_checked,
        refreshed_by=refreshed_by,
    )
    with running(store, plan.name):
        with writing():
            design = run_step(fuse_blocks, mart, catalog, question, folder)
        with Pool(runner) as pool:
            result = run_step(fit_models, design, plan, folder, pool, writing)
        with writing():
            run_step(write_study_report, plan, recipes, result, design, mart, catalog, folder, provenance)
    return folder


def check_models(plan: Study, catalog: Catalog) -> None:
    """Raises RadweaveError if a model predicts another kind of endpoint than the study has."""
    for name in plan.cohorts:
        endpoint = catalog.cohort(name).endpoints[plan.endpoint]
        wrong = [model.kind for model in plan.models if model.task != endpoint.kind]
        if wrong:
            what = f"{', '.join(wrong)} cannot predict {plan.endpoint}, a {endpoint.kind} endpoint"
            fitting = ", ".join(kind for kind in MODELS.modules if MODELS.load(kind).task == endpoint.kind)
            raise RadweaveError(f"study {plan.name}: {what}; choose among {fitting}")
