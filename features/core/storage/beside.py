"""Beside: a store whose results are written by threads while the caller goes on, so that nobody waits for a disk in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected, Warned
from features.core.storage.store import Store, Values

AT_ONCE = 4  # results of a process that are being written; disks make what comes together durable together
LARGE = 2**24  # bytes of an array that is written at once: so many of them need not be in memory

T = TypeVar("T")


class Later(Generic[T]):
    """A value that may be told once all that it stands for is durable, which `result` waits for."""

    def __init__(self, value: T, writing: Sequence[Future[None]]) -> None:
        self._value, self._writing = value, writing

    def result(self) -> T:
        """The value. Raises what a write ended with, such as StoreError where the disk is full, after all have ended."""
        errors = [one.exception() for one in self._writing]
        for error in errors:
            if error is not None:
                raise error
        return self._value


class Beside(Store):
    """A store for one caller. `has` knows what is being written; every result is whole or absent, as in any store.

    Who saves does not learn of errors: `later` or `wait` raises them.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        object.__setattr__(self, "_writing", {})

    def has(self, block: str, digest: str) -> bool:
        return (block, digest) in self._under_way or super().has(block, digest)

    def save(
        self,
        block: str,
        digest: str,
        result: Values | Rejected,
        provenance: Mapping[str, str],
        warnings: Sequence[Warned] = (),
    ) -> None:
        save = super().save
        self._begin(block, digest, lambda: save(block, digest, result, provenance, warnings))

    def save_array(
        self,
        block: str,
        digest: str,
        array: NDArray[np.uint16],
        provenance: Mapping[str, str],
        warnings: Sequence[Warned] = (),
    ) -> None:
        if array.nbytes > LARGE:
            super().save_array(block, digest, array, provenance, warnings)
            return
        save = super().save_array
        self._begin(block, digest, lambda: save(block, digest, array, provenance, warnings))

    def wait(self) -> None:
        """Go on when all that was saved is durable. Raises as `Later.result`."""
        self.later(None).result()

    def later(self, value: T) -> Later[T]:
        """A value that holds once all that was saved is durable."""
        return Later(value, list(self._under_way.values()))

    @property
    def _under_way(self) -> dict[tuple[str, str], Future[None]]:
        found: dict[tuple[str, str], Future[None]] = self._writing  # type: ignore[attr-defined]
        return found

    def _begin(self, block: str, digest: str, save: Callable[[], None]) -> None:
        threads, room = _writers()
        room.acquire()
        self._under_way[block, digest] = begun = threads.submit(save)
        begun.add_done_callback(lambda _: room.release())


@cache
def _writers() -> tuple[ThreadPoolExecutor, BoundedSemaphore]:
    """The threads of this process that write, and room for as many results."""
    return ThreadPoolExecutor(AT_ONCE, "radweave-writer"), BoundedSemaphore(AT_ONCE)
