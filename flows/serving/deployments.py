"""The deployments of `radweave serve`: each flow with its name, its description, its schedule and what its form offers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prefect import Flow
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Schedule
from prefect.types.entrypoint import EntrypointType

from features.core.catalog.catalog import Catalog
from features.core.storage.store import Store
from flows.final import final
from flows.recalibrate import recalibrate
from flows.refresh import refresh
from flows.score import score
from flows.score_new import score_new
from flows.serving.offers import offer_cohorts, offer_final, offer_model, offer_refresh, offer_study
from flows.study import study
from tasks.running.runner import Runner


@dataclass(frozen=True)
class Deployed:
    """A flow as it is served. what: for people who see it in the UI. has_runner: whether it takes one."""

    flow: Flow[..., Any]
    name: str
    what: str
    offer: Callable[[Any, Catalog, Store], None]
    has_runner: bool = True

    @property
    def word(self) -> str:
        """FLOW/NAME, as Prefect calls it."""
        return f"{self.flow.name}/{self.name}"


DEPLOYED = (
    Deployed(
        refresh,
        "scheduled",
        "Brings the tables of the cohorts up to date with their files: on schedule, or when you press Run. Without a "
        "choice: all cohorts whose files are here. What did not change is not computed again.",
        lambda form, declared, _: offer_refresh(form, declared),
    ),
    Deployed(
        study,
        "on-demand",
        "Runs a study on the tables of the last refresh, and writes its report. To run one: press Run, then Custom run, and "
        "choose it.",
        lambda form, declared, _: offer_study(form, declared),
    ),
    Deployed(
        final,
        "save-model",
        "Fits one combination of a study on all of its training cases, and saves it as a model with schema and card.",
        lambda form, declared, _: offer_final(form, declared),
    ),
    Deployed(
        score,
        "score-cohort",
        "Asks a saved model about a cohort: predictions, and scores where outcomes are known.",
        offer_model,
    ),
    Deployed(
        score_new,
        "new-cases",
        "Scores the cases that have no score by a saved model yet: on schedule, or when you press Run. Without a choice: by "
        "each model on each cohort that it was asked about before. Nothing is refreshed, and no score that was given changes.",
        lambda form, declared, _: offer_cohorts(form, declared),
    ),
    Deployed(
        recalibrate,
        "recalibrate-model",
        "Makes a saved model right on average for a new centre, and saves that as a model of its own.",
        offer_model,
        has_runner=False,
    ),
)


def deployments(
    declared: Catalog, store: Store, places: Mapping[str, str], runner: Runner, schedules: Mapping[str, Schedule]
) -> list[RunnerDeployment]:
    """Those of DEPLOYED, with forms that begin with these places and this runner. schedules: by FLOW/NAME."""
    found = []
    for one in DEPLOYED:
        own = {**places, **({"runner": runner.model_dump(mode="json")} if one.has_runner else {})}
        given: dict[str, Any] = {"schedule": schedules[one.word]} if one.word in schedules else {}
        made = one.flow.to_deployment(
            one.name,
            description=one.what,
            parameters=own,
            entrypoint_type=EntrypointType.MODULE_PATH,
            tags=["radweave"],
            **given,
        )
        assert isinstance(made, RunnerDeployment)
        one.offer(made._parameter_openapi_schema, declared, store)
        found.append(made)
    return found
