"""The demo: the main job on the built-in cohort, from files that it writes itself to two reports."""

from pathlib import Path

from rich.console import RenderableType

from features.core.progress import tell
from features.core.storage.store import Store
from features.deep.needed import torch_version
from features.simulate.simulate_cohort import simulate_cohort
from flows.refresh import refresh
from flows.screen import refresh_table, score_table
from flows.serving.engine import run_flow
from flows.study import study
from tasks.running.pool import AnyRunner

STUDIES = ("builtin_response", "builtin_survival")


def run_demo(folder: Path, runner: AnyRunner) -> list[RenderableType]:
    """What the demo shows at its end. What an earlier run finished is used again.

    Raises MachineError, before anything is written, where deep features, which it shows too, lack torch.
    """
    torch_version()
    catalog, store = folder / "cohort" / "data_catalog.yaml", folder / "store"
    if not catalog.is_file():
        simulate_cohort(folder / "cohort", progress=tell)
    published = run_flow(refresh, runner=runner, catalog=str(catalog), store=str(store))
    folders = [run_flow(study, name, runner=runner, catalog=str(catalog), store=str(store)) for name in STUDIES]
    shown: list[RenderableType] = [refresh_table(published), *(score_table(found) for found in folders)]
    shown += [f"Report: {found / 'report.html'}" for found in folders]
    return [
        *shown,
        *(f"Quality: {Store(store).quality(one.cohort)}" for one in published),
        f"Tables: {store / 'mart'}",
        f'Look inside: radweave query --store {store} "FROM radiomics LIMIT 5"',
    ]
