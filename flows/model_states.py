"""model_states: whether saved models were fitted on the tables of today, and if not, what moved."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from features.core.catalog.catalog import load_catalog
from features.core.digest import digest_json
from features.core.errors import ConfigError, RadweaveError, StoreError
from features.core.storage.store import Store
from features.results.manifest import Mart
from features.results.models import model_folders, read_model
from flows.provenance import STABILITY, study_provenance
from flows.staleness import TABLES, RunState, moved_tables, recipes_of
from tasks.modelling.evaluation.study import Study


def model_states(store: Store, catalog: Path) -> list[RunState]:
    """The state of every saved model, by study and digest. A model is stale where the tables of a cohort that trained it moved:
    other code, and cohorts that it only predicted, leave it as it is.
    """
    mart = Mart.open(store)
    return [model_state(folder, mart, catalog) for folder in model_folders(store)]


def model_state(folder: Path, mart: Mart, catalog: Path) -> RunState:
    """Whether a model is current; else why not. What cannot be read is damaged, and its sentence says what to do."""
    try:
        facts = read_model(folder)
    except StoreError as error:
        return RunState(folder, "damaged", str(error))
    try:
        plan = Study.model_validate(facts["study"])
        today = study_provenance(plan, recipes_of(plan, facts), mart, load_catalog(catalog))
    except ConfigError as error:
        return RunState(folder, "unknown", str(error.faults[0]))
    except RadweaveError as error:
        return RunState(folder, "unknown", str(error).splitlines()[0])
    except (KeyError, ValidationError):
        return RunState(folder, "unknown", "its settings are of another radweave")
    own = facts.get("recalibrated") or {}
    trained = [name for name in facts["cohorts"] if name != own.get("cohort")]
    cohorts = tuple(name for name in trained if _moved(f"{TABLES}{name}", facts, today))
    if own and _tables_moved(own, mart):
        cohorts = (*cohorts, own["cohort"])
    why = [moved_tables(name, facts, mart, "a case was withdrawn, or its declaration changed") for name in cohorts]
    stability = [key for key in today if key.startswith("stability of ") and key != STABILITY]
    why += [f"{key} changed" for key in stability if _moved(key, facts, today)]
    return RunState(folder, "stale" if why else "current", "; ".join(why), cohorts)


def _tables_moved(recalibrated: Mapping[str, Any], mart: Mart) -> bool:
    """Whether the cohort that a model was recalibrated on has other tables today, or none."""
    name = recalibrated["cohort"]
    kept = recalibrated["provenance"].get(f"{TABLES}{name}")
    there = name in mart.manifest.cohorts
    return not there or kept != digest_json({key: file.sha256 for key, file in mart.manifest.of_cohort(name).items()})


def _moved(key: str, facts: dict[str, Any], today: dict[str, str]) -> bool:
    return bool(facts.get("provenance", {}).get(key) != today.get(key))
