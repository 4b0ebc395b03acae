"""processes: children of this process. pebble starts and ends them, so that one case that fails takes no other along."""

import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Literal

from pebble import ProcessExpired, ProcessPool

from features.core.memory import limit_memory
from tasks.running.runner import TIMEOUT, Runner, WorkerLost, Workers

ONE_THREAD = {
    **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")},
    "VECLIB_MAXIMUM_THREADS": "1",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
}


class Processes(Runner):
    """Processes of this machine, one core each. A case that takes too long or too much memory is ended alone.

    Also a single worker is a child (it starts in about three seconds), because only a child can be ended.
    """

    kind: Literal["processes"] = "processes"
    timeout_s: float = TIMEOUT

    def open(self) -> Workers:
        return Children(self.count(), self.timeout_s, self.memory())


class Children(Workers):
    """Child processes, started at the first call, no more of them than items that are expected.

    memory: bytes of each; None for those that drive a device, which also keep the threads of their libraries.
    settings: of their environment, besides that of this process.
    """

    def __init__(
        self, size: int, timeout_s: float, memory: int | None, settings: Mapping[str, str] | None = None
    ) -> None:
        self._size = size
        self._settings = dict(settings or {})
        self._timeout_s = timeout_s
        self._memory = memory
        self._wanted = size
        self._pool: ProcessPool | None = None
        self._under_way: set[Future[bytes]] = set()
        self._lock, self._closed = threading.Lock(), False  # a worker of dask has several threads

    def size(self) -> int:
        return self._size

    def expect(self, items: int) -> None:
        wanted = max(1, min(items, self._size))
        if self._pool is None:
            self._wanted = wanted
        elif wanted > self._wanted:
            self._pool.close()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._wanted, self._pool = wanted, None

    def submit(self, call: Callable[[Any], Any], argument: Any) -> "Future[Any]":
        return self.submit_packed(pickle.dumps((call, argument)))

    def submit_packed(self, packed: bytes) -> "Future[bytes]":
        """As `submit`; what to call and its result are packed, so that this process need not know their modules."""
        with self._lock:
            if self._closed:
                raise WorkerLost
            found: Future[bytes] = self._running().schedule(_work, args=(packed,), timeout=self._timeout_s)
        self._under_way.add(found)
        found.add_done_callback(self._under_way.discard)
        return found

    def _running(self) -> ProcessPool:
        if self._pool is not None and not self._pool.active:
            self._pool.join()  # a child was killed while it had nothing to do, which ends a pool of pebble
            self._pool = None
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")  # forked ones would inherit libraries that have begun threads
            self._pool = ProcessPool(
                self._wanted, initializer=_begin, initargs=(self._memory, self._settings), context=spawn
            )
        return self._pool

    def result(self, future: "Future[Any]") -> Any:
        return pickle.loads(self.packed_result(future))  # noqa: S301 - from our own child

    def packed_result(self, future: "Future[bytes]") -> bytes:
        """As `result`."""
        try:
            return future.result()
        except (ProcessExpired, BrokenProcessPool) as error:
            raise WorkerLost from error

    def close(self) -> None:
        with self._lock:
            self._closed = True
        for future in list(self._under_way):
            future.cancel()  # wakes whoever waits for it
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()


def _begin(memory: int | None, settings: Mapping[str, str]) -> None:
    """What a child does first, before any library is loaded."""
    os.environ.update(settings)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if memory is not None:
        os.environ.update(ONE_THREAD)
        limit_memory(memory)
        _limit_data(memory)


def _limit_data(memory: int) -> None:
    """Allocations beyond the limit fail. Only Linux enforces this; elsewhere estimates alone keep large cases out."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (memory, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(packed: bytes) -> bytes:
    call, argument = pickle.loads(packed)  # noqa: S301 - from our own parent
    try:
        return pickle.dumps(call(argument))
    except Exception as error:
        _check_pickles(error)
        raise


def _check_pickles(error: Exception) -> None:
    """An error that cannot be handed over would end the pool: it is told as text."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - just packed
    except Exception:
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
