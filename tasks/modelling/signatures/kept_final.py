"""Kept finals: candidates as fitted on all cases of a study, in the store beside its fits, so that no two studies fit one twice."""

from __future__ import annotations

import json

from features.core.errors import DamagedError, RadweaveError
from features.core.storage.seal import damaged
from features.core.storage.store import FIT
from features.core.storage.table import read_with_provenance, write_table
from features.core.versions import kernel
from features.results.fits import COHORTS
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fit_address import FitAddress
from tasks.modelling.evaluation.kept_fits import KeptFits
from tasks.modelling.saved.arrays_table import arrays_of, arrays_table
from tasks.modelling.saved.saved_final import final_of, saved
from tasks.modelling.saved.structure import NotKeptError

_FACTS = "final"  # in the provenance: what is no array


def find_final(kept: KeptFits, address: FitAddress) -> Final | None:
    """What is kept under an address; None if there is nothing, or it is damaged or of another radweave: then it is removed."""
    if not kept.store.has(FIT, address.digest):
        return None
    path = kept.store.work(FIT, address.digest)
    try:
        table, provenance = read_with_provenance(path)
        if provenance.get("address") != f"{FIT}/{address.digest}":
            raise damaged(path, "it is the result of another address")
        return final_of(json.loads(provenance[_FACTS]), arrays_of(table))
    except (DamagedError, RadweaveError):
        kept.forget(address)
        return None


def keep_final(kept: KeptFits, address: FitAddress, final: Final) -> None:
    """Write it under its address; nothing where a model cannot be kept: then its predictions are. Raises StoreError."""
    try:
        facts, arrays = saved(final)
    except NotKeptError:
        return
    provenance = {
        "address": f"{FIT}/{address.digest}",
        COHORTS: json.dumps(address.cohorts),
        _FACTS: json.dumps(facts),
        "kernel": kernel(),
    }
    with kept.writing():
        write_table(kept.store.work(FIT, address.digest), arrays_table(arrays), provenance)
