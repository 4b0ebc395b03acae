"""staleness: whether the results of a study belong to the tables, the settings and the code of today, and if not, why."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from features.core.catalog.catalog import load_catalog
from features.core.errors import ConfigError, RadweaveError, StoreError
from features.core.kinds.recipe import Recipe
from features.core.storage.place import find_files
from features.core.storage.store import Store
from features.results.manifest import Mart, refresh_numbers
from features.results.runs import STUDY, read_run
from flows.named import find_recipe, read_study, recipe_files, study_files
from flows.provenance import CODE, STABILITY, study_provenance
from tasks.modelling.evaluation.study import Study, study_model
from tasks.modelling.signatures.signature import Signature, narrowed, of_facts
from tasks.modelling.study_settings import StudySettings

State = Literal["current", "stale", "unknown", "damaged"]
MOST_CASES = 5  # that a sentence names
TABLES = "tables of "  # begins a key of the provenance; the cohort follows


@dataclass(frozen=True)
class RunState:
    """A run of a study, its state, and why it is no other. cohorts: whose tables moved since."""

    folder: Path
    state: State
    why: str
    cohorts: tuple[str, ...] = ()

    @property
    def study(self) -> str:
        """The name of the study."""
        return self.folder.parent.name


def run_states(store: Store, catalog: Path) -> list[RunState]:
    """The state of every run that came to its end, by study and run."""
    mart = Mart.open(store)
    return [run_state(folder, mart, catalog) for folder in _runs(store)]


def run_state(folder: Path, mart: Mart, catalog: Path) -> RunState:
    """Whether a run is current; else what moved. A run that cannot be read is damaged, and its sentence says what to do."""
    found = _compared(folder, mart, catalog)
    if isinstance(found, RunState):
        return found
    withdrawn = found.facts.get("withdrawn", 0)
    told = {key: _moved(key, found, mart, withdrawn=bool(withdrawn)) for key in found.moved}
    why = [sentence for sentence in told.values() if sentence]
    why += [f"{withdrawn} of its cases {'was' if withdrawn == 1 else 'were'} withdrawn"] if withdrawn else []
    if not why:
        other = _other_settings(folder.parent.name, found.plan)
        return RunState(folder, "current", f"its file has other settings: {', '.join(other)}" if other else "")
    cohorts = tuple(key.removeprefix(TABLES) for key in found.moved if told[key] and key.startswith(TABLES))
    return RunState(folder, "stale", "; ".join(why), cohorts)


def current_runs(store: Store, catalog: Path, signatures: Sequence[Signature]) -> dict[str, Path]:
    """Of each signature a run of its own study that fitted the same candidate and is current, where there is one."""
    mart, found = Mart.open(store), dict[str, Path]()
    for one in signatures:
        for folder in (folder for folder in _runs(store) if folder.parent.name == one.plan.name):
            compared = _compared(folder, mart, catalog)
            if isinstance(compared, RunState) or compared.moved or compared.facts.get("withdrawn"):
                continue
            plan = compared.plan
            if not isinstance(plan, Study):
                continue
            same = one.blocks in plan.blocks and one.candidate.name in [candidate.name for candidate in plan.models]
            if same and narrowed(plan, one.blocks, one.candidate.name).digest() == one.plan.digest():
                found[one.name] = folder
    return found


def newly_stale(store: Store, catalog: Path, cohorts: Collection[str]) -> list[RunState]:
    """The studies that a refresh of these cohorts has left without a current run: the newest run of each, by name.

    A study that cannot be judged, as when its settings are of another radweave, is left to `radweave status`.
    """
    mart, keys = Mart.open(store), {TABLES + name for name in cohorts}
    stale: dict[str, Path] = {}
    for study, runs in groupby(_runs(store), key=lambda folder: folder.parent):
        found = {folder: _compared(folder, mart, catalog) for folder in runs}
        moved = {folder: one.moved for folder, one in found.items() if isinstance(one, _Compared)}
        left = [folder for folder, those in moved.items() if keys.intersection(those)]
        if left and all(moved.values()):
            stale[study.name] = max(left, key=lambda folder: (folder / STUDY).stat().st_mtime)
    states = [run_state(folder, mart, catalog) for folder in stale.values()]
    return [one for one in states if {*one.cohorts} & {*cohorts}]  # a withdrawal alone was said when it was made


def stale_sentence(one: RunState, options: str = "") -> str:
    """What a refresh says of a study that is stale now. options: those that the commands need besides the study."""
    given = one.study if one.study in study_files() else "FILE, its file,"
    return f"stale now: study {one.study} ({one.why}): run radweave study {given}{options}".rstrip(",")


@dataclass(frozen=True)
class _Compared:
    """What a run says of itself, its settings, the provenance that it would have today, and the keys that differ."""

    facts: dict[str, Any]
    plan: StudySettings
    today: dict[str, str]
    moved: tuple[str, ...]


def _runs(store: Store) -> list[Path]:
    root = store.root / "studies"
    return [(root / name).parent for name in find_files(root) if name.endswith(f"/{STUDY}")]


def _compared(folder: Path, mart: Mart, catalog: Path) -> "_Compared | RunState":
    """A run beside what it would be today; its state where that cannot be told."""
    try:
        facts = read_run(folder)
    except StoreError as error:
        return RunState(folder, "damaged", str(error))
    try:
        plan = study_model(facts["study"].get("kind")).model_validate(facts["study"])
        beside = catalog.resolve().parent
        signatures = [_signature(name, one, beside) for name, one in facts.get("signatures", {}).items()]
        today = study_provenance(plan, recipes_of(plan, facts), mart, load_catalog(catalog), signatures=signatures)
    except ConfigError as error:
        return RunState(folder, "unknown", str(error.faults[0]))
    except RadweaveError as error:
        return RunState(folder, "unknown", str(error).splitlines()[0])
    except (KeyError, AttributeError, ValueError):  # a ValidationError is one
        return RunState(folder, "unknown", "its settings are of another radweave")
    kept: dict[str, str] = facts.get("provenance", {})
    moved = (key for key in {**kept, **today} if today.get(key) != kept.get(key))
    order = sorted(moved, key=lambda key: (not key.startswith(TABLES), key != CODE))  # what users did comes first
    return _Compared(facts, plan, today, tuple(order))


def _other_settings(name: str, plan: StudySettings) -> list[str]:
    """The keys in which the file of a study that comes with radweave differs from a run's settings."""
    files = study_files()
    if name not in files:
        return []
    asked = read_study(files[name])[0]
    if asked.digest() == plan.digest():
        return []
    run, file = plan.model_dump(mode="json"), asked.model_dump(mode="json")
    return [key for key in file if key not in ("name", "title", "description", "catalog") and file[key] != run.get(key)]


def recipes_of(plan: StudySettings, facts: dict[str, Any]) -> list[Recipe]:
    """The recipes of a study: radweave's as they are now, those of files as they were: the tables tell whether they moved."""
    kept, files = facts.get("recipes", {}), recipe_files()
    return [
        find_recipe(name) if name in files or name not in kept else Recipe.model_validate(kept[name])
        for name in plan.recipes
    ]


def _signature(name: str, facts: dict[str, Any], beside: Path) -> Signature:
    """A signature of a study: of a study of radweave's, or of a file that is there, as it is now, else as it was; its recipes as
    `recipes_of` has them. beside: folder of the catalog, from which files are seen.
    """
    kept, files = of_facts(name, facts), study_files()
    plan, own_file = kept.plan, beside / kept.file
    if kept.file and own_file.is_file():
        files = {plan.name: own_file}
    if plan.name in files:
        asked = read_study(files[plan.name], beside)[0]
        assert isinstance(asked, Study)  # the name of one that reports associations is another
        there = kept.blocks in asked.blocks and kept.candidate.name in [one.name for one in asked.models]
        plan = narrowed(asked, kept.blocks, kept.candidate.name) if there else asked
    own = tuple(_signature(word, one, beside) for word, one in facts["signatures"].items())
    return replace(kept, plan=plan, recipes=tuple(recipes_of(plan, facts)), own=own)


def _moved(key: str, found: _Compared, mart: Mart, *, withdrawn: bool) -> str:
    """A sentence on what differs under a key of the provenance; "" where it is a withdrawal alone."""
    if key.startswith(TABLES):
        return moved_tables(key.removeprefix(TABLES), found.facts, mart, "" if withdrawn else "its declaration changed")
    if key == CODE:
        return f"the {CODE} changed"
    before, now = found.facts.get("provenance", {}).get(key, ""), found.today.get(key, "")
    if key == STABILITY and not before:
        return f"{key} was measured since"
    is_version = max(len(before), len(now)) < 32  # the others are digests
    return f"{key} {before or 'none'} then, {now or 'none'} now" if is_version else f"{key} changed"


def moved_tables(cohort: str, facts: dict[str, Any], mart: Mart, otherwise: str) -> str:
    """The cases of a cohort that moved since the study was fitted, or the columns.

    otherwise: what to say where neither did; "" after a withdrawal, which leaves earlier refreshes too.
    """
    number = facts.get("refreshes", {}).get(cohort)
    if number is None:
        return f"cohort {cohort}: its tables changed"
    from features.results.diff import diff_refreshes

    refreshed = f"cohort {cohort} was refreshed"
    try:
        found = diff_refreshes(Mart.open(mart.store, number), mart, [cohort])
    except StoreError as error:
        kept = number in refresh_numbers(mart.store)
        return f"{refreshed}: {error}" if kept else f"{refreshed}; refresh {number}, of the study, is no longer kept"
    cases = list(dict.fromkeys(change.case for change in found.changes))
    if cases:
        more = len(cases) - MOST_CASES
        shown = ", ".join(cases[:MOST_CASES]) + (f" and {more} more (radweave diff {number})" if more > 0 else "")
        return f"{refreshed}: {len(cases)} moved: {shown}"
    if found.columns:
        return f"{refreshed}: " + ", ".join(dict.fromkeys(why for _, _, why in found.columns))
    return f"cohort {cohort}: {otherwise}" if otherwise else ""
