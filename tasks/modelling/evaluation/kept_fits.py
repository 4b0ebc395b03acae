"""kept_fits: fits in the store, under what they were computed from, so that nothing is fitted twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.core.storage.arrays import array_of
from features.core.storage.place import remove_file
from features.core.storage.seal import damaged
from features.core.storage.store import FIT, Store
from features.core.storage.table import read_with_provenance, write_table
from features.core.versions import kernel
from features.results.fits import COHORTS
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.fit_address import FitAddress
from tasks.modelling.prediction import Prediction
from tasks.modelling.splits.split import Fold

_FACTS = "fit"  # in the provenance: what is no number of the table
_CUT = "cut"
_WEIGHTS = ("selected", "shares")  # fields of a Fit that map names to numbers
_PREDICTED = ("risk", "probability", "value")  # fields of a Prediction


@dataclass(frozen=True)
class KeptFits:
    """The fits of a store. It is pickled to workers, which keep each fit as soon as it is done.

    writing() is held while one is written: it may refuse, as where a case was withdrawn meanwhile.
    """

    store: Store
    writing: Callable[[], AbstractContextManager[None]] = nullcontext

    def keep(self, address: FitAddress, fit: Fit) -> Fit:
        """Write a fit; the one that is returned is what `find` gives. Raises StoreError; TypeError for what is no JSON."""
        table, facts = _table_of(fit), _facts_of(fit)
        provenance = {
            "address": f"{FIT}/{address.digest}",
            COHORTS: json.dumps(address.cohorts),
            _FACTS: json.dumps(facts, default=_plain),
            "kernel": kernel(),
        }
        with self.writing():
            write_table(self.store.work(FIT, address.digest), table, provenance)
        return _read(table, json.loads(provenance[_FACTS]), fit)

    def find(self, address: FitAddress, blocks: str, split: str, fold: Fold, model: str) -> Fit | None:
        """The fit that is kept under an address, None if there is none. Raises DamagedError if it is damaged."""
        if not self.store.has(FIT, address.digest):
            return None
        path = self.store.work(FIT, address.digest)
        table, provenance = read_with_provenance(path)
        if provenance.get("address") != f"{FIT}/{address.digest}":
            raise damaged(path, "it is the result of another address")
        return _read(table, json.loads(provenance[_FACTS]), Fit(blocks, split, fold, model))

    def place(self, address: FitAddress) -> str:
        """Where in the store a fit is kept, for messages."""
        return self.store.work(FIT, address.digest).relative_to(self.store.root).as_posix()

    def forget(self, address: FitAddress) -> None:
        """Remove a damaged fit: its address says how to compute it again."""
        remove_file(self.store.work(FIT, address.digest))


def _table_of(fit: Fit) -> pa.Table:
    """The numbers of a fit in long form: part, name (of a column or block, else empty), value. NaN stays NaN."""
    parts: list[tuple[str, list[str], NDArray[np.float64]]] = [(_CUT, [""], np.array([fit.cut]))]
    for name in _PREDICTED:
        values = None if fit.prediction is None else getattr(fit.prediction, name)
        if values is not None:
            parts.append((name, [""] * values.size, np.asarray(values, np.float64).ravel()))
    for name in _WEIGHTS:
        weights: Mapping[str, float] = getattr(fit, name)
        parts.append((name, list(weights), np.array(list(weights.values()), np.float64)))
    columns = {
        "part": array_of([part for part, names, _ in parts for _ in names], pa.string()),
        "name": array_of([name for _, names, _ in parts for name in names], pa.string()),
        "value": array_of(np.concatenate([values for *_, values in parts]).tolist(), pa.float64()),
    }
    return pa.table(columns)


def _facts_of(fit: Fit) -> dict[str, Any]:
    """What is no number of the table, as JSON. levels: columns of the probabilities; predicted: fields that were given."""
    prediction = Prediction() if fit.prediction is None else fit.prediction
    probability = prediction.probability
    return {
        "predicted": [name for name in _PREDICTED if getattr(prediction, name) is not None],
        "levels": None if probability is None else probability.shape[1],
        "fitted": fit.prediction is not None,
        "encoded": fit.encoded,
        "settings": fit.settings,
        "chosen": fit.chosen,
        "warnings": list(fit.warnings.items()),
        "remarks": list(fit.remarks.items()),
        "reason": fit.reason,
    }


def _read(table: pa.Table, facts: Mapping[str, Any], fit: Fit) -> Fit:
    """A fit of what is kept of it; blocks, split, fold and model are those of `fit`."""
    part, value = np.array(table["part"].to_pylist(), object), table["value"].to_numpy().copy()
    names = table["name"].to_pylist()

    def weights(field: str) -> dict[str, float]:
        return {names[i]: float(value[i]) for i in np.flatnonzero(part == field)}

    prediction = {name: value[part == name] for name in facts["predicted"]}
    if "probability" in prediction:
        prediction["probability"] = prediction["probability"].reshape(-1, facts["levels"])
    return replace(
        fit,
        prediction=Prediction(**prediction) if facts["fitted"] else None,
        cut=float(value[part == _CUT][0]),
        selected=weights("selected"),
        shares=weights("shares"),
        encoded=facts["encoded"],
        settings=facts["settings"],
        chosen=facts["chosen"],
        warnings=Counter(dict(facts["warnings"])),
        remarks=Counter(dict(facts["remarks"])),
        reason=facts["reason"],
    )


def _plain(value: object) -> object:
    """A number of numpy as one of Python. Raises TypeError for anything else, which JSON cannot hold."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept of a fit")
