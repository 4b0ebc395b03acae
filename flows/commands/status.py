"""status: what the store holds."""

from pathlib import Path

from rich.console import RenderableType
from rich.table import Table

from features.core.storage.place import is_file
from features.core.storage.store import Store
from features.results.manifest import Mart
from features.results.published import published_of
from flows.screen import file_table, refresh_table
from flows.staleness import run_states


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
    for one in run_states(store, catalog):
        damaged += [one.why] if one.state == "damaged" else []
        report = one.folder / "report.html"  # a withdrawal removes it
        studies.add_row(one.study, one.folder.name, one.state, one.why, str(report) if is_file(report) else "–")
    parts = [cohorts, file_table(published), *([studies] if studies.row_count else [])]
    return [part for part in parts if part is not None], damaged
