"""What a command imports: one that only reads a store waits for none of the libraries that compute."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from features.core.storage.seal import json_bytes
from features.core.storage.store import Store
from features.results.manifest import CohortState
from flows.named import study_files
from flows.provenance import STEPS
from tasks.modelling.evaluation.study import load_study
from tasks.modelling.models.model import MODELS
from tests.support.mart import fill_store, publish_tables

ROOT = Path(__file__).parents[2]
# What takes a quarter of a second or more to import.
HEAVY = (
    *(
        "prefect",
        "dask",
        "distributed",
        "torch",
        "torchvision",
        "monai",
        "sklearn",
        "sksurv",
        "lifelines",
        "matplotlib",
    ),
    *("SimpleITK", "radiomics", "numba", "scipy", "highdicom", "pydicom", "duckdb", "pandas"),
)
# pyarrow.dataset imports pandas.
COMMANDS = {
    "--help": [],
    "status --store {store} --catalog data_catalog.yaml": [],
    "verify --store {store}": [],
    "history --store {store}": [],
    "quarantine --store {store}": [],
    "diff 1 --store {store}": ["pandas"],
    "query SELECT+1 --store {store}": ["duckdb", "pandas"],
    "export region --store {store} --output {store}/../region.csv": ["duckdb", "pandas"],
    "check": [],
    "features": [],
    "list models": [],
    "list filters": ["numba", "scipy"],
    "list recipes": [],
}
# Each command in a child of one process that holds what all of them need.
CODE = """
import json, os, sys
import pyarrow.parquet, pydantic, rich.progress, yaml
from flows.cli import main
heavy, *commands = json.loads(sys.argv[1])
for command in commands:
    if os.fork() == 0:
        out = os.dup(1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            main([word.replace("+", " ") for word in command.split()])
        except SystemExit as end:
            code = end.code
        found = {"command": command, "code": code, "heavy": [name for name in heavy if name in sys.modules]}
        os.write(out, (json.dumps(found) + "\\n").encode())
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The small store with a cohort of the catalog, and a run of each study of that, with every kind of model."""
    store = fill_store(Store(tmp_path_factory.mktemp("imports") / "store"))
    publish_tables(store, "builtin", CohortState(key="1"), {})
    plans = [load_study(study_files()[name]) for name in ("builtin_response", "builtin_survival")]
    models = tuple(MODELS.parse(kind) for kind in MODELS.modules)
    own = load_study(study_files()["builtin_association"])
    for plan in (own, *(plan.model_copy(update={"models": models}) for plan in plans)):
        folder = store.study(plan.name, "0" * 64)
        folder.mkdir(parents=True)
        facts = {"study": plan.model_dump(mode="json"), "provenance": {"study settings": plan.digest()}, "files": []}
        (folder / "study.json").write_bytes(json_bytes(facts))
    return store


def test_commands_that_read_import_nothing_that_computes(store: Store) -> None:
    commands = {words.format(store=store.root): heavy for words, heavy in COMMANDS.items()}
    arguments = json.dumps([HEAVY, *commands])
    shown = subprocess.run([sys.executable, "-c", CODE, arguments], capture_output=True, text=True, cwd=ROOT)
    found = {line["command"]: line for line in map(json.loads, shown.stdout.splitlines())}
    assert {words: line["code"] for words, line in found.items()} == dict.fromkeys(commands, 0), shown.stderr
    assert {words: sorted(line["heavy"]) for words, line in found.items()} == commands


def test_the_provenance_of_a_study_names_the_tasks_that_the_flow_runs() -> None:
    from flows import study

    steps = (study.apply_signatures, study.fuse_blocks, study.fit_models, study.write_study_report)
    assert tuple(step.fn.__module__ for step in steps) == STEPS
