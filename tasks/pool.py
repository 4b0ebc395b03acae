"""Pool: where the runner is chosen. One worker runs in this process; several are a local Dask cluster, one core each."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, TypeVar

from features.core.progress import tell

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """Maps functions over items in processes that start at the first use and end with the `with` block.

    workers: 0 means one per core. memory_gib: limit per worker; a worker above it is restarted.
    """

    def __init__(self, workers: int = 0, memory_gib: float = 2.0) -> None:
        self.workers = workers or available_cores()
        self.memory_gib = memory_gib
        self._client: Any = None

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()
            self._client.cluster.close()
            self._client = None

    def map(self, function: Callable[[Item], Result], items: Iterable[Item], what: str) -> list[Result | None]:
        """Results in order, with progress told as `what`; None where the worker was lost (what is kept stays kept).

        Errors of the function are raised; the other items are then cancelled.
        """
        todo: Sequence[Item] = list(items)
        if self.workers == 1 or len(todo) < 2:
            found: list[Result | None] = []
            for i, item in enumerate(todo):
                found.append(function(item))
                tell(what, i + 1, len(todo))
            return found
        return self._scatter(function, todo, what)

    def _scatter(self, function: Callable[[Item], Result], todo: Sequence[Item], what: str) -> list[Result | None]:
        from distributed import KilledWorker, as_completed

        client = self._connected()
        futures = [client.submit(function, item, pure=False) for item in todo]
        tell(what, 0, len(todo))
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                error = future.exception()
                if error is not None and not isinstance(error, KilledWorker):
                    raise error
                tell(what, done, len(todo))
            return [None if future.status == "error" else future.result() for future in futures]
        finally:
            client.cancel(futures)

    def _connected(self) -> Any:
        if self._client is None:
            import dask
            from distributed import Client, LocalCluster

            logging.getLogger("distributed").setLevel(logging.ERROR)
            dask.config.set({"distributed.scheduler.allowed-failures": 1, "distributed.comm.timeouts.connect": "30s"})
            cluster = LocalCluster(
                n_workers=self.workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                memory_limit=f"{self.memory_gib}GiB",
                silence_logs="ERROR",
            )
            self._client = Client(cluster)
        return self._client
