"""status: what the store holds."""

from pathlib import Path

from rich.console import RenderableType
from rich.table import Table

from features.core.catalog import load_catalog
from features.core.digest import digest_json
from features.core.errors import RadweaveError
from features.core.store import Store
from features.results.manifest import Mart
from features.results.publish import published_of
from flows.configuration import find_study
from flows.screen import counted
from flows.study import study_provenance
from tasks.evaluation.study import load_study


def read_status(store: Store, catalog: Path) -> list[RenderableType]:
    """A table of refreshed cohorts and one of studies. An empty store is said in a line."""
    mart = Mart.open(store)
    if not mart.manifest.files:
        return [f"{store.root}: nothing here yet: run radweave refresh"]
    cohorts = Table(title=f"Cohorts in {store.root}, refresh {mart.manifest.refresh} of {mart.manifest.at}")
    for name in ("cohort", "scans", "used", "quarantined", "withdrawn", "warnings", "rows of the mart", "refresh"):
        cohorts.add_column(name, overflow="fold")
    for name, found in mart.manifest.cohorts.items():
        published = published_of(name, mart.manifest, changed=False)
        rows = ", ".join(f"{block} {count}" for block, count in published.rows.items())
        counts = (str(found.scans), str(found.used), counted(found.quarantined), str(found.withdrawn))
        cohorts.add_row(name, *counts, counted(found.warned), rows, str(found.refreshed))
    studies = Table(title="Studies")
    for name in ("study", "run", "state", "report"):
        studies.add_column(name, overflow="fold")
    for path in sorted(store.root.glob("studies/*/*/study.json")):
        folder = path.parent
        state = _state(folder.parent.name, folder.name, mart, catalog)
        studies.add_row(folder.parent.name, folder.name, state, str(folder / "report.html"))
    return [cohorts, studies] if studies.row_count else [cohorts]


def _state(name: str, run: str, mart: Mart, catalog: Path) -> str:
    """Whether a study's results belong to the mart, the settings and the versions of today."""
    try:
        today = study_provenance(load_study(find_study(name)), mart, load_catalog(catalog))
    except RadweaveError as error:
        return f"unknown: {str(error).splitlines()[0]}"
    return "current" if digest_json(today)[:16] == run else "stale"
