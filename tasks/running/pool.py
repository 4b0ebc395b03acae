"""Pool: what steps use to have work done side by side. A runner chooses where; here is the order in which it is done."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Any, TypeVar

from pydantic import Field

from features.core.progress import tell
from features.core.quarantine import Rejected
from features.core.storage.beside import Later
from features.results.attempt import out_of_memory
from tasks.running.runner import Runner, WorkerLost, Workers
from tasks.running.runners.dask import Dask
from tasks.running.runners.processes import Processes
from tasks.running.runners.threads import Threads

Item = TypeVar("Item")
Result = TypeVar("Result")
AnyRunner = Annotated[Threads | Processes | Dask, Field(discriminator="kind")]
DEFAULT_RUNNER = Processes()
RETRIES = 2  # of an item whose worker was lost
BATCH_SECONDS = 1.0  # work that is handed over at once, so that small items do not drown in what that costs


@dataclass(frozen=True, slots=True)
class _Batch:
    """Places of items that are done one after the other, and how often a worker was lost over them."""

    places: Sequence[int]
    losses: int = 0


class Pool:
    """Maps functions over items on the workers of a runner, which end with the `with` block."""

    def __init__(self, runner: Runner | None = None) -> None:
        self.runner = runner or DEFAULT_RUNNER
        self._workers: Workers | None = None

    def __enter__(self) -> "Pool":
        self._workers = self.runner.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def map(
        self,
        function: Callable[[Item], Result | Rejected | Later[Result]],
        items: Iterable[Item],
        what: str,
    ) -> list[Result | Rejected]:
        """Results in order, with progress told as `what`; Rejected in place of what an item's worker did not survive.

        Of a result that is `Later` the next items are begun before it is waited for.
        Codes: WORKER_LOST (after two retries), TIMEOUT, OOM_RISK (its memory would not or did not suffice). The first
        items are handed over alone, later ones in batches that take about a second. Function, items and results are
        pickled: let results be small. Errors of the function are raised; what has not begun is then left out.
        """
        todo = list(items)
        self._opened().expect(len(todo))
        return _Run(self._opened(), _one_by_one, function, todo, what).results()

    def warm(self, function: Callable[[], None]) -> None:
        """Have the workers start and call a function, such as one that loads libraries, while this process goes on."""
        workers = self._opened()
        workers.expect(workers.size())
        for _ in range(workers.size()):
            workers.submit(_called, function)

    def map_batches(
        self,
        function: Callable[[Sequence[Item]], Sequence[Result | Rejected]],
        items: Iterable[Item],
        what: str,
        size: int,
    ) -> list[Result | Rejected]:
        """As `map`, for a function that takes up to `size` items at once, feeds them to a device and gives their results.

        It runs on workers that offer a GPU, each of which gets some of the items; where the runner knows of none, in this
        process, one batch at a time. A batch that fails is repeated item by item.
        """
        return _Run(self._opened(), _together, function, list(items), what, size).results()

    def feeds_devices_here(self) -> bool:
        """Whether `map_batches` runs in this process: no worker is known to offer a GPU."""
        return self._opened().devices() == 0

    def _opened(self) -> Workers:
        if self._workers is None:
            raise RuntimeError("a Pool is used inside its with block")
        return self._workers


class _Run:
    """One map. batch: the size of batches for a device; 0: they are sized by what items have cost so far."""

    def __init__(
        self, workers: Workers, call: Callable[..., Any], function: Any, items: list[Any], what: str, batch: int = 0
    ) -> None:
        self._workers, self._call, self._function = workers, call, function
        self._items, self._what, self._batch = items, what, batch
        devices = workers.devices() if batch else 0
        self._here = batch > 0 and devices == 0
        if devices:  # each gets some
            self._batch = min(batch, -(-len(items) // devices))
        self._found: list[Any] = [None] * len(items)
        self._next, self._done, self._seconds, self._measured = 0, 0, 0.0, 0
        self._again: deque[_Batch] = deque()

    def results(self) -> list[Any]:
        under_way: dict[Future[Any], _Batch] = {}
        tell(self._what, 0, len(self._items))
        try:
            while self._done < len(self._items):
                while len(under_way) < self._room() and (batch := self._draw()):
                    under_way[self._submit(batch)] = batch
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    self._take(future, under_way.pop(future))
        finally:
            for future in under_way:
                future.cancel()
        return self._found

    def _room(self) -> int:
        """Batches that are handed over at a time: one is done, the next waits beside it; the others stay here."""
        if self._here:
            return 1
        return 2 * max(1, self._workers.devices() if self._batch else self._workers.size())

    def _draw(self) -> _Batch | None:
        if self._again:
            return self._again.popleft()
        first, left = self._next, len(self._items) - self._next
        if not left:
            return None
        if self._batch:
            count = self._batch
        elif not self._measured:
            count = 1
        else:
            count = int(BATCH_SECONDS * self._measured / max(self._seconds, 1e-6))
            count = max(1, min(count, left // (4 * self._workers.size())))
        self._next += min(count, left)
        return _Batch(range(first, self._next))

    def _submit(self, batch: _Batch) -> "Future[Any]":
        argument = self._function, [self._items[place] for place in batch.places]
        if not self._here:
            return (self._workers.submit_to_device if self._batch else self._workers.submit)(self._call, argument)
        future: Future[Any] = Future()
        try:
            future.set_result(self._call(argument))
        except Exception as error:
            future.set_exception(error)
        return future

    def _take(self, future: "Future[Any]", batch: _Batch) -> None:
        lost = 0
        try:
            seconds, found = future.result() if self._here else self._workers.result(future)
        except WorkerLost as error:
            lost, why = error.times, Rejected("WORKER_LOST")
        except TimeoutError:
            why = Rejected("TIMEOUT")
        except MemoryError as error:
            why = out_of_memory(error)
        else:
            self._seconds, self._measured = self._seconds + seconds, self._measured + len(found)
            for place, result in zip(batch.places, found, strict=True):
                self._keep(place, result)
            return
        losses = batch.losses + lost
        if len(batch.places) > 1 or (lost and losses <= RETRIES):  # item by item, so that only the guilty one is lost
            self._again.extend(_Batch([place], losses) for place in batch.places)
        else:
            self._keep(batch.places[0], why)

    def _keep(self, place: int, result: object) -> None:
        self._found[place] = result
        self._done += 1
        tell(self._what, self._done, len(self._items))


def _called(function: Callable[[], None]) -> None:
    function()


def _one_by_one(argument: tuple[Callable[[Any], Any], list[Any]]) -> tuple[float, list[Any]]:
    """Seconds, and the result of each item."""
    function, items = argument
    start = time.perf_counter()
    found = [function(item) for item in items]
    found = [one.result() if isinstance(one, Later) else one for one in found]
    return time.perf_counter() - start, found


def _together(argument: tuple[Callable[[Any], Any], list[Any]]) -> tuple[float, list[Any]]:
    """Seconds, and the result of each item, of a function that takes them all."""
    function, items = argument
    start = time.perf_counter()
    found = list(function(items))
    return time.perf_counter() - start, found
