"""Studies of the literature: a design of the review on a cohort whose truth is known, from an empty folder to a verdict."""

import json
import resource
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny

from features.core.catalog.catalog import Word
from features.core.errors import DataError, StoreError
from features.core.frozen import Frozen
from features.core.progress import tell
from features.core.storage.place import write_bytes
from features.core.storage.seal import json_bytes, read_json
from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.core.yaml import Document
from features.results.manifest import Mart
from features.results.runs import read_run
from features.simulate.simulator import SIMULATORS, Simulator, simulate
from features.simulate.write_catalog import plain_yaml
from flows.refresh import refresh
from flows.serving.engine import run_flow
from flows.study import study
from tasks.running.pool import AnyRunner

RESULT = "result.json"
SETTINGS = "simulated.json"  # beside a cohort: what it was made by
COST = "cost.json"  # step → seconds of the clock, and of CPU
BASELINE = "first_order_and_volume"  # the set of blocks that a planted pattern must beat
HEADER = "# Written by radweave study {name}: the study as it was run, on the cohort beside it.\n"


class PublishedStudy(Frozen):
    """What was published, on other data: never a target."""

    by: str = Field(description="authors and year")
    data: str = Field(description="how many cases of what")
    method: str = Field(description="what was done, in a line")
    result: str = Field(description="what was found, as the review quotes it")


class Literature(Frozen):
    """A study of the literature: what was published, the cohort that it is tried on, and what is run on it.

    studies, beside: by name, in the words of a study's file; studies are run in their order, those beside are what they name, as
    ./NAME.yaml, and recipes what they name as ./recipes/NAME.yaml, besides those of the cohort. full: keys of `simulated`, and of
    `studies` those of every study that predicts, at the size of the publication, in the place of those of the fast form.
    reduced: what the fast form leaves out, in words.
    """

    published: PublishedStudy
    simulated: Annotated[SerializeAsAny[Simulator], BeforeValidator(SIMULATORS.parse)]
    studies: dict[Word, dict[str, Any]] = Field(
        min_length=1, description="what is run, by name, as a study's file says it"
    )
    beside: dict[Word, dict[str, Any]] = Field({}, description="studies that these name, as ./NAME.yaml")
    recipes: dict[Word, dict[str, Any]] = Field({}, description="recipes that these name, as ./recipes/NAME.yaml")
    full: dict[Literal["simulated", "studies"], dict[str, Any]] = Field({}, description="the published size")
    reduced: str = Field("", description="what the fast form leaves out")


@dataclass(frozen=True)
class Size:
    """Which run of a study of the literature. null: nothing is planted. full: the published size."""

    seed: int = 0
    null: bool = False
    full: bool = False

    @property
    def folder(self) -> str:
        """The name of its folder.

        >>> Size(1, null=True).folder
        'seed1-null'
        """
        return "-".join([f"seed{self.seed}", *["null"] * self.null, *["full"] * self.full])


def load_literature(path: Path) -> Literature:
    """Raises ConfigError with all faults."""
    return Document.load(path).parse(Literature)


def run_literature(path: Path, size: Size, folder: Path, runner: AnyRunner) -> list[Path]:
    """Simulate, refresh and run; the folders of the runs. What came out stands in `result.json` in the folder of this size.

    What an earlier run finished is used again. Raises RadweaveError as refresh and study do, DataError for a size that there is
    not.
    """
    name, plan = path.stem, load_literature(path)
    if size.full and not plan.full:
        raise DataError(f"study {name}: --full: it has no other size than its own")
    own = folder / name / size.folder
    with _cost(own, "simulate"):
        catalog = str(make_cohort(plan, size, own / "cohort"))
    files = _written(name, plan, size, own)
    run_files, store = [str(files[one]) for one in plan.studies], str(own / "store")
    with _cost(own, "refresh"):
        run_flow(refresh, cohorts=_cohorts(own), studies=run_files, runner=runner, catalog=catalog, store=store)
    with _cost(own, "study"):
        runs = [run_flow(study, one, runner=runner, catalog=catalog, store=store) for one in run_files]
    told = _result(name, plan, size, own, runs)
    if told != {key: value for key, value in _read(own / RESULT).items() if key != "cost"}:
        write_bytes(own / RESULT, json_bytes({**told, "cost": _read(own / COST)}))
    return runs


def literature_results(folder: Path) -> list[dict[str, Any]]:
    """What every run below a folder says in its `result.json`, sorted by its place. Raises StoreError if one cannot be read."""
    found = []
    for path in sorted(folder.glob(f"*/*/{RESULT}")):
        try:
            found.append(read_json(path))
        except StoreError as error:
            raise StoreError(f"{error}: remove it, and run the study again") from error
    return found


def make_cohort(plan: Literature, size: Size, folder: Path) -> Path:
    """The catalog of the simulated cohort in a folder. It is written aside first: a killed run leaves none that looks whole.

    One that was made by other settings, as an earlier file of the study had them, is made again, and its cost is forgotten.
    """
    catalog, settings = folder / "data_catalog.yaml", _simulator(plan, size).model_dump(mode="json")
    if catalog.is_file() and _read(folder / SETTINGS).get("settings") == settings:
        return catalog
    aside = folder.with_name(f"{folder.name}.unfinished")
    if folder.exists():
        (folder.parent / COST).unlink(missing_ok=True)
    for there in (aside, folder):
        if there.exists():
            shutil.rmtree(there)
    simulate(_simulator(plan, size), aside, tell)
    write_bytes(aside / SETTINGS, json_bytes({"settings": settings}))
    aside.rename(folder)
    return catalog


def _simulator(plan: Literature, size: Size) -> Simulator:
    """The cohort's settings in this size."""
    changes = plan.full.get("simulated", {}) if size.full else {}
    own = {**changes, "seed": size.seed, **({"null": True} if size.null else {})}
    return type(plan.simulated).model_validate({**plan.simulated.model_dump(), **own})


def _written(name: str, plan: Literature, size: Size, folder: Path) -> dict[str, Path]:
    """The files of the studies in a folder, as they are run there, and of those beside them."""
    changes = plan.full.get("studies", {}) if size.full else {}
    found = {}
    for one, settings in plan.recipes.items():
        (folder / "recipes").mkdir(exist_ok=True)
        text = HEADER.format(name=name) + plain_yaml(settings, short=True)
        (folder / "recipes" / f"{one}.yaml").write_text(text, "utf-8")
    for one, settings in {**plan.studies, **plan.beside}.items():
        drawn = {} if "kind" in settings else {**changes, "seed": size.seed}  # associations draw nothing
        whole = {**settings, **drawn, "catalog": "cohort/data_catalog.yaml"}
        found[one] = folder / f"{one}.yaml"
        found[one].write_text(HEADER.format(name=name) + plain_yaml(whole, short=True), "utf-8")
    return found


def _cohorts(folder: Path) -> list[str]:
    """All cohorts of the studies in a folder."""
    found: dict[str, None] = {}
    for path in sorted(folder.glob("*.yaml")):
        data = Document.load(path).data
        found |= dict.fromkeys([*data.get("cohorts", ()), *data.get("external", ())])
    return list(found)


def _result(name: str, plan: Literature, size: Size, folder: Path, runs: Sequence[Path]) -> dict[str, Any]:
    oracle = json.loads((folder / "cohort" / "truth" / "truth.json").read_text("utf-8"))["oracle"]
    found = {one: _of_run(folder, run, oracle) for one, run in zip(plan.studies, runs, strict=True)}
    facts = {
        "study": name,
        "published": plan.published.model_dump(),
        "simulated": {**_simulator(plan, size).model_dump(mode="json"), "null": size.null},
        "full": size.full,
        "reduced": "" if size.full else plan.reduced,
        "verdict": overall(claim["verdict"] for one in found.values() for claim in one["claims"]),
        "studies": found,
        "inputs": _inputs(Mart.open(Store(folder / "store"))),
        "radweave": version("radweave"),
    }
    same: dict[str, Any] = json.loads(json.dumps(facts))
    return same


def _of_run(folder: Path, run: Path, oracle: Mapping[str, Any]) -> dict[str, Any]:
    """What a run of a study found, what somebody scores who knows the truth, and what really ran."""
    facts = read_run(run)
    settings, scores = facts["study"], _main_scores(run)
    return {
        "title": settings["title"],
        "claims": _rows(run / "claims.parquet"),
        "oracle": oracle.get(settings.get("endpoint", ""), {}),
        "baseline": [row for row in scores if row["blocks"] == BASELINE],
        "scores": scores,
        "columns": {row["blocks"]: row["columns"] for row in _rows(run / "scores.parquet")},
        "candidates": [_candidate(one) for one in settings.get("models", ())],
        "effects": settings.get("effects", []),
        "deltas": settings.get("deltas", []),
        "signatures": facts.get("signatures", {}),
        "splits": settings.get("splits", []),
        "recipes": facts["recipes"],
        "run": str(run.relative_to(folder)),
    }


def overall(verdicts: Iterable[str]) -> str:
    """What several claims say together: supported if all are, not supported if one is not, and else undecided.

    >>> overall(["supported", "undecided"]), overall(["supported", "not supported"]), overall(["supported"]), overall([])
    ('undecided', 'not supported', 'supported', 'undecided')
    """
    given = list(verdicts)
    if "not supported" in given:
        return "not supported"
    return "supported" if given and all(one == "supported" for one in given) else "undecided"


def _main_scores(run: Path) -> list[dict[str, Any]]:
    """The scores of the first metric over all centres, within centres where there are both."""
    rows = _rows(run / "scores.parquet")
    own = [row for row in rows if row["centre"] == "" and row["metric"] == rows[0]["metric"]]
    best: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in own:
        key = tuple(row[name] for name in ("split", "cohort", "blocks", "model"))
        if key not in best or (row["within"] and row["value"] is not None):
            best[key] = row
    names = ("split", "cohort", "blocks", "model", "metric", "within", "value", "low", "high", "n", "events", "reason")
    return [{name: row[name] for name in names} for row in best.values()]


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a table, none if a study of this kind has no such table."""
    found: list[dict[str, Any]] = read_table(path).to_pylist() if path.is_file() else []
    return found


def _candidate(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A candidate as it was fitted."""
    return {key: settings[key] for key in ("name", "steps", "model", "fusion")}


def _inputs(mart: Mart) -> dict[str, dict[str, int]]:
    """Cohort → image, ROI and time point → how many scans were used."""
    found: dict[str, dict[str, int]] = {}
    for cohort in mart.manifest.cohorts:
        own = found.setdefault(cohort, {})
        for row in mart.read("scans", cohort, ["image", "roi", "timepoint", "state"]).to_pylist():
            if row["state"] == "used":
                word = " ".join(filter(None, [row["image"], row["roi"], row["timepoint"]]))
                own[word] = own.get(word, 0) + 1
    return found


@contextmanager
def _cost(folder: Path, step: str) -> Iterator[None]:
    """Adds what a step costs, of the clock and of CPU, to what earlier runs of it did: a killed run had its cost too."""
    begun, used = time.monotonic(), _cpu_s()
    try:
        yield
    finally:
        folder.mkdir(parents=True, exist_ok=True)
        known = _read(folder / COST)
        seconds, cpu_s = known.get(step, [0.0, 0.0])
        spent = [round(seconds + time.monotonic() - begun, 1), round(cpu_s + _cpu_s() - used, 1)]
        write_bytes(folder / COST, json_bytes({**known, step: spent}))


def _read(path: Path) -> dict[str, Any]:
    """A JSON file of this folder, empty if there is none, or none that can be read."""
    try:
        found = read_json(path) if path.is_file() else {}
    except StoreError:
        return {}
    return found if isinstance(found, dict) else {}


def _cpu_s() -> float:
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
