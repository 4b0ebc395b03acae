"""scoring: a saved model is asked about a cohort. No Prefect: `flows/score.py` tracks it, the command line calls it as it is."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from features.core.catalog.catalog import Catalog
from features.core.code_digest import sources_of
from features.core.digest import digest_json
from features.core.errors import RadweaveError, StoreError, hint_sentence
from features.core.images import IMAGES
from features.core.kinds.recipe import Recipe
from features.core.storage.place import open_place
from features.core.storage.store import Store
from features.fusion.question import Question
from features.results.manifest import Mart
from features.results.models import find_model
from features.results.runs import is_run, read_run, run_faults
from features.results.schemas import IMAGE_BLOCKS
from features.results.withdraw import withdrawn_cases, writing_study
from flows.commands.options import place_options
from flows.configuration import check_configuration
from tasks.modelling.evaluation.asked import question_of
from tasks.modelling.evaluation.inputs import inputs_of
from tasks.modelling.evaluation.study import Study
from tasks.modelling.rows import Rows
from tasks.modelling.saved.loaded import Loaded, load_model
from tasks.running.pool import DEFAULT_RUNNER, Pool
from tasks.running.runner import Runner
from tasks.scoring.cohort_rows import read_cohort
from tasks.scoring.write_scores import write_new_scores, write_scores

Step = Callable[..., Any]  # calls a step with the arguments of its function: as it is, or as a tracked task


@dataclass(frozen=True, eq=False)
class Asked:
    """A saved model and a cohort that it is asked about, both read.

    folder: of the model. question: which rows of the cohort it needs. withdrawn: cases, before anything was read.
    """

    store: Store
    folder: Path
    loaded: Loaded
    plan: Study
    recipes: tuple[Recipe, ...]
    declared: Catalog
    mart: Mart
    question: Question
    withdrawn: frozenset[str]

    def writing(self) -> AbstractContextManager[None]:
        """Is held while anything is written, and refuses where a case of the cohort was withdrawn meanwhile."""
        return writing_study(self.store, (self.cohort,), self.withdrawn)

    @property
    def cohort(self) -> str:
        """The name of the cohort."""
        return self.question.cohorts[0]

    @property
    def moves(self) -> dict[str, str]:
        """What of the model, the tables and the declaration of the cohort decides an answer."""
        tables = self.mart.manifest.of_cohort(self.cohort)
        declared = self.declared.cohort(self.cohort)
        return {
            "model": self.loaded.facts["digest"],
            f"tables of {self.cohort}": digest_json({name: file.sha256 for name, file in tables.items()}),
            "declared": digest_json(declared.model_dump(mode="json", include={"variables", "endpoints", "timepoints"})),
        }


def ask(given: str, cohort: str, catalog: Path, place: str) -> Asked:
    """A model and a cohort. Raises RadweaveError for a model or cohort that is not there, StoreError for one without tables."""
    store = Store(open_place(place))
    folder = find_model(store, given)
    loaded = load_model(folder)
    declared = check_configuration(catalog, [])
    if cohort not in declared.cohorts:
        known = ", ".join(declared.cohorts)
        raise RadweaveError(
            f'{catalog}: there is no cohort "{cohort}"; there are {known}. {hint_sentence(cohort, declared.cohorts)}'
        )
    withdrawn = withdrawn_cases(store)
    mart = Mart.open(store)
    options = place_options(str(catalog), place)
    if cohort not in mart.manifest.cohorts:
        raise StoreError(f'the store has no cohort "{cohort}": run radweave refresh {cohort}{options}')
    plan, recipes = asked_of(loaded)
    word = plan.shows(loaded.final.blocks)
    blocks = {column["block"] for column in loaded.schema["columns"]} | ({IMAGES} if word else set())
    question = replace(
        question_of(plan, recipes, options),
        cohorts=(cohort,),
        external=(),
        external_columns="same",
        endpoint="",
        missing_block="keep",
        stable=None,
        given_split=False,
        blocks=tuple(sorted(blocks)),
        shows=(word,) if word else (),
    )
    return Asked(store, folder, loaded, plan, tuple(recipes), declared, mart, question, withdrawn)


def score_cohort(
    given: str,
    cohort: str,
    catalog: Path,
    place: str,
    runner: Runner = DEFAULT_RUNNER,
    *,
    step: Step = write_scores,
    say: Callable[[str], None] = print,
) -> Path:
    """The folder of what a model says of a cohort, which is made unless it is there and whole. say: is told what is made again."""
    asked = ask(given, cohort, catalog, place)
    provenance = {**asked.moves, "code of radweave": _code()}
    folder = asked.store.scored(cohort, digest_json(provenance))
    if is_run(folder):
        faults = run_faults(folder)
        if not faults and not read_run(folder).get("withdrawn"):
            return folder
        say(f"{'; '.join(faults) or f'{folder}: cases were withdrawn from it'}: it is scored again now")
    with asked.writing():
        step(asked.mart, catalog, asked.question, cohort, asked.loaded, provenance, folder, Pool(runner))
    return folder


def score_new(
    given: str,
    cohort: str,
    catalog: Path,
    place: str,
    runner: Runner = DEFAULT_RUNNER,
    *,
    step: Step = write_new_scores,
) -> Path | None:
    """The folder of the scores of those cases of a cohort to which a model has given none yet; None where there is no such case."""
    asked = ask(given, cohort, catalog, place)
    provenance = {**asked.moves, "code of radweave": _code()}
    found: Path | None
    with asked.writing():
        found = step(asked.mart, catalog, asked.question, cohort, asked.loaded, provenance, asked.store, Pool(runner))
    return found


def inputs_today(asked: Asked, catalog: Path) -> dict[str, str]:
    """Case → digest of what the model would be given of it now."""
    rows = read_cohort(asked.mart, catalog, asked.question, asked.cohort, asked.loaded)
    cases = rows.design.X.index.tolist()
    return dict(zip(cases, inputs_of(asked.loaded.final, Rows.of(rows.design)), strict=True))


def _code() -> str:
    return sources_of({"tasks.score"}).digest


def asked_of(loaded: Loaded) -> tuple[Study, list[Recipe]]:
    """The study of a model and the recipes that its columns need, as they were: none where a patient without images can be scored.

    Raises RadweaveError if this radweave does not read them.
    """
    blocks = {column["block"] for column in loaded.schema["columns"]}
    is_needed = loaded.final.of_images or blocks & {*IMAGE_BLOCKS, "region", "delta"}
    needed = loaded.facts["recipes"] if is_needed else {}
    try:
        plan = Study.model_validate(loaded.facts["study"])
        return plan, [Recipe.model_validate(settings) for settings in needed.values()]
    except (KeyError, ValueError) as error:
        raise RadweaveError(
            f"the model of {loaded.final.study} is of another radweave: {str(error).splitlines()[0]}; fit it again: radweave study "
            f"{loaded.final.study} --final"
        ) from error
