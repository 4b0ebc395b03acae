"""Children: their threads, their parent's death, and their own while they have nothing to do."""

import multiprocessing
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tasks.running.pool import Pool
from tasks.running.runners.processes import Processes
from tests.tasks.deeds import fail_with_what_does_not_pickle, leave_traces, process_ids, square, threads_of_libraries
from tests.tasks.running.runners.conftest import ROOT, of_two_children, wait_until
from tests.tasks.running.test_pool import is_alive


@pytest.mark.slow
def test_libraries_of_children_have_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("OMP", "OPENBLAS", "MKL"):
        monkeypatch.setenv(f"{library}_NUM_THREADS", "2")  # as the parent may have
    with Pool(Processes(workers=1)) as pool:
        assert pool.map(threads_of_libraries, [0], "threads") == [{1}]


@pytest.mark.slow
def test_a_single_worker_is_a_child_too_and_the_same_one_throughout() -> None:
    with Pool(Processes(workers=1)) as pool:
        found = pool.map(process_ids, range(4), "processes") + pool.map(process_ids, range(2), "processes")
    assert {parent for _, parent in found} == {os.getpid()}
    assert len({child for child, _ in found}) == 1


@pytest.mark.slow
def test_no_more_children_start_than_there_are_items() -> None:
    before = set(multiprocessing.active_children())
    with Pool(Processes(workers=2)) as pool:
        assert pool.map(square, [], "none") == []
        pool.map(process_ids, [0], "one")
        assert len(set(multiprocessing.active_children()) - before) == 1
        pool.map(process_ids, range(40), "many")
        assert len(set(multiprocessing.active_children()) - before) == 2


@pytest.mark.slow
def test_workers_can_be_started_before_they_are_needed(tmp_path: Path) -> None:
    with Pool(Processes(workers=2)) as pool:
        pool.warm(partial(leave_traces, 0, folder=tmp_path))
        wait_until(lambda: len(list(tmp_path.iterdir())) > 0)
        children = {child.pid for child in multiprocessing.active_children()}
        assert {child for child, _ in pool.map(process_ids, range(40), "processes")} <= children


@pytest.mark.slow
def test_children_end_with_the_pool() -> None:
    with Pool(Processes(workers=2)) as pool:
        children = {child for child, _ in of_two_children(pool)}
    assert len(children) == 2
    assert not any(is_alive(child) for child in children)


@pytest.mark.slow
def test_a_child_that_is_killed_while_it_waits_costs_nothing() -> None:
    with Pool(Processes(workers=2)) as pool:
        children = {child for child, _ in of_two_children(pool)}
        os.kill(min(children), signal.SIGKILL)
        wait_until(lambda: not is_alive(min(children)))
        assert pool.map(square, range(5), "squares") == [0, 1, 4, 9, 16]
    assert not any(is_alive(child) for child in children)


def test_an_error_that_cannot_be_pickled_is_raised_as_text() -> None:
    with Pool(Processes(workers=1)) as pool, pytest.raises(RuntimeError, match="Stubborn: 1 and 2"):
        pool.map(fail_with_what_does_not_pickle, [0], "fail")


PARENT = """
from functools import partial
from pathlib import Path
from tasks.running.pool import Pool
from tasks.running.runners.processes import Processes
from tests.tasks.deeds import leave_traces
if __name__ == "__main__":
    with Pool(Processes(workers=2)) as pool:
        pool.map(partial(leave_traces, folder=Path({folder!r})), range(10000), "traces")
"""


@pytest.mark.slow
def test_children_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    script, folder = tmp_path / "parent.py", tmp_path / "traces"
    folder.mkdir()
    script.write_text(PARENT.format(folder=str(folder)))
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen([sys.executable, script], env=settings)
    wait_until(lambda: len(list(folder.iterdir())) == 2)
    children = [int(path.name) for path in folder.iterdir()]
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(is_alive(child) for child in children))
