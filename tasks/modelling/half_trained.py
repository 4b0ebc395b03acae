"""Half-trained networks: what is reached after each epoch, kept beside the fits, so that a killed study goes on where it was.

Nobody keeps anything unless `keeping` says where: then each is one sealed table of the store, and is gone once its fit is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from features.core.errors import DamagedError, RadweaveError
from features.core.progress import say
from features.core.storage.place import remove_file
from features.core.storage.store import TRAINING, Store
from features.core.storage.table import read_with_provenance, write_table
from tasks.modelling.saved.arrays_table import arrays_of, arrays_table

Arrays = dict[str, NDArray[Any]]
_FACTS = "reached"  # in the provenance: what is no array


@dataclass(eq=False)
class HalfTrained:
    """writing: held while something is written, as in KeptFits. used: addresses that were asked for since the last `forget`."""

    store: Store
    writing: Callable[[], AbstractContextManager[None]] = nullcontext
    used: set[str] = field(default_factory=set)

    def find(self, digest: str) -> tuple[dict[str, Any], Arrays] | None:
        """Facts and arrays that are kept under an address; None where there are none, or they are damaged, which is said."""
        self.used.add(digest)
        if not self.store.has(TRAINING, digest):
            return None
        path = self.store.work(TRAINING, digest)
        try:
            table, provenance = read_with_provenance(path)
            facts = json.loads(provenance[_FACTS])
            return facts, dict(zip(facts.pop("names"), arrays_of(table), strict=True))
        except (DamagedError, RadweaveError, KeyError, ValueError):
            say(f"a half-trained network is damaged and begins anew: {path.name}")
            remove_file(path)
            return None

    def keep(self, digest: str, facts: dict[str, Any], arrays: Arrays) -> None:
        """Write, in the place of what is there. Raises StoreError."""
        told = json.dumps({**facts, "names": list(arrays)})
        provenance = {"address": f"{TRAINING}/{digest}", _FACTS: told}
        with self.writing():
            write_table(self.store.work(TRAINING, digest), arrays_table(list(arrays.values())), provenance)

    def forget(self) -> None:
        """Remove what was used: its fit is kept."""
        for digest in self.used:
            remove_file(self.store.work(TRAINING, digest))
        self.used.clear()


_current: ContextVar[HalfTrained | None] = ContextVar("half-trained", default=None)


def half_trained() -> HalfTrained | None:
    """Where half-trained networks are kept; None where nobody does."""
    return _current.get()


@contextmanager
def keeping(half: HalfTrained) -> Iterator[HalfTrained]:
    """Inside, networks that learn keep there what they reach."""
    token = _current.set(half)
    try:
        yield half
    finally:
        _current.reset(token)
