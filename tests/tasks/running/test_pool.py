"""Pool: order, faults of single items, and how much is handed over at a time, whatever the runner."""

import os
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from features.core.errors import RadweaveError
from features.core.progress import watched_by
from features.core.quarantine import Rejected
from tasks.running.pool import AnyRunner, Pool
from tasks.running.runner import Runner, WorkerLost, Workers
from tasks.running.runners.dask import Dask
from tasks.running.runners.processes import Processes
from tasks.running.runners.threads import Threads
from tests.tasks.deeds import (
    claim_memory_at_three,
    die_over_three,
    fail,
    fill_memory_at_three,
    hang_at_three,
    leave_parent_id,
    square,
)

EVERY = [Threads(workers=2), Processes(workers=2, memory_gib=1), Dask(workers=2, memory_gib=1)]
KILLING = [Processes(workers=2, memory_gib=1), Dask(workers=2, memory_gib=1)]


def kinds(runners: list[Any]) -> Any:
    return pytest.mark.parametrize("runner", runners, ids=lambda runner: runner.kind)


def codes(found: list[Any]) -> list[Any]:
    return [one.code if isinstance(one, Rejected) else one for one in found]


@kinds(EVERY)
def test_results_come_in_order_and_progress_is_told(runner: AnyRunner) -> None:
    told: list[tuple[str, int, int]] = []
    with watched_by(lambda *one: told.append(one)), Pool(runner) as pool:
        assert pool.map(square, iter(range(100)), "squares") == [number**2 for number in range(100)]
        assert pool.map(square, [], "nothing") == []
    assert told[:101] == [("squares", done, 100) for done in range(101)]


@pytest.mark.slow
@kinds(EVERY)
def test_an_error_of_the_function_is_raised(runner: AnyRunner) -> None:
    with Pool(runner) as pool, pytest.raises(RadweaveError, match="the disk is full at"):
        pool.map(fail, range(20), "fail")


@pytest.mark.slow
@kinds(KILLING)
def test_an_item_that_kills_its_worker_is_tried_three_times_and_lost_alone(runner: AnyRunner, tmp_path: Path) -> None:
    with Pool(runner) as pool:
        found = pool.map(partial(die_over_three, folder=tmp_path), range(8), "die")
        assert codes(found) == [0, 1, 2, "WORKER_LOST", 4, 5, 6, 7]
        assert sorted(path.name for path in tmp_path.glob("3-*")) == ["3-0", "3-1", "3-2"]
        assert pool.map(square, range(3), "after") == [0, 1, 4]


@pytest.mark.slow
@kinds(KILLING)
def test_an_item_whose_worker_was_lost_twice_is_computed_after_all(runner: AnyRunner, tmp_path: Path) -> None:
    with Pool(runner) as pool:
        assert pool.map(partial(die_over_three, folder=tmp_path, times=2), range(6), "die") == list(range(6))


@pytest.mark.slow
@kinds(KILLING)
def test_an_item_that_hangs_is_ended_and_its_process_with_it(runner: AnyRunner, tmp_path: Path) -> None:
    with Pool(runner.model_copy(update={"timeout_s": 20})) as pool:  # a child's first item waits for its imports, too
        found = pool.map(partial(hang_at_three, folder=tmp_path), range(8), "hang")
        assert codes(found) == [0, 1, 2, "TIMEOUT", 4, 5, 6, 7]
        hanging = [int(path.name) for path in tmp_path.iterdir()]
        assert hanging and not any(is_alive(pid) for pid in hanging)


@kinds(KILLING)
def test_an_item_that_allocates_too_much_is_rejected_alone(runner: AnyRunner) -> None:
    with Pool(runner) as pool:
        found = pool.map(fill_memory_at_three, range(8), "fill")
    assert codes(found) == [0, 1, 2, "OOM_RISK", 4, 5, 6, 7]


@kinds(EVERY)
def test_an_item_that_claims_too_much_is_rejected_with_the_figures(runner: AnyRunner) -> None:
    with Pool(runner.model_copy(update={"memory_gib": 1.5})) as pool:
        found = pool.map(claim_memory_at_three, range(8), "claim")
    assert codes(found) == [0, 1, 2, "OOM_RISK", 4, 5, 6, 7]
    assert isinstance(found[3], Rejected)
    assert found[3].details == {"needed_gib": 1024.0, "limit_gib": 1.5}


@kinds(EVERY)
def test_without_a_gpu_batches_run_here(runner: AnyRunner, tmp_path: Path) -> None:
    with Pool(runner) as pool:
        pool.map_batches(partial(leave_parent_id, folder=tmp_path), range(7), "batches", 3)
    parts = [path.name.split("-") for path in tmp_path.iterdir()]
    assert {parent for _, parent, _ in parts} == {str(os.getppid())}
    assert sorted(int(size) for _, _, size in parts) == [1, 3, 3, 3, 3, 3, 3]


def test_a_pool_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="inside its with block"):
        Pool().map(square, [1], "squares")


class Still(Workers):
    """Works when asked for the result, says that each item took `cost` seconds, and is lost over batches with a 13."""

    def __init__(self, cost: float) -> None:
        self.cost = cost
        self.batches: list[list[int]] = []
        self.waiting = self.most = 0

    def size(self) -> int:
        return 2

    def submit(self, call: Callable[[Any], Any], argument: Any) -> "Future[Any]":
        self.batches.append(argument[1])
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        future: Future[Any] = Future()
        future.set_result((call, argument))
        return future

    def result(self, future: "Future[Any]") -> Any:
        self.waiting -= 1
        call, (function, items) = future.result()
        if 13 in items:
            raise WorkerLost
        return self.cost * len(items), call((function, items))[1]

    def close(self) -> None:
        pass


class Fake(Runner):
    kind: str = "fake"

    def open(self) -> Workers:
        raise NotImplementedError


def run(workers: Still, count: int) -> list[Any]:
    pool = Pool(Fake())
    pool._workers = workers
    return pool.map(square, range(count), "squares")


def test_few_batches_are_handed_over_at_a_time() -> None:
    workers = Still(0.001)
    assert run(workers, 13) == [number**2 for number in range(13)]
    run(workers, 10)
    assert workers.most == 4


def test_small_items_go_in_batches_of_about_a_second() -> None:
    workers = Still(0.01)
    run(workers, 13)
    workers.batches.clear()
    found = run(workers, 2000)
    sizes = [len(batch) for batch in workers.batches]
    assert sizes[:4] == [1, 1, 1, 1]
    assert max(sizes) == 100
    assert sizes[-1] < 10
    assert len(found) == 2000


def test_large_items_go_alone() -> None:
    workers = Still(5)
    run(workers, 13)
    assert {len(batch) for batch in workers.batches} == {1}


def test_a_lost_batch_is_repeated_item_by_item() -> None:
    workers = Still(0.01)
    found = run(workers, 200)
    lost = next(batch for batch in workers.batches if 13 in batch)
    assert len(lost) > 1
    assert codes(found) == [number**2 if number != 13 else "WORKER_LOST" for number in range(200)]
    assert workers.batches.count([13]) == 2
    assert all(workers.batches.count([number]) == 1 for number in lost if number != 13)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
