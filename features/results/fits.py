"""fits: kept fits of studies, as the store sees them: whose cases they were made of, and which runs they belong to.

A fit holds predictions by their place in a fold, and no id. It is removed with any case of its cohorts all the same: what a model
said of a person who withdrew does not stay.
"""

from __future__ import annotations

import json
from contextlib import suppress

from features.core.errors import DamagedError
from features.core.storage.place import find_files
from features.core.storage.store import FIT, Store
from features.core.storage.table import read_provenance, read_table
from features.results.prefixes import RESULT

COHORTS = "cohorts"  # in the provenance of a fit: whose cases train or are predicted, as a JSON list
TABLE = "fits"  # of a run: the addresses of its fits


def fits_with(store: Store, cohort: str) -> list[str]:
    """Digests of the fits that were made of cases of a cohort, sorted; also of those that are damaged and cannot tell."""
    return sorted(digest for digest in store.results().get(FIT, ()) if _may_hold(store, digest, cohort))


def _may_hold(store: Store, digest: str, cohort: str) -> bool:
    try:
        told = read_provenance(store.work(FIT, digest)).get(COHORTS)
    except DamagedError:
        return True
    return told is None or cohort in json.loads(told)


def fits_of_runs(store: Store) -> set[str]:
    """Digests of the fits that the runs of studies name. A damaged table names none: its fits are computed again if needed."""
    found: set[str] = set()
    for name in find_files(store.root / "studies"):
        if name.endswith(f"/{TABLE}.parquet"):
            with suppress(DamagedError):
                found |= set(read_table(store.root / "studies" / name, [RESULT])[RESULT].to_pylist())
    return found
