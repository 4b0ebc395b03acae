"""KeptImages: what networks are shown of the rows of a study, read from work/ whenever it is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.core.digest import digest_bytes
from features.core.errors import StoreError
from features.core.images import Images, Positions
from features.core.quarantine import Rejected
from features.core.storage.place import is_remote
from features.core.storage.store import SAMPLES, Store

REMEDY = "run radweave refresh again with the recipes of the study"


@dataclass(frozen=True, eq=False)
class KeptImages:
    """It holds addresses alone, so that processes pass it on, and memory does not grow with the number of cases.

    root: the store's. samples: (n, k) addresses in work/samples of the samplings of each case, whose views stand side by side.
    shape: (views, channels, *size), the same of all.
    """

    root: Path
    samples: NDArray[np.str_]
    shape: tuple[int, ...]

    @property
    def addresses(self) -> NDArray[np.str_]:
        one = [row[0] if len(row) == 1 else digest_bytes(" ".join(row).encode()) for row in self.samples.tolist()]
        return np.array(one, dtype="<U64")

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, rows: Positions) -> Images:
        return replace(self, samples=self.samples[rows])

    def read(self, rows: NDArray[np.intp]) -> NDArray[np.uint16]:
        """Raises StoreError where a sample is missing, damaged, or of another shape than that of the others."""
        store = Store(self.root)
        found = np.empty((len(rows), *self.shape), np.uint16)
        for place, addresses in enumerate(self.samples[rows].tolist()):
            views = np.concatenate([_read(store, one) for one in addresses])
            if views.shape != self.shape:
                told = f"{_told(views.shape)}, and the others {_told(self.shape)}"
                raise StoreError(f"{store.work(SAMPLES, addresses[0])}: it shows {told}; {REMEDY}")
            found[place] = views
        return found


def kept_images(store: Store, samples: Sequence[Sequence[str]]) -> KeptImages:
    """Of the rows of a study, at least one. Raises StoreError where what the first row is shown is missing or damaged."""
    shapes = [json.loads(store.provenance(SAMPLES, one)["shape"]) for one in samples[0]]
    views, (_, *rest) = sum(shape[0] for shape in shapes), shapes[0]
    root = store.root if is_remote(store.root) else store.root.resolve()
    return KeptImages(root, np.array(samples, dtype="<U64"), (views, *rest))


def _read(store: Store, address: str) -> NDArray[np.uint16]:
    kept = store.load_array(SAMPLES, address)
    if isinstance(kept, Rejected):
        raise StoreError(f"{store.work(SAMPLES, address)}: it holds no image, but {kept.code}; {REMEDY}")
    return kept[0]


def _told(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))
