"""Reading: batches of views while a network learns, prepared by a thread while the step before runs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from features.core.images import Images
from features.core.kinds.sampling import to_unit
from features.core.memory import machine_memory

SHARE = 0.2  # of the machine's memory, in which views are kept after they were read once
AHEAD = 2  # batches that are ready at most
Rows = NDArray[np.intp]


class Views:
    """Views of cases as they are kept, (n, views, channels, *size), read where they lie; held in memory where all of them fit.

    most_bytes: of memory that may be held; None: a fifth of the machine's.
    """

    def __init__(self, images: Images, most_bytes: int | None = None) -> None:
        self.images = images
        self.shape = images.shape
        most = int(SHARE * machine_memory()) if most_bytes is None else most_bytes
        fits = 2 * len(images) * prod(self.shape) <= most
        self._held = np.empty((len(images), *self.shape), np.uint16) if fits else None
        self._there = np.zeros(len(images), bool)

    def __len__(self) -> int:
        return len(self.images)

    def read(self, rows: Rows) -> NDArray[np.uint16]:
        """Of k cases, by position. Raises StoreError where what is kept is damaged or gone."""
        if self._held is None:
            return self.images.read(rows)
        lacking = np.unique(rows[~self._there[rows]])
        if len(lacking):
            self._held[lacking] = self.images.read(lacking)
            self._there[lacking] = True
        return self._held[rows]

    def unit(self, rows: Rows) -> NDArray[np.float32]:
        """The same in [0, 1]."""
        return to_unit(self.read(rows))


def chunks(rows: Rows, most: int) -> list[Rows]:
    """Rows in parts of about one size, of `most` at most."""
    return np.array_split(rows, -(-len(rows) // most)) if len(rows) else []


def ahead(
    parts: Sequence[Rows], make: Callable[[Rows], NDArray[np.float32]]
) -> Iterator[tuple[Rows, NDArray[np.float32]]]:
    """Each part with what is made of it, in order; a thread makes the next ones meanwhile. Raises what `make` raises."""
    ready: queue.Queue[tuple[Rows, NDArray[np.float32] | BaseException] | None] = queue.Queue(AHEAD)
    stopped = threading.Event()

    def put(one: tuple[Rows, NDArray[np.float32] | BaseException] | None) -> bool:
        while not stopped.is_set():
            try:
                ready.put(one, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        for rows in parts:
            try:
                made: NDArray[np.float32] | BaseException = make(rows)
            except BaseException as error:  # raised again where it is waited for
                made = error
            if not put((rows, made)) or isinstance(made, BaseException):
                return
        put(None)

    thread = threading.Thread(target=work, name="radweave-views", daemon=True)
    thread.start()
    try:
        while (one := ready.get()) is not None:
            rows, made = one
            if isinstance(made, BaseException):
                raise made
            yield rows, made
    finally:
        stopped.set()
        thread.join()
