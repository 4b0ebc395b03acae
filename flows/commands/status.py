"""status: what the store holds."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import RenderableType
from rich.table import Table

from features.core.catalog.catalog import load_catalog
from features.core.errors import ConfigError, RadweaveError, StoreError
from features.core.kinds.recipe import Recipe
from features.core.storage.place import find_files, is_file
from features.core.storage.store import Store
from features.results.manifest import Mart, refresh_numbers
from features.results.published import published_of
from features.results.runs import read_run
from flows.named import find_recipe, read_study, recipe_files, study_files
from flows.provenance import study_provenance
from flows.screen import file_table, refresh_table
from tasks.modelling.evaluation.study import Study


def read_status(store: Store, catalog: Path) -> tuple[list[RenderableType], list[str]]:
    """A table of refreshed cohorts and one of studies, and what is damaged. An empty store is said in a line."""
    mart = Mart.open(store)
    damaged: list[str] = []
    if not mart.manifest.files:
        return [f"{store.root}: nothing here yet: run radweave refresh"], damaged
    published = [published_of(name, mart.manifest, changed=True) for name in mart.manifest.cohorts]
    cohorts = refresh_table(published)
    cohorts.title = f"Cohorts in {store.root}, refresh {mart.manifest.refresh} of {mart.manifest.at}"
    studies = Table(title="Studies")
    for name in ("study", "run", "state", "why", "report"):
        studies.add_column(name, overflow="fold")
    for name in find_files(store.root / "studies"):
        if name.endswith("/study.json"):
            folder = (store.root / "studies" / name).parent
            try:
                state, why = study_state(folder, mart, catalog)
            except StoreError as error:
                state, why = "damaged", str(error)
                damaged.append(why)
            report = folder / "report.html"  # a withdrawal removes it
            studies.add_row(folder.parent.name, folder.name, state, why, str(report) if is_file(report) else "–")
    parts = [cohorts, file_table(published), *([studies] if studies.row_count else [])]
    return [part for part in parts if part is not None], damaged


def study_state(folder: Path, mart: Mart, catalog: Path) -> tuple[str, str]:
    """Whether the results of a study belong to the tables, the settings and the versions of today; else what moved.

    Raises StoreError if what the run says of itself is damaged.
    """
    facts = read_run(folder)
    name = folder.parent.name
    try:
        plan = Study.model_validate(facts["study"])
        today = study_provenance(plan, _recipes(plan, facts), mart, load_catalog(catalog))
        changed = name in study_files() and read_study(study_files()[name])[0].digest() != plan.digest()
    except ConfigError as error:
        return "unknown", str(error.faults[0])
    except RadweaveError as error:
        return "unknown", str(error).splitlines()[0]
    except (KeyError, ValidationError):
        return "unknown", "its settings are of another radweave"
    withdrawn = facts.get("withdrawn", 0)
    moved = [key for key, value in facts.get("provenance", {}).items() if today.get(key) != value]
    why = [told for key in moved if (told := _moved(key, facts, mart, "" if withdrawn else "their declaration"))]
    why += [f"{withdrawn} of its cases were withdrawn"] if withdrawn else []
    if why:
        return "stale", "; ".join(why)
    return "current", "with other settings than the study's file" if changed else ""


def _recipes(plan: Study, facts: dict[str, Any]) -> list[Recipe]:
    """The recipes of a study: radweave's as they are now, those of files as they were: the tables tell whether they moved."""
    kept, files = facts.get("recipes", {}), recipe_files()
    return [
        find_recipe(name) if name in files or name not in kept else Recipe.model_validate(kept[name])
        for name in plan.recipes
    ]


def _moved(key: str, facts: dict[str, Any], mart: Mart, otherwise: str) -> str:
    """What differs under a key of the provenance; for tables, the cases that moved since the study was fitted.

    otherwise: what it is where neither cases nor columns did: after a withdrawal, which leaves earlier refreshes too, "".
    """
    cohort = key.removeprefix("tables of ")
    number = facts.get("refreshes", {}).get(cohort)
    if cohort == key or number is None:
        return key
    from features.results.diff import diff_refreshes

    try:
        found = diff_refreshes(Mart.open(mart.store, number), mart, [cohort])
    except StoreError as error:
        kept = number in refresh_numbers(mart.store)
        return f"{key}: {error}" if kept else f"{key}: refresh {number} is no longer kept"
    cases = list(dict.fromkeys(change.case for change in found.changes))
    if not cases:
        why = ", ".join(why for _, _, why in found.columns) or otherwise
        return f"{key}: {why}" if why else ""
    shown = ", ".join(cases[:5]) + (f" and {len(cases) - 5} more (radweave diff {number})" if len(cases) > 5 else "")
    return f"{key}: {len(cases)} moved: {shown}"
