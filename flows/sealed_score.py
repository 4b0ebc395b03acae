"""sealed_score: a package and a cohort of one's own become scores that may be sent back, and predictions that stay."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from features.core.catalog.catalog import load_catalog
from features.core.errors import RadweaveError, StoreError
from features.core.storage.place import is_folder, read_bytes, write_bytes
from features.core.storage.seal import json_bytes, page_bytes
from features.core.storage.table import read_table
from features.results.packages import Package, read_package
from features.results.runs import read_run
from flows.installed import code_digest, version
from flows.refresh import refresh
from flows.score import score
from flows.scoring import asked_of
from flows.serving.engine import run_flow, say
from tasks.modelling.evaluation.result import Score
from tasks.modelling.saved.loaded import Loaded, load_model
from tasks.reports.sealed_result import SealedResult, sealed_result
from tasks.running.pool import AnyRunner

LEAST = 5  # counts below it are not told, unless it is said otherwise
BACK, STAYS = "send_back", "stays_here"
TABLES = ("predictions.parquet", "probabilities.parquet", "scores.parquet", "report.html")
NOTICE = """What is in this folder tells of single cases of yours: do not send it with the scores.

Patients stand under pseudonyms; `radweave pseudonym COHORT` says under which one a patient of yours does.
"""


def score_package(
    path: Path, cohort: str, catalog: Path, place: str | None, output: Path, least: int, runner: AnyRunner
) -> Path:
    """Check a package, refresh a cohort by its recipes, score it, and write what may be sent back; returns that folder.

    place: the store that keeps the tables; None: one of this run alone. least: counts below it are not told.
    Raises DataError for an altered package before anything is read or run; RadweaveError, as `score`, for what is made otherwise.
    """
    package = read_package(path, version())
    _check_name(package, cohort, catalog)
    _check_output(output)
    with tempfile.TemporaryDirectory(prefix="radweave-") as temporary:
        model, own = Path(temporary) / "model", Path(temporary) / "store"
        package.put_model(model)
        loaded = load_model(model)
        where = str(own) if place is None else place
        files = _recipe_files(loaded, Path(temporary) / "recipes", catalog, cohort)
        run_flow(
            refresh,
            [cohort],
            files,
            runner=runner,
            failure_threshold=1.0,  # who has no usable image is counted in the result
            catalog=str(catalog),
            store=where,
        )
        folder = run_flow(score, str(model), cohort, catalog=str(catalog), store=where)
        _write(output, folder, _result(package, loaded, folder, cohort, least))
    return output / BACK


def _check_name(package: Package, cohort: str, catalog: Path) -> None:
    """Raises RadweaveError where the catalog has no such cohort, or it has the name of one that trained the model."""
    load_catalog(catalog).cohort(cohort)
    if cohort in package.facts["cohorts"]:
        raise RadweaveError(
            f'cohort "{cohort}": a cohort of this name trained the model {package.facts["model"]}: give yours another name in '
            f"{catalog}, so that neither its cases nor its centres are taken for those"
        )


def _check_output(output: Path) -> None:
    if output.exists() and (not output.is_dir() or any(one.name not in (BACK, STAYS) for one in output.iterdir())):
        raise RadweaveError(
            f"{output}: is there, and holds other things than an earlier run's; give an empty or new folder"
        )


def _recipe_files(loaded: Loaded, folder: Path, catalog: Path, cohort: str) -> list[str]:
    """The recipes of a model as files, as `refresh` takes them; none of a cohort without images, which `score` refuses."""
    _, recipes = asked_of(loaded)
    files = []
    for recipe in recipes if load_catalog(catalog).cohort(cohort).images else ():
        path = folder / f"{recipe.name}.yaml"
        write_bytes(path, json.dumps(recipe.settings, indent=1).encode())  # JSON is YAML
        files.append(str(path))
    return files


def _result(package: Package, loaded: Loaded, folder: Path, cohort: str, least: int) -> SealedResult:
    rows = read_table(folder / "scores.parquet").to_pylist()
    about: dict[str, Any] = {
        "model": package.facts["model"],
        "package": package.sha256,
        "cohort": cohort,
        "radweave": version(),
        "code": code_digest(),
        "same code as sealed": code_digest() == package.facts["code"],
    }
    facts = read_run(folder)
    predictions = read_table(folder / "predictions.parquet").to_pandas()
    return sealed_result(
        loaded.final, predictions, [Score(**row) for row in rows], facts.get("remarks", {}), least, about
    )


def _write(output: Path, folder: Path, result: SealedResult) -> None:
    """The folder to send back, written whole or not at all, and the one that stays."""
    for name in (BACK, STAYS):
        if is_folder(output / name):
            shutil.rmtree(output / name)
    try:
        for name in TABLES:
            write_bytes(output / STAYS / name, read_bytes(folder / name))
        write_bytes(output / STAYS / "READ_ME.txt", NOTICE.encode())
        write_bytes(output / BACK / "result.html", page_bytes(result.html()))
        write_bytes(output / BACK / "result.json", json_bytes(result.facts))
    except OSError as error:
        raise StoreError(f"{output}: cannot be written ({error.strerror})") from error
    say(f"{output / STAYS} holds predictions of single cases: it stays with you")
