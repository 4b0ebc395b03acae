"""The demo: the main job on the built-in cohort, from files that it writes itself to three reports, beside the truth."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import RenderableType

from features.core.progress import tell
from features.core.storage.store import Store
from features.deep.needed import torch_version
from features.simulate.simulate_cohort import simulate_cohort
from flows.planted import COHORT, count_patients, read_faults, read_genes, read_patients, read_signals
from flows.planted_page import write_planted_page
from flows.planted_tables import fault_table, patients_line, signal_table, time_table
from flows.refresh import refresh
from flows.score_table import score_table
from flows.screen import refresh_table
from flows.serving.engine import run_flow
from flows.study import study
from flows.try_next import next_steps
from tasks.running.pool import AnyRunner

T = TypeVar("T")
STUDIES = ("builtin_response", "builtin_survival")
COIN = """\
title: A coin toss in the built-in cohort
description: >
  The control of the demo: the outcome is a coin toss, so that no honest score is far from 0.5.
catalog: cohort/data_catalog.yaml
cohorts: [builtin]
endpoint: coin
recipes: [ct_lung]
blocks:
  radiomics_genomic: [radiomics, genomic]
models: [lasso_logistic]
splits: [nested]
"""


def run_demo(folder: Path, runner: AnyRunner, *, patients_per_centre: int = 24, seed: int = 0) -> list[RenderableType]:
    """What the demo shows at its end. What an earlier run finished is used again.

    Raises MachineError, before anything is written, where deep features, which it shows too, lack torch.
    """
    torch_version()
    cohort, store = folder / "cohort", folder / "store"
    catalog, coin = cohort / "data_catalog.yaml", folder / "coin_toss.yaml"
    seconds: dict[str, float] = {}

    def timed(step: str, work: Callable[[], T]) -> T:
        begun = time.monotonic()
        found = work()
        seconds[step] = time.monotonic() - begun
        return found

    if not catalog.is_file():
        simulate = partial(simulate_cohort, seed=seed, faults=True, coin=True, progress=tell)
        timed("simulate", lambda: simulate(cohort, patients_per_centre=patients_per_centre))
    read_patients(cohort)  # a cohort of an older radweave stops here, before anything is computed
    if not coin.is_file():
        coin.write_text(COIN, encoding="utf-8")
    published = timed("refresh", lambda: run_flow(refresh, runner=runner, catalog=str(catalog), store=str(store)))

    def studied(name: str) -> Path:
        run = partial(run_flow, study, name, runner=runner, catalog=str(catalog), store=str(store))
        return timed(f"study {Path(name).stem}", run)

    response, survival, control = (studied(name) for name in (*STUDIES, str(coin)))
    place = Store(store)
    patients, faults = count_patients(cohort, place, response), read_faults(cohort, place)
    signals, genes = read_signals(cohort, response, survival, control), read_genes(cohort, response)
    pages = {
        "Response": response / "report.html",
        "Survival": survival / "report.html",
        "Coin toss": control / "report.html",
        "Quality of the scans": place.quality(COHORT),
    }
    write_planted_page(folder / "planted.html", patients, faults, signals, genes, pages)
    return [
        refresh_table(published),
        patients_line(patients),
        "",
        *fault_table(faults, patients),
        "",
        *(part for found in (response, survival) for part in (score_table(found), "")),
        *signal_table(signals, genes),
        "",
        time_table(seconds),
        "",
        "Pages for the browser, and the tables",
        *(f"  {path}" for path in (folder / "planted.html", *pages.values(), store / "mart")),
        "",
        *next_steps(cohort, store),
    ]
