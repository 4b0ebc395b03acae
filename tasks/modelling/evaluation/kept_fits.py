"""kept_fits: fits in the store, under what they were computed from, so that nothing is fitted twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from tasks.modelling.prediction import Incidence, Prediction
from tasks.modelling.splits.split import Fold

_FACTS = "fit"  # in the provenance: what is no number of the table
_CUT, _LINE = "cut", "line"
_WEIGHTS = ("selected", "shares")  # fields of a Fit that map names to numbers
_PREDICTED = ("risk", "probability", "value")  # fields of a Prediction
_DAYS, _CURVES = "incidence_days", "incidence"


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
    parts: list[tuple[str, list[str], NDArray[np.float64]]] = [
        (_CUT, [], np.array([fit.cut])),
        (_LINE, [], np.array(fit.line)),
    ]
    for name in _WEIGHTS:
        weights: Mapping[str, float] = getattr(fit, name)
        parts.append((name, list(weights), np.array(list(weights.values()), np.float64)))
    prediction = Prediction() if fit.prediction is None else fit.prediction
    predicted = [(name, getattr(prediction, name)) for name in _PREDICTED]
    if prediction.incidence is not None:
        predicted += [(_DAYS, prediction.incidence.days), (_CURVES, prediction.incidence.value)]
    parts += [(name, [], np.asarray(values, np.float64).ravel()) for name, values in predicted if values is not None]
    sizes = [len(values) for *_, values in parts]
    words, named = [part for part, *_ in parts], ["", *(name for _, names, _ in parts for name in names)]
    starts = np.cumsum([1, *(len(names) for _, names, _ in parts)])  # of the names of each part, after the empty one
    own = [
        np.arange(len(names)) + start if names else np.zeros(size, np.intp)
        for (_, names, _), size, start in zip(parts, sizes, starts[:-1], strict=True)
    ]
    columns = {
        "part": _repeated(words, np.repeat(np.arange(len(parts)), sizes)),
        "name": _repeated(named, np.concatenate(own)),
        "value": array_of(np.concatenate([values for *_, values in parts]), pa.float64()),
    }
    return pa.table(columns)


def _repeated(words: Sequence[str], places: NDArray[np.intp]) -> pa.Array:
    """Texts, each by its place among a few: of many rows much faster than a list of texts."""
    size = len(places)
    codes = pa.Array.from_buffers(pa.int32(), size, [None, pa.py_buffer(places.astype(np.int32))])
    return pa.DictionaryArray.from_arrays(codes, array_of(words, pa.string())).cast(pa.string())


def _facts_of(fit: Fit) -> dict[str, Any]:
    """What is no number of the table, as JSON.

    levels: columns of the probabilities; predicted: fields that were given; curves: the shape of the incidences.
    """
    prediction = Prediction() if fit.prediction is None else fit.prediction
    probability, incidence = prediction.probability, prediction.incidence
    return {
        "predicted": [name for name in _PREDICTED if getattr(prediction, name) is not None],
        "levels": None if probability is None else probability.shape[1],
        "curves": None if incidence is None else incidence.value.shape,
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
    coded = table["part"].combine_chunks().dictionary_encode()
    of_row, words = coded.indices.to_numpy(), coded.dictionary.to_pylist()
    value, names = table["value"].to_numpy().copy(), table["name"].combine_chunks()

    def numbers(part: str) -> NDArray[np.float64]:
        return value[of_row == words.index(part)] if part in words else np.empty(0)

    def weights(part: str) -> dict[str, float]:
        found = numbers(part)
        if not len(found):
            return {}
        first = int(np.argmax(of_row == words.index(part)))  # the rows of a part follow each other
        return dict(zip(names[first : first + len(found)].to_pylist(), found.tolist(), strict=True))

    prediction: dict[str, Any] = {name: numbers(name) for name in facts["predicted"]}
    if "probability" in prediction:
        prediction["probability"] = prediction["probability"].reshape(-1, facts["levels"])
    if facts["curves"] is not None:
        prediction["incidence"] = Incidence(numbers(_DAYS), numbers(_CURVES).reshape(facts["curves"]))
    return replace(
        fit,
        prediction=Prediction(**prediction) if facts["fitted"] else None,
        cut=float(numbers(_CUT)[0]),
        line=(float(numbers(_LINE)[0]), float(numbers(_LINE)[1])),
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
