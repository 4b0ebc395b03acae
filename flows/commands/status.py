"""status: what the store holds."""

from pathlib import Path

from rich.console import RenderableType
from rich.table import Table

from features.core.errors import StoreError
from features.core.storage.place import is_file
from features.core.storage.store import Store
from features.results.manifest import Mart
from features.results.presence import presence_columns, read_presence
from features.results.published import published_of
from flows.model_states import model_states
from flows.screen import file_table, refresh_table, table_of
from flows.staleness import run_states


def read_status(store: Store, catalog: Path) -> tuple[list[RenderableType], list[str]]:
    """Tables of refreshed cohorts, of the images and ROIs that their cases have, of studies and of models; and what is damaged.

    An empty store is said in a line.
    """
    mart = Mart.open(store)
    damaged: list[str] = []
    if not mart.manifest.files:
        return [f"{store.root}: nothing here yet: run radweave refresh"], damaged
    published = [published_of(name, mart.manifest, changed=True) for name in mart.manifest.cohorts]
    cohorts = refresh_table(published)
    cohorts.title = f"Cohorts in {store.root}, refresh {mart.manifest.refresh} of {mart.manifest.at}"
    runs = run_states(store, catalog)
    damaged += [one.why for one in runs if one.state == "damaged"]
    reports = ["report.html" if is_file(one.folder / "report.html") else "–" for one in runs]  # a withdrawal removes it
    studies: dict[str, list[str]] = {
        "study": [one.study for one in runs],
        "run": [one.folder.name for one in runs],
        "state": [str(one.state) for one in runs],
        "why": [one.why for one in runs],
        "report": reports,
    }
    told: list[RenderableType] = [table_of("Studies", studies)] if runs else []
    told += [f"A run with its report lies in {store.root}/studies/STUDY/RUN"] if runs else []
    models = model_states(store, catalog)
    damaged += [one.why for one in models if one.state == "damaged"]
    saved: dict[str, list[str]] = {
        "model": [f"{one.study}/{one.folder.name}" for one in models],
        "state": [str(one.state) for one in models],
        "why": [one.why for one in models],
    }
    told += [table_of("Models", saved)] if models else []
    presence = [presence_table(mart, name, damaged) for name in mart.manifest.cohorts]
    parts = [cohorts, file_table(published), *presence, *told]
    return [part for part in parts if part is not None], damaged


def presence_table(mart: Mart, cohort: str, damaged: list[str]) -> Table | None:
    """Images and ROIs of a cohort by name, with how many cases of each centre have them; None if there is only one.

    damaged: gets a sentence if a table of the cohort cannot be read.
    """
    try:
        found = read_presence(mart, cohort)
    except StoreError as error:
        damaged.append(str(error))
        return None
    title = f"Images and ROIs of {cohort}: cases that have them"
    return table_of(title, presence_columns(found)) if found else None
