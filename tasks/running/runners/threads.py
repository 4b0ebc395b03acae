"""threads: in this process. For small cohorts and for debugging: nothing can be ended, and Python runs one at a time."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal

from features.core.memory import limit_memory
from tasks.running.runner import Runner, Workers


class Threads(Runner):
    """Threads of this process. A case that hangs cannot be ended; memory is estimated beforehand, not limited."""

    kind: Literal["threads"] = "threads"

    def open(self) -> Workers:
        return _Threads(self.count(), self.memory())


class _Threads(Workers):
    def __init__(self, size: int, memory: int) -> None:
        self._size = size
        self._pool = ThreadPoolExecutor(size, "radweave", initializer=limit_memory, initargs=(memory,))

    def size(self) -> int:
        return self._size

    def submit(self, call: Callable[[Any], Any], argument: Any) -> "Future[Any]":
        return self._pool.submit(call, argument)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
