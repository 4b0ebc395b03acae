"""draft_table_study: the catalog and the study that tables of features and the names of their columns stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from features.core.errors import ConfigError, Fault
from tasks.drafting.columns import slug
from tasks.drafting.commented import to_yaml
from tasks.drafting.table_study.asked import Asked
from tasks.drafting.table_study.cohort_plan import CohortPlan
from tasks.drafting.table_study.seen import SeenTable
from tasks.modelling.models.model import usual_models_of

HEADER = "The data of a study --table. `# guess` says why the value below it is there, `# question` asks."


@dataclass(frozen=True)
class TableStudy:
    """A catalog and a study as texts, the names of their cohorts, and what is to be said of them, in lines."""

    cohorts: tuple[str, ...]
    catalog: str
    study: str
    said: tuple[str, ...]


def draft_table_study(
    asked: Asked, tables: Sequence[SeenTable], cohort: str, folder: Path, external: Mapping[str, SeenTable]
) -> TableStudy:
    """The catalog with this cohort and the external ones, and the study, as files of a folder. Nothing is written.

    Raises ConfigError for columns that are not there, that look like outcomes, or whose values decide nothing; DataError
    where there is nothing to predict.
    """
    plans = {cohort: CohortPlan(asked, tables)}
    for name, table in external.items():
        plans[name] = CohortPlan(_as_external(asked, plans[cohort], table), [table])
        _agree(plans[cohort], plans[name])
    drafted = {name: plan.values(name.replace("_", " "), folder) for name, plan in plans.items()}
    catalog = {"version": 1, "cohorts": {name: values for name, (values, _) in drafted.items()}}
    study = _study(plans[cohort], cohort, drafted[cohort][1], list(external))
    said = dict.fromkeys((*plans[cohort].aim.said, *plans[cohort].said))
    if len(tables) > 1:
        said["patients who lack one of the blocks are left out, so that all are compared on the same patients"] = None
    for name, table in external.items():
        said |= dict.fromkeys((*(f"{table.name}: {line}" for line in plans[name].aim.said), *plans[name].said))
    return TableStudy(tuple(plans), to_yaml(catalog, HEADER), to_yaml(study), tuple(said))


def _as_external(asked: Asked, own: CohortPlan, table: SeenTable) -> Asked:
    """What is asked of an external table: the same columns, and an endpoint of the same kind and levels."""
    is_one = len(asked.targets) == 1
    kind = own.aim.endpoint["kind"] if is_one else None
    levels = own.aim.variables[own.aim.word].get("levels", ()) if is_one else ()
    return replace(
        asked,
        tables=(table.path,),
        ids=asked.ids[:1],
        external=(),
        kind=kind,
        levels=tuple(levels),
        centre=asked.centre if asked.centre in table.header else "",
        split="",
        test="",
        leak_checked=tuple(name for name in asked.leak_checked if name in table.header),
    )


def _agree(own: CohortPlan, other: CohortPlan) -> None:
    """Give the variables of two cohorts the same levels. Raises ConfigError where one is of another type."""
    faults = []
    for word, variable in own.variables.items():
        type_, found = variable["type"], other.variables[word]["type"]
        if type_ != found:
            what = f'the column "{variable["description"]}" is of another type than in {own.tables[0].name}'
            faults.append(Fault(other.tables[0].name, what, found, type_))
        elif type_ == "category":
            variable["levels"] = sorted({*variable["levels"], *other.variables[word]["levels"]})
            other.variables[word]["levels"] = variable["levels"]
    if faults:
        raise ConfigError(faults)


def _study(plan: CohortPlan, cohort: str, words: list[str], external: list[str]) -> dict[str, Any]:
    blocks = {word: [word] for word in words}
    every = [*(["clinical"] if plan.variables else []), *words]
    if len(every) > 1:
        blocks["all"] = every
    splits = ["nested"]
    splits += ["centre_out"] if len({*plan.centres.values()}) > 1 else []
    splits += ["given"] if plan.split else []
    return {
        "name": slug(f"{cohort}_{plan.aim.word}"),
        "title": f"{', '.join(plan.asked.outcomes)} from {', '.join(one.name for one in plan.tables)}",
        "catalog": "data_catalog.yaml",
        "cohorts": [cohort],
        **({"external": external} if external else {}),
        "endpoint": plan.aim.word,
        "blocks": blocks,
        "models": usual_models_of(plan.aim.endpoint["kind"]),
        **({"missing_block": "exclude"} if len(plan.tables) > 1 else {}),  # else what they lack would be imputed
        "splits": splits,
    }
