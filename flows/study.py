"""study: from the mart to the report. A study whose settings and mart did not change is not fitted again."""

import platform
from importlib.metadata import version
from pathlib import Path

from prefect import flow
from prefect.context import FlowRunContext

from features.core.catalog import Catalog
from features.core.digest import digest_json
from features.core.errors import StoreError
from features.core.place import open_place
from features.core.progress import watched_by
from features.core.store import Store
from features.fusion.design import Question
from features.results.manifest import Mart
from flows.configuration import check_configuration, find_recipes, find_study
from flows.engine import log_progress, run_step
from tasks.evaluation.study import Study, load_study
from tasks.fit import fit_models
from tasks.fuse import fuse_blocks
from tasks.pool import DEFAULT_RUNNER, AnyRunner, Pool
from tasks.report import write_study_report
from tasks.runners.runner import Runner

READ = ("region", "radiomics", "deep", "clinical", "genomic", "quarantine")  # tables of the mart that decide a study
PACKAGES = (
    "radweave",
    "numpy",
    "pandas",
    "scikit-learn",
    "scikit-survival",
    "lifelines",
    "pyradiomics-bhklab",
    "torch",
)


@flow(name="study", flow_run_name="study-{study}", persist_result=False)
def study(
    study: str,
    catalog: str = "data_catalog.yaml",
    store: str = "store",
    runner: AnyRunner = DEFAULT_RUNNER,
) -> Path:
    """Fuse the blocks, fit and evaluate the models, write the report; returns the folder of the results.

    Args:
        study: name of a study that comes with radweave, or the path of a study's YAML file
        catalog: path of the data catalog
        store: folder of the results
        runner: where the work is done: threads, processes, or a Dask cluster
    """
    if not FlowRunContext.get():
        return _study(find_study(study), Path(catalog), Store(open_place(store)), runner)
    with watched_by(log_progress):
        return _study(find_study(study), Path(catalog), Store(open_place(store)), runner)


def _study(path: Path, catalog: Path, store: Store, runner: Runner) -> Path:
    declared = check_configuration(catalog, [path])
    plan = load_study(path)
    mart = Mart.open(store)
    provenance = study_provenance(plan, mart, declared)
    folder = store.study(plan.name, digest_json(provenance))
    if (folder / "study.json").is_file():
        return folder
    recipes = find_recipes(plan.recipes)
    exclude = plan.missing_modality == "exclude"
    blocks = tuple(sorted({block for found in plan.blocks.values() for block in found}))
    question = Question(
        plan.cohorts, plan.endpoint, plan.predict_at, recipes, exclude_missing_modality=exclude, blocks=blocks
    )
    design = run_step(fuse_blocks, mart, catalog, question, folder)
    with Pool(runner) as pool:
        result = run_step(fit_models, design, plan, folder, pool)
    run_step(write_study_report, plan, result, design, mart, catalog, folder, provenance)
    return folder


def study_provenance(plan: Study, mart: Mart, catalog: Catalog) -> dict[str, str]:
    """What decides a study's results: its settings, the tables of the mart that it reads, and the versions that compute."""
    if not mart.manifest.files:
        raise StoreError(f"{mart.store.root}: the store is empty: run radweave refresh {' '.join(plan.cohorts)}")
    recipes = [recipe.model_dump(mode="json") for recipe in find_recipes(plan.recipes)]
    found = {"study settings": plan.digest(), "recipes": digest_json(recipes)}
    for name in plan.cohorts:
        if name not in mart.manifest.cohorts:
            raise StoreError(f'the store has no cohort "{name}": run radweave refresh {name}')
        declared = catalog.cohort(name).model_dump(mode="json", include={"variables", "endpoints", "timepoints"})
        files = {table: mart.manifest.file(table, name) for table in READ}
        read = {table: file.sha256 for table, file in files.items() if file is not None}
        found[f"tables of {name}"] = digest_json([read, declared])
    return {**found, "Python": platform.python_version(), **{package: version(package) for package in PACKAGES}}
