"""Runner: how work is done side by side. Its settings, and the workers that do it while it is open."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from pydantic import Field

from features.core.kinds.registry import Kind, Registry
from features.core.memory import GIB, machine_memory

LEAST_GIB = 0.5  # what the libraries take by themselves: 0.2 GiB, with torch and scikit-learn 0.5 GiB
TIMEOUT = Field(1800.0, gt=0, title="Timeout (s)", description="A case that takes longer is ended and quarantined.")


class WorkerLost(Exception):
    """The process that did the work ended without a result; `times`: in how many tries, if the workers tried again itself."""

    def __init__(self, times: int = 1) -> None:
        super().__init__(times)
        self.times = times


class Workers(ABC):
    """Workers that are running. They end with `close`, or with the process that opened them."""

    def devices(self) -> int:
        """How many workers offer a GPU; 0 where none is known."""
        return 0

    @abstractmethod
    def size(self) -> int:
        """How many workers there are now; on a cluster this may change."""

    def expect(self, items: int) -> None:  # noqa: B027 - to most workers it makes no difference
        """So many items come next; no more workers need to start than that."""

    @abstractmethod
    def submit(self, call: Callable[[Any], Any], argument: Any) -> "Future[Any]":
        """Have `call(argument)` done by a worker; both are pickled."""

    def submit_to_device(self, call: Callable[[Any], Any], argument: Any) -> "Future[Any]":
        """As `submit`, by a worker that offers a GPU."""
        return self.submit(call, argument)

    def result(self, future: "Future[Any]") -> Any:
        """What the call gave, or raised. Raises WorkerLost, and TimeoutError if it was ended for taking too long."""
        return future.result()

    @abstractmethod
    def close(self) -> None:
        """End the workers, whatever they do."""


class Runner(Kind):
    """Base of the ways of running work. The fields are the form that a user fills in."""

    workers: int = Field(0, ge=0, title="Workers", description="How many work side by side; 0 means one per core.")
    memory_gib: float | None = Field(
        None,
        ge=LEAST_GIB,
        title="Memory per worker (GiB)",
        description="A case that needs more is quarantined; empty: an equal share of the machine's memory.",
    )

    @abstractmethod
    def open(self) -> Workers:
        """Workers, started. Raises RadweaveError if they cannot be had."""

    def count(self) -> int:
        """Number of workers on this machine."""
        return self.workers or available_cores()

    def memory(self) -> int:
        """Bytes that one worker may use on this machine."""
        return int((self.memory_gib or 0.9 * machine_memory() / GIB / self.count()) * GIB)


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


RUNNERS: Registry[Runner] = Registry(Runner, "tasks.running.runners")
