"""status: what the store holds."""

import json
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table

from features.core.catalog import load_catalog
from features.core.digest import digest_json
from features.core.errors import RadweaveError
from features.core.store import Store
from features.results.mart import manifest_files
from flows.configuration import find_study
from flows.study import study_provenance
from tasks.evaluation.study import load_study


def read_status(root: Path, catalog: Path) -> list[RenderableType]:
    """A table of refreshed cohorts and one of studies. An empty store is said in a line."""
    store = Store(root)
    files = manifest_files(store)
    if not files:
        return [f"{root}: nothing here yet: run radweave refresh"]
    cohorts = Table(title=f"Cohorts in {root}")
    for name in ("cohort", "scans", "used", "quarantined", "rows of the mart", "refresh"):
        cohorts.add_column(name)
    for path in sorted((root / "refreshes").glob("*.json")):
        facts = json.loads(path.read_text("utf-8"))
        reasons = ", ".join(f"{code} {count}" for code, count in facts["quarantined"].items()) or "–"
        rows = ", ".join(f"{block} {count}" for block, count in facts["rows"].items())
        cohorts.add_row(facts["cohort"], str(facts["scans"]), str(facts["used"]), reasons, rows, facts["refresh"])
    studies = Table(title="Studies")
    for name in ("study", "run", "state", "report"):
        studies.add_column(name, overflow="fold")
    for path in sorted(root.glob("studies/*/*/study.json")):
        folder = path.parent
        state = _state(folder.parent.name, folder.name, store, catalog)
        studies.add_row(folder.parent.name, folder.name, state, str(folder / "report.html"))
    return [cohorts, studies] if studies.row_count else [cohorts]


def _state(name: str, run: str, store: Store, catalog: Path) -> str:
    """Whether a study's results belong to the mart, the settings and the versions of today."""
    try:
        today = study_provenance(load_study(find_study(name)), store, load_catalog(catalog))
    except RadweaveError as error:
        return f"unknown: {str(error).splitlines()[0]}"
    return "current" if digest_json(today)[:16] == run else "stale"
